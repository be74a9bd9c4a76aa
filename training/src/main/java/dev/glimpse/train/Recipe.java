package dev.glimpse.train;

import dev.glimpse.nn.Checks;
import java.util.List;

/**
 * How a network is trained.
 *
 * @param epochs passes over the training images
 * @param batch images a forward
 * @param accumulate forwards a step: their gradients are averaged
 * @param optimizer the update rule
 * @param schedule how the learning rate goes
 * @param regularisation what keeps it steady
 * @param frozen patterns of the names whose parameters stay: see {@link Freeze}
 * @param mode in which numbers it computes
 * @param patience epochs that the test may get no better before training ends early; 0 to train them all
 * @param seed of initial weights, order and augmentation, for whoever makes the network and the loaders
 * @param workers threads that decode and augment, likewise
 */
public record Recipe(int epochs, int batch, int accumulate, OptimizerSettings optimizer, Schedule schedule,
        Regularisation regularisation, List<String> frozen, Mode mode, int patience, long seed, int workers) {
    public Recipe {
        Checks.positive("epochs", epochs);
        Checks.positive("batch", batch);
        Checks.positive("accumulate", accumulate);
        Checks.positive("workers", workers);
        frozen = List.copyOf(frozen);
        if (!(schedule.warmup() < epochs)) {
            throw new IllegalArgumentException("the warm-up is " + schedule.warmup() + " epochs, must be below the "
                    + epochs + " epochs");
        }
        if (patience < 0) {
            throw new IllegalArgumentException("the patience is " + patience + ", must be at least 0");
        }
    }

    /** The plainest: nothing but an update rule and a schedule. */
    public static Recipe plain(int epochs, int batch, OptimizerSettings optimizer, Schedule schedule, long seed,
            int workers) {
        return new Recipe(epochs, batch, 1, optimizer, schedule, Regularisation.NONE, List.of(), Mode.PLAIN, 0, seed,
                workers);
    }

    /** The same with another seed. */
    public Recipe withSeed(long other) {
        return new Recipe(epochs, batch, accumulate, optimizer, schedule, regularisation, frozen, mode, patience, other,
                workers);
    }

    /** Steps an epoch of so many batches. */
    public long steps(long batches) {
        return Math.ceilDiv(batches, accumulate);
    }

    /**
     * The learning rate of a step, the first of all being 0.
     *
     * @param scores what the test measured after each epoch so far, the higher the better
     */
    public double learningRateAt(long step, long stepsAnEpoch, List<Double> scores) {
        return optimizer.learningRate() * schedule.shareAt(step, stepsAnEpoch, epochs, scores);
    }
}
