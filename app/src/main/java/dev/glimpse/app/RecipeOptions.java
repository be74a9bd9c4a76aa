package dev.glimpse.app;

import dev.glimpse.train.Mode;
import dev.glimpse.train.OptimizerSettings;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.Regularisation;
import dev.glimpse.train.Schedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** How a network is trained, as it is typed. */
final class RecipeOptions {
    /** A precision, or whichever is faster. */
    enum PrecisionChoice {
        /** What was measured to be faster. */
        AUTO,
        /** float32. */
        FP32,
        /** bfloat16 where it is safe. */
        BF16
    }

    /** A layout, or whichever is faster. */
    enum LayoutChoice {
        /** What was measured to be faster. */
        AUTO,
        /** Contiguous. */
        NCHW,
        /** Channels-last. */
        NHWC
    }

    @Option(names = "--epochs", defaultValue = "10", description = "Passes over the training images.")
    private int epochs;

    @Option(names = "--batch", defaultValue = "64", description = "Images at a time.")
    private int batch;

    @Option(names = "--accumulate", defaultValue = "1", paramLabel = "N",
            description = "Batches whose gradients make a step.")
    private int accumulate;

    @Option(names = "--optimizer", defaultValue = "adamw", paramLabel = "RULE[:KEY=VALUE,...]",
            description = "sgd, adam, adamw, rmsprop or lion, as in sgd:momentum=0.95,nesterov=true.")
    private String optimizer;

    @Option(names = "--lr", description = "Largest learning rate (default: 0.05 for sgd, 0.0001 for lion, else 0.001).")
    private Double learningRate;

    @Option(names = "--schedule", defaultValue = "cosine", paramLabel = "COURSE[:KEY=VALUE,...]",
            description = "How it goes after the warm-up: constant, cosine:end=0, step:every=30,factor=0.1, "
                    + "poly:power=0.9,end=0, one-cycle:start=0.04,rise=0.3,end=4e-6, plateau:patience=5,factor=0.1, inverse-sqrt.")
    private String schedule;

    @Option(names = "--warmup",
            description = "Epochs until the learning rate is at its largest (default: 0.5, or half of "
                    + "a single epoch; none with one-cycle).")
    private Double warmup;

    @Option(names = "--weight-decay", defaultValue = "0.0005", description = "Of weights; norms and biases are spared.")
    private double weightDecay;

    @Option(names = "--label-smoothing", defaultValue = "0", description = "Share of the target for all classes alike.")
    private double labelSmoothing;

    @Option(names = "--class-weights", paramLabel = "balanced|W,W,...",
            description = "What each class counts in the loss, in the order of their names; balanced: the rarer, the more.")
    private String classWeights;

    @Option(names = "--clip-norm", defaultValue = "0", description = "Largest norm of all gradients; 0 for any.")
    private double clipNorm;

    @Option(names = "--clip-adaptive", defaultValue = "0", paramLabel = "SHARE",
            description = "Largest norm of a unit's gradient as a share of its weights', as 0.01; 0 for any.")
    private double clipAdaptive;

    @Option(names = "--ema", defaultValue = "0", paramLabel = "DECAY",
            description = "Test and keep a moving average of the "
                    + "weights, as 0.999; 0 for none.")
    private double ema;

    @Option(names = "--freeze", split = ",", paramLabel = "PATTERN",
            description = "Parameters that stay, by name, as layer1.* or conv1,bn1,layer?; norms in them stay in eval mode.")
    private List<String> frozen = new ArrayList<>();

    @Option(names = "--patience", defaultValue = "0", paramLabel = "EPOCHS",
            description = "End when the test has not got better for so many epochs; 0 to train them all.")
    private int patience;

    @Option(names = "--precision", defaultValue = "auto", description = "fp32, bf16 (mixed), or auto: the faster with "
            + "--layout, measured once on this machine.")
    private PrecisionChoice precision;

    @Option(names = "--layout", defaultValue = "auto", description = "nchw, nhwc (channels-last), or auto, likewise.")
    private LayoutChoice layout;

    @Option(names = "--seed", defaultValue = "0", description = "Of initial weights, order and augmentation.")
    private long seed;

    @Option(names = "--workers", defaultValue = "2", description = "Threads that decode and augment images.")
    private int workers;

    /** The modes that may be taken, the simplest first. */
    List<Mode> modes() {
        List<Mode> modes = new ArrayList<>();
        for (Mode.Precision p : Mode.Precision.values()) {
            for (Mode.Layout l : Mode.Layout.values()) {
                if ((precision == PrecisionChoice.AUTO || precision.name().equals(p.name()))
                        && (layout == LayoutChoice.AUTO || layout.name().equals(l.name()))) {
                    modes.add(new Mode(p, l));
                }
            }
        }
        return modes;
    }

    /**
     * The recipe.
     *
     * @param counts images of each class
     */
    Recipe recipe(Mode mode, Supplier<long[]> counts) {
        double rising = warmup != null ? warmup
                : schedule.startsWith(Schedule.Kind.ONE_CYCLE.toString()) ? 0 : Math.min(0.5, epochs / 2.0);
        return new Recipe(epochs, batch, accumulate, OptimizerSettings.parse(optimizer, learningRate, weightDecay),
                Schedule.parse(schedule, rising),
                new Regularisation(labelSmoothing, weights(counts), clipNorm, clipAdaptive, ema), frozen, mode,
                patience,
                seed, workers);
    }

    private List<Double> weights(Supplier<long[]> counts) {
        if (classWeights == null) {
            return List.of();
        }
        long[] images = counts.get();
        if (classWeights.equalsIgnoreCase("balanced")) {
            double all = Arrays.stream(images).sum();
            return Arrays.stream(images).mapToObj(count -> all / (images.length * Math.max(1.0, count))).toList();
        }
        String[] words = classWeights.split(",", -1);
        if (images.length > 0 && words.length != images.length) {
            throw new IllegalArgumentException("--class-weights has " + words.length + " numbers for " + images.length
                    + " classes");
        }
        try {
            return Arrays.stream(words).map(Double::valueOf).toList();
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("--class-weights is '" + classWeights + "', not balanced or numbers", e);
        }
    }

    /** Another number of images at a time than the usual one. */
    void batch(int images) {
        batch = images;
    }

    /** Lets a usual warm-up, which nobody typed, take no more than half of the training. */
    void boundWarmup() {
        warmup = warmup == null ? null : Math.min(warmup, epochs / 2.0);
    }

    int batch() {
        return batch;
    }

    long seed() {
        return seed;
    }
}
