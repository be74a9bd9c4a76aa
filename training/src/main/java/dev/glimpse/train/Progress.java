package dev.glimpse.train;

/** Hears how a training goes. */
public interface Progress {
    /** Hears nothing. */
    Progress NONE = new Progress() {};

    /**
     * After each step.
     *
     * @param loss mean over the epoch so far
     * @param accuracy likewise, in 0 to 1
     */
    default void step(int epoch, long step, long steps, double loss, double accuracy) {}

    /** After each epoch and its test. */
    default void epoch(EpochMetrics metrics) {}
}
