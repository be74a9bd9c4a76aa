package dev.glimpse.train;

/**
 * What an epoch measured.
 *
 * @param epoch from 1
 * @param trainLoss mean cross entropy over the training images as they were seen, augmented
 * @param trainAccuracy in 0 to 1, likewise
 * @param testLoss mean cross entropy after the epoch
 * @param testAccuracy in 0 to 1
 * @param learningRate of the epoch's last step
 * @param seconds the epoch took, testing included
 * @param imagesPerSecond training images a second, testing not included
 * @param waitSeconds time for which the network waited for images
 */
public record EpochMetrics(int epoch, double trainLoss, double trainAccuracy, double testLoss, double testAccuracy,
        double learningRate, double seconds, double imagesPerSecond, double waitSeconds) {}
