package dev.glimpse.system.caption;

import dev.glimpse.attention.Args;
import dev.glimpse.nn.Checks;
import dev.glimpse.sequence.CaptionDecoder;
import dev.glimpse.sequence.Vocabulary;
import dev.glimpse.train.RunConfig;
import java.util.List;
import java.util.Map;

/**
 * What the model of a captioning run is, and how it learns.
 *
 * @param kind of attention
 * @param encoder {@code small}, or the name of a network
 * @param stage of the network whose maps the decoder looks at, from 1
 * @param penalty of soft attention: alpha_c of the paper, how much each place is to be looked at once in all; 0 with the
 *        small encoder, for most places of a made-up scene are empty
 * @param reinforce of hard attention: how much what was drawn teaches the weights
 * @param entropy of hard attention: how much the weights are kept from settling
 * @param mean of hard attention: the share of pictures of which the weighted mean is taken
 * @param draws of hard attention: how many places are drawn before a word, and compared by what it costs; with 1 a draw is
 *        judged by the whole caption
 * @param minCount how often a word must stand in the captions to be known
 */
record CaptionConfig(Kind kind, String encoder, int stage, double penalty, double reinforce, double entropy,
        double mean, int draws, long minCount) {
    /** The encoder of this package. */
    static final String SMALL = "small";
    /** What the vocabulary is of. */
    static final String WORDS = "captions";

    private static final int SMALL_FEATURES = 128;
    private static final double SMALL_DROPOUT = 0.1;

    /** How the decoder looks at a picture. */
    enum Kind {
        /** At all of it, weighted; learned by gradients. */
        SOFT,
        /** At one place, drawn by weight; learned by REINFORCE. */
        HARD
    }

    CaptionConfig {
        Checks.positive("caption: stage", stage);
        Checks.positive("caption: draws", draws);
        Checks.positive("caption: min_count", minCount);
        least("penalty", penalty);
        least("reinforce", reinforce);
        least("entropy", entropy);
        if (!(mean >= 0 && mean <= 1)) {
            throw new IllegalArgumentException("caption: mean is " + mean + ", must be 0 to 1");
        }
    }

    private static void least(String name, double value) {
        if (!(value >= 0)) {
            throw new IllegalArgumentException("caption: " + name + " is " + value + ", must be at least 0");
        }
    }

    /** Reads all but the decoder's sizes. */
    static CaptionConfig read(Args args) {
        String encoder = args.text("encoder", SMALL);
        int draws = Math.toIntExact(args.integer("draws", 4));
        return new CaptionConfig(Args.constant(args.owner(), "kind", Kind.class, args.text("kind", "soft")), encoder,
                Math.toIntExact(args.integer("stage", 4)), args.number("penalty", encoder.equals(SMALL) ? 0 : 1),
                args.number("reinforce", draws == 1 ? 0.1 : 1), args.number("entropy", 0.002),
                args.number("mean", 0.5), draws,
                args.integer("min_count", 5));
    }

    static CaptionConfig of(RunConfig run) {
        return read(args(run.args()));
    }

    /** @throws IllegalArgumentException in one line where an argument is wrong or unknown */
    static void check(Args typed) {
        Args args = args(typed.values());
        read(args).decoder(args, 1, Vocabulary.of(List.<List<String>>of().stream(), 1).size());
        args.requireAllRead();
    }

    private static Args args(Map<String, Object> values) {
        return new Args(CaptionSystem.NAME, values);
    }

    /** The decoder's sizes: the public code's for a network, smaller ones for the small encoder. */
    CaptionDecoder.Config decoder(RunConfig run, long channels) {
        return decoder(args(run.args()), channels, vocabulary(run).size());
    }

    private CaptionDecoder.Config decoder(Args args, long channels, long words) {
        CaptionDecoder.Config usual = CaptionDecoder.Config.usual(channels, words);
        return (encoder.equals(SMALL) ? usual.sized(SMALL_FEATURES, SMALL_DROPOUT) : usual).read(args);
    }

    static Vocabulary vocabulary(RunConfig run) {
        return new Vocabulary(run.words().getOrDefault(WORDS, List.of()));
    }
}
