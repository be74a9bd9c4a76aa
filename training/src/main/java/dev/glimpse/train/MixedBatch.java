package dev.glimpse.train;

import dev.glimpse.data.Batch;
import dev.glimpse.data.Mixing;

/** Batches as a run trains on them: images mixed with one another where it says so. */
final class MixedBatch {
    /** The task smooths what it is given, mixed or not. */
    private static final double UNSMOOTHED = 0;

    private final RunConfig config;
    private final Mixing mixing;

    MixedBatch(RunConfig config) {
        this.config = config;
        mixing = config.feeding().augmentation().mixing();
    }

    /**
     * A batch's images and what is to be said of them.
     *
     * @param number of the batch in its epoch: what is mixed with what depends on it, not on how the run got here
     */
    Mixing.Mixed of(Batch batch, int epoch, int number) {
        return mixing == null
                ? new Mixing.Mixed(batch.images(), batch.labels())
                : mixing.mix(batch.images(), batch.labels(), config.classes().size(), UNSMOOTHED,
                        config.recipe().seed(), epoch, number);
    }
}
