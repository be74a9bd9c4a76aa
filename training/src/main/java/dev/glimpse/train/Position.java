package dev.glimpse.train;

import java.util.List;

/**
 * How far a training has come.
 *
 * @param epoch the epoch under way, from 1
 * @param batch how many of its batches were taken
 * @param steps of all epochs
 * @param tally the state of the epoch's {@link Tally}
 * @param seconds the epoch has taken so far
 * @param stepSeconds of these, in training steps
 * @param waitSeconds of these, waiting for images
 * @param epochs what the epochs before measured
 */
public record Position(int epoch, int batch, long steps, double[] tally, double seconds, double stepSeconds,
        double waitSeconds, List<EpochMetrics> epochs) {
    public Position {
        epochs = List.copyOf(epochs);
    }

    /** The beginning of the epoch after these. */
    static Position after(List<EpochMetrics> epochs, long steps, Task task) {
        return new Position(epochs.size() + 1, 0, steps, task.tally().state(), 0, 0, 0, epochs);
    }

    /** The values of the test that say how good the network was after each epoch, the higher the better. */
    List<Double> scores(Task task) {
        return epochs.stream().map(epoch -> epoch.test().get(task.best())).toList();
    }
}
