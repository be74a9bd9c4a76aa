package dev.glimpse.train;

import dev.glimpse.nn.Checks;

/**
 * How a network is trained.
 *
 * @param epochs passes over the training images
 * @param batch images a step
 * @param optimizer the update rule
 * @param learningRate its largest value
 * @param schedule how it goes from there
 * @param momentum for SGD
 * @param weightDecay share of each weight taken off a step, times the learning rate (Adam: added to the gradient); biases
 *        and the parameters of norms are spared
 * @param warmup epochs until the learning rate is at its largest; less than {@code epochs}
 * @param seed of initial weights, order and augmentation, for whoever makes the network and the loaders
 * @param workers threads that decode and augment, likewise
 */
public record Recipe(int epochs, int batch, Optimizer.Rule optimizer, double learningRate, Schedule schedule,
        double momentum,
        double weightDecay, double warmup, long seed, int workers) {
    /** How the learning rate goes, after it has risen linearly over the warm-up. */
    public enum Schedule {
        /** It stays. */
        CONSTANT,
        /** It falls along half a cosine to zero. */
        COSINE
    }

    public Recipe {
        Checks.positive("epochs", epochs);
        Checks.positive("batch", batch);
        Checks.positive("workers", workers);
        if (!(learningRate > 0 && learningRate < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the learning rate is " + learningRate + ", must be above 0");
        }
        Checks.probability("momentum", momentum);
        if (!(weightDecay >= 0 && weightDecay < 1)) {
            throw new IllegalArgumentException(
                    "the weight decay is " + weightDecay + ", must be at least 0 and below 1");
        }
        if (!(warmup >= 0 && warmup < epochs)) {
            throw new IllegalArgumentException(
                    "the warm-up is " + warmup + " epochs, must be at least 0 and below the " + epochs + " epochs");
        }
    }

    /** The same with another seed. */
    public Recipe withSeed(long other) {
        return new Recipe(epochs, batch, optimizer, learningRate, schedule, momentum, weightDecay, warmup, other,
                workers);
    }

    /** The learning rate of a step, the first of all being 0. */
    public double learningRateAt(long step, long stepsAnEpoch) {
        double total = (double) epochs * stepsAnEpoch;
        double rising = warmup * stepsAnEpoch;
        if (step < rising) {
            return learningRate * (step + 1) / (rising + 1);
        }
        if (schedule == Schedule.CONSTANT) {
            return learningRate;
        }
        return learningRate * 0.5 * (1 + Math.cos(Math.PI * (step - rising) / (total - rising)));
    }
}
