package dev.glimpse.train;

import java.util.Map;

/** Hears how a training goes. */
public interface Progress {
    /** Hears nothing. */
    Progress NONE = new Progress() {};

    /**
     * After each batch.
     *
     * @param batch of the epoch, from 1
     * @param values the task's, over the epoch so far
     */
    default void batch(int epoch, long batch, long batches, Map<String, Double> values) {}

    /** After each epoch and its test. */
    default void epoch(EpochMetrics metrics) {}
}
