package dev.glimpse.system.racnn;

import dev.glimpse.attention.Args;
import dev.glimpse.glimpses.RaCnn;
import dev.glimpse.glimpses.RaCnn.Learner;
import dev.glimpse.train.RunConfig;
import java.util.List;

/**
 * What a user may say of the model and of how it learns.
 *
 * @param margin by which a scale is to be surer of the truth than the one before it
 * @param logits whether that is measured in raw scores, as some code has it, and not in probabilities
 * @param anchor weight of what the proposal networks are pre-trained for, in the steps in which they learn by the ranking
 * @param pretrain epochs at the beginning in which the proposal networks learn to look at the highest response
 * @param alternate how many steps the classifiers learn after that, and then the proposal networks, and so on
 */
record RaCnnOptions(RaCnn.Config network, double margin, boolean logits, double anchor, double pretrain,
        List<Long> alternate) {
    RaCnnOptions {
        alternate = List.copyOf(alternate);
        if (!(margin >= 0)) {
            throw new IllegalArgumentException("racnn: margin is " + margin + ", must be at least 0");
        }
        if (!(anchor >= 0)) {
            throw new IllegalArgumentException("racnn: anchor is " + anchor + ", must be at least 0");
        }
        if (!(pretrain >= 0)) {
            throw new IllegalArgumentException("racnn: pretrain is " + pretrain + " epochs, must be at least 0");
        }
        if (alternate.size() != 2 || alternate.stream().anyMatch(steps -> steps < 0)
                || alternate.stream().mapToLong(Long::longValue).sum() < 1) {
            throw new IllegalArgumentException("racnn: alternate is " + alternate
                    + "; expected steps of the classifiers and of the proposal networks, as 1+1");
        }
    }

    /** @throws IllegalArgumentException in one line where an argument is wrong or unknown */
    static RaCnnOptions read(Args args, int classes, int size) {
        RaCnn.Config network = RaCnn.Config.read(args, classes, size);
        args.integer(RaCnnData.SIZE, size);
        args.flag(RaCnnData.CROPPED, false);
        String ranking = args.text("ranking", "probabilities");
        if (!List.of("probabilities", "logits").contains(ranking)) {
            throw new IllegalArgumentException(
                    "racnn: ranking is '" + ranking + "'; known: probabilities, logits");
        }
        RaCnnOptions options = new RaCnnOptions(network, args.number("margin", 0.05), ranking.equals("logits"),
                args.number("anchor", 5000), args.number("pretrain", 3), args.integers("alternate", List.of(1L, 1L)));
        args.requireAllRead();
        return options;
    }

    static RaCnnOptions of(RunConfig config) {
        return read(new Args(config.model(), config.args()), config.classes().size(), config.size());
    }

    /** @param step from 0 */
    Learner learner(long step, long stepsAnEpoch) {
        double first = pretrain * stepsAnEpoch;
        if (step < first) {
            return Learner.EACH;
        }
        long turn = (step - (long) Math.ceil(first)) % (alternate.getFirst() + alternate.getLast());
        return turn < alternate.getFirst() ? Learner.CLASSIFIERS : Learner.ATTENTION;
    }
}
