package dev.glimpse.train;

import java.util.Map;

/**
 * What an epoch measured.
 *
 * @param epoch from 1
 * @param train the task's values over the training images as they were seen, augmented; the loss first
 * @param test the same after the epoch
 * @param learningRate of the epoch's last step
 * @param seconds the epoch took, testing included
 * @param imagesPerSecond training images a second, testing and checkpoints not included
 * @param waitSeconds time for which the network waited for images
 * @param stallShare the same as a share of the time in training steps, in 0 to 1
 * @param stepMilliseconds the median step, waiting included
 * @param stepP99Milliseconds what one step in a hundred exceeds
 */
public record EpochMetrics(int epoch, Map<String, Double> train, Map<String, Double> test, double learningRate,
        double seconds, double imagesPerSecond, double waitSeconds, double stallShare, double stepMilliseconds,
        double stepP99Milliseconds) {}
