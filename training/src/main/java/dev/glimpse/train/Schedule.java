package dev.glimpse.train;

import dev.glimpse.attention.Args;
import dev.glimpse.nn.Checks;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How the learning rate goes, after it has risen linearly over the warm-up. With p from 0 at the warm-up's end to 1 at the
 * training's, the share of the largest rate is
 *
 * <pre>
 * constant      1
 * cosine        end + (1 - end) (1 + cos(pi p)) / 2
 * poly          end + (1 - end) (1 - p)^power
 * step          factor^(whole epochs since the warm-up / every)
 * one-cycle     along half a cosine from start to 1 while p is below rise, then along another down to end
 * plateau       factor^(how often the test did not get better for more than patience epochs)
 * inverse-sqrt  sqrt(steps of the warm-up / steps since the beginning)
 * </pre>
 *
 * Cosine: Loshchilov, Hutter, "SGDR", ICLR 2017, https://arxiv.org/abs/1608.03983; one-cycle: Smith, Topin,
 * "Super-Convergence", 2018, https://arxiv.org/abs/1708.07120; inverse-sqrt: Vaswani et al., "Attention Is All You Need",
 * NeurIPS 2017, https://arxiv.org/abs/1706.03762; warm-up: Goyal et al., "Accurate, Large Minibatch SGD", 2017,
 * https://arxiv.org/abs/1706.02677
 *
 * @param warmup epochs until the learning rate is at its largest
 */
public record Schedule(Kind kind, double warmup, double end, double power, double every, double factor, double start,
        double rise, int patience) {
    /** The course after the warm-up. */
    public enum Kind {
        /** It stays. */
        CONSTANT,
        /** It falls along half a cosine. */
        COSINE,
        /** It falls in steps. */
        STEP,
        /** It falls along a power of what is left. */
        POLY,
        /** It rises and falls along two halves of cosines. */
        ONE_CYCLE,
        /** It falls when the test gets no better. */
        PLATEAU,
        /** It falls as the root of the steps grows, from where the warm-up has brought it. */
        INVERSE_SQRT;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    public Schedule {
        if (!(warmup >= 0)) {
            throw new IllegalArgumentException("the warm-up is " + warmup + " epochs, must be at least 0");
        }
        share(kind, "end", end, true);
        share(kind, "start", start, true);
        share(kind, "factor", factor, false);
        share(kind, "rise", rise, false);
        Checks.above(kind + ": power", power, 0);
        Checks.above(kind + ": every", every, 0);
        if (patience < 0) {
            throw new IllegalArgumentException(kind + ": patience is " + patience + ", must be at least 0");
        }
    }

    private static void share(Kind kind, String name, double value, boolean zero) {
        if (!(value < 1 && (value > 0 || zero && value == 0))) {
            throw new IllegalArgumentException(
                    kind + ": " + name + " is " + value + ", must be " + (zero ? "at least" : "above")
                            + " 0 and below 1");
        }
    }

    /** A course with its usual numbers. */
    public static Schedule of(Kind kind, double warmup) {
        return read(kind, new Args(kind.toString(), Map.of()), warmup);
    }

    /**
     * Reads {@code cosine}, {@code cosine:end=0.01}, {@code step:every=30,factor=0.1}, {@code poly:power=0.9},
     * {@code one-cycle:rise=0.3}, {@code plateau:patience=5}, {@code inverse-sqrt}.
     *
     * @throws IllegalArgumentException in one line, naming what is known
     */
    public static Schedule parse(String text, double warmup) {
        Args args = Args.parse(text);
        for (Kind kind : Kind.values()) {
            if (kind.toString().equalsIgnoreCase(args.owner())) {
                return read(kind, args, warmup);
            }
        }
        throw new IllegalArgumentException("--schedule: '" + args.owner() + "' is none; known: "
                + String.join(", ", List.of(Kind.values()).stream().map(Kind::toString).toList()));
    }

    private static Schedule read(Kind kind, Args args, double warmup) {
        boolean falls = kind == Kind.COSINE || kind == Kind.POLY;
        boolean drops = kind == Kind.STEP || kind == Kind.PLATEAU;
        boolean cycle = kind == Kind.ONE_CYCLE;
        Schedule schedule = new Schedule(kind, warmup,
                falls ? args.number("end", 0) : cycle ? args.number("end", 4e-6) : 0,
                kind == Kind.POLY ? args.number("power", 0.9) : 1,
                kind == Kind.STEP ? args.number("every", 30) : 1,
                drops ? args.number("factor", 0.1) : 0.1,
                cycle ? args.number("start", 0.04) : 0,
                cycle ? args.number("rise", 0.3) : 0.3,
                kind == Kind.PLATEAU ? Math.toIntExact(args.integer("patience", 5)) : 0);
        args.requireAllRead();
        return schedule;
    }

    /**
     * The share of the largest learning rate that a step takes.
     *
     * @param step the first of all being 0
     * @param scores what the test measured after each epoch so far, the higher the better
     */
    public double shareAt(long step, long stepsAnEpoch, int epochs, List<Double> scores) {
        double rising = warmup * stepsAnEpoch;
        if (step < rising) {
            return (step + 1) / (rising + 1);
        }
        double p = (step - rising) / ((double) epochs * stepsAnEpoch - rising);
        return switch (kind) {
            case CONSTANT -> 1;
            case COSINE -> between(end, 1, cosine(p));
            case POLY -> between(end, 1, Math.pow(1 - p, power));
            case STEP -> Math.pow(factor, Math.floor((step - rising) / stepsAnEpoch / every));
            case ONE_CYCLE -> p < rise ? between(1, start, cosine(p / rise))
                    : between(end, 1, cosine((p - rise) / (1 - rise)));
            case PLATEAU -> Math.pow(factor, drops(scores));
            case INVERSE_SQRT -> Math.sqrt((rising + 1) / (step + 1));
        };
    }

    /** From 1 to 0. */
    private static double cosine(double p) {
        return 0.5 * (1 + Math.cos(Math.PI * p));
    }

    private static double between(double from, double to, double share) {
        return from + (to - from) * share;
    }

    private int drops(List<Double> scores) {
        double best = Double.NEGATIVE_INFINITY;
        int waited = 0;
        int drops = 0;
        for (double score : scores) {
            waited = score > best ? 0 : waited + 1;
            best = Math.max(best, score);
            if (waited > patience) {
                drops++;
                waited = 0;
            }
        }
        return drops;
    }
}
