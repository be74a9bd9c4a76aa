package dev.glimpse.train.loss;

import dev.glimpse.attention.Args;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.BiFunction;

/**
 * The table of all losses, and their sums as text.
 *
 * <pre>
 * Loss loss = Losses.parse("0.5*focal:gamma=2+dice", Settings.DEFAULT);
 * </pre>
 */
public final class Losses {
    private static final Map<String, Entry> TABLE = new LinkedHashMap<>();

    /**
     * What all terms of a sum share.
     *
     * @param weights one a class (of yes or no: what a yes counts against a no, or nothing), or none
     * @param ignored the class of positions that do not count
     * @param multiLabel whether each class is a yes or no on its own
     * @param smoothing of ce and bce where they do not say it themselves
     */
    public record Settings(List<Double> weights, long ignored, boolean multiLabel, double smoothing) {
        /** The class that masks have where nobody knows, as in PyTorch. */
        public static final long IGNORED = -100;
        /** One class a position, all of one weight. */
        public static final Settings DEFAULT = new Settings(List.of(), IGNORED, false, 0);

        public Settings {
            weights = Targets.checked(weights);
        }

        public Settings(List<Double> weights, long ignored, boolean multiLabel) {
            this(weights, ignored, multiLabel, 0);
        }
    }

    /**
     * A row.
     *
     * @param name what users type
     * @param title the loss in a few words
     * @param factory builds it; reads every argument it knows
     */
    public record Entry(String name, String title, BiFunction<Args, Settings, Loss> factory) {}

    static {
        add("ce", "cross entropy", Losses::crossEntropy);
        add("bce", "cross entropy of a yes or no for each class", (a, s) -> new BinaryCrossEntropy(
                a.number("smoothing", s.smoothing), s.weights, s.ignored));
        add("focal", "cross entropy in which what is right counts little", Losses::focal);
        add("dice", "1 - Dice", (a, s) -> overlap(a, s, 0.5, 0.5, 0.5));
        add("jaccard", "1 - intersection over union", (a, s) -> overlap(a, s, 1, 1, 1));
        add("tversky", "1 - Tversky's index", (a, s) -> overlap(a, s, a.number("alpha", 0.3), a.number("beta", 0.7),
                1));
    }

    private Losses() {}

    /** The rows in their order, by name. */
    public static Map<String, Entry> table() {
        return Collections.unmodifiableMap(TABLE);
    }

    /**
     * Reads {@code name}, {@code name:key=value,...}, {@code factor*name} and sums of them.
     *
     * @throws IllegalArgumentException in one line for what is unknown or out of range
     */
    public static Loss parse(String text, Settings settings) {
        List<WeightedSum.Term> terms = new ArrayList<>();
        for (String part : text.split("\\+", -1)) {
            int times = part.indexOf('*');
            double factor = times < 0 ? 1 : factor(text, part.substring(0, times).strip());
            terms.add(new WeightedSum.Term(factor, single(text, part.substring(times + 1).strip(), settings)));
        }
        boolean plain = terms.size() == 1 && terms.getFirst().factor() == 1;
        return plain ? terms.getFirst().loss() : new WeightedSum(terms);
    }

    private static double factor(String text, String factor) {
        try {
            return Double.parseDouble(factor);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("the loss '" + text + "': '" + factor + "' is not a number", e);
        }
    }

    private static Loss single(String text, String term, Settings settings) {
        Args args = Args.parse(term);
        Entry entry = TABLE.get(args.owner());
        if (entry == null) {
            throw new IllegalArgumentException("the loss '" + text + "': none is called '" + args.owner() + "'; known: "
                    + String.join(", ", TABLE.keySet()) + ", and sums as in ce+0.5*dice:smooth=1");
        }
        Loss loss = entry.factory().apply(args, settings);
        args.requireAllRead();
        return loss;
    }

    private static Loss crossEntropy(Args args, Settings settings) {
        if (settings.multiLabel) {
            throw new IllegalArgumentException(
                    "the loss ce is for one class an image or pixel; several labels need bce");
        }
        return new CrossEntropy(args.number("smoothing", settings.smoothing), settings.weights, settings.ignored);
    }

    private static Loss focal(Args args, Settings settings) {
        boolean none = args.text("alpha", "none").equals("none");
        OptionalDouble alpha = none ? OptionalDouble.empty() : OptionalDouble.of(args.number("alpha", 0));
        return new Focal(args.number("gamma", 2), alpha,
                args.flag("sigmoid", settings.multiLabel), settings.weights, settings.ignored);
    }

    /** @param half what of the smoothing that users give stands above and below, as the loss's own formula writes it */
    private static Loss overlap(Args args, Settings settings, double falsePositives, double falseNegatives,
            double half) {
        return new Overlap(falsePositives, falseNegatives, half * args.number("smooth", 1), args.number("gamma", 1),
                args.flag("per_image", false), args.flag("background", true),
                args.flag("sigmoid", settings.multiLabel), settings.weights, settings.ignored);
    }

    private static void add(String name, String title, BiFunction<Args, Settings, Loss> factory) {
        TABLE.put(name, new Entry(name, title, factory));
    }
}
