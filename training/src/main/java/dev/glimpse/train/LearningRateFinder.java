package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.data.Batch;
import dev.glimpse.data.Batches;
import dev.glimpse.data.Mixing;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.PointerScope;

/**
 * Looks for a learning rate: trains with one that grows by the same factor each step, until the loss explodes, and suggests
 * the one at which the loss fell fastest.
 *
 * <p>
 * Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, https://arxiv.org/abs/1506.01186
 */
public final class LearningRateFinder {
    private static final double LEAST = 1e-7;
    private static final double LARGEST = 10;
    private static final double SMOOTHING = 0.95;
    private static final double EXPLODED = 4;
    private static final int LEAST_STEPS = 10;
    /** Steps before and after one over which its slope is taken. */
    private static final int REACH = 3;

    /** A step: its learning rate, its loss, and the mean of the losses so far, the late ones counting more. */
    public record Point(double learningRate, double loss, double smoothed) {}

    /**
     * What came out.
     *
     * @param suggestion the rate at which the smoothed loss fell fastest; none where it never fell
     */
    public record Finding(List<Point> points, double suggestion) {
        /** The curve as a CSV file. */
        public String csv() {
            StringBuilder csv = new StringBuilder("learning_rate,loss,smoothed_loss\n");
            points.forEach(p -> csv.append(
                    String.format(Locale.ROOT, "%.4e,%.6f,%.6f%n", p.learningRate, p.loss, p.smoothed)));
            return csv.toString();
        }
    }

    private LearningRateFinder() {}

    /**
     * Trains for up to so many steps; the network is then of no more use.
     *
     * @param steps at least 30
     * @throws ArithmeticException when the loss never fell
     */
    public static Finding find(Layer network, RunConfig config, Batches images, int steps, BooleanSupplier stop) {
        if (steps < 3 * LEAST_STEPS) {
            throw new IllegalArgumentException("--find-lr-steps is " + steps + ", must be at least " + 3 * LEAST_STEPS);
        }
        Recipe recipe = config.recipe();
        new Freeze(network, recipe.frozen()).train();
        recipe.mode().prepare(network);
        Step step = new Step(network, config.learned(), recipe);
        MixedBatch mixing = new MixedBatch(config);
        List<Point> points = new ArrayList<>();
        double mean = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int epoch = 1; points.size() < steps && !stop.getAsBoolean(); epoch++) {
            try (Batches.Pass batches = images.epoch(epoch, 0)) {
                while (points.size() < steps && batches.hasNext() && !stop.getAsBoolean()) {
                    double rate = LEAST * Math.pow(LARGEST / LEAST, points.size() / (steps - 1.0));
                    double loss = step(step, batches, mixing, epoch, rate);
                    mean = SMOOTHING * mean + (1 - SMOOTHING) * loss;
                    double smoothed = mean / (1 - Math.pow(SMOOTHING, points.size() + 1));
                    if (!Double.isFinite(loss) || points.size() > LEAST_STEPS && smoothed > EXPLODED * least) {
                        return new Finding(points, steepest(points));
                    }
                    least = Math.min(least, smoothed);
                    points.add(new Point(rate, loss, smoothed));
                }
            }
        }
        return new Finding(points, steepest(points));
    }

    private static double step(Step step, Batches.Pass batches, MixedBatch mixing, int epoch, double rate) {
        try (Batch batch = batches.next(); PointerScope _ = new PointerScope()) {
            step.begin();
            Mixing.Mixed mixed = mixing.of(batch, epoch, batches.position() - 1);
            double loss = step.run(mixed.images(), mixed.targets(), 1, null);
            if (Double.isFinite(loss)) {
                step.finish(rate);
            }
            return loss;
        }
    }

    private static double steepest(List<Point> points) {
        double fall = 0;
        double rate = Double.NaN;
        for (int i = LEAST_STEPS; i < points.size() - REACH; i++) { // the first mean few losses, and jump about
            double slope = points.get(i + REACH).smoothed - points.get(i - REACH).smoothed;
            if (slope < fall) {
                fall = slope;
                rate = points.get(i).learningRate;
            }
        }
        if (Double.isNaN(rate)) {
            throw new ArithmeticException("the loss never fell over " + points.size()
                    + " steps: no learning rate can be suggested; try more images, or another optimizer");
        }
        return rate;
    }
}
