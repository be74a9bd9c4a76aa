package dev.glimpse.data;

import java.util.Iterator;
import java.util.Map;

/** Where a training's batches come from, epoch by epoch: the same of an epoch's number whenever it is asked for. */
public interface Batches extends AutoCloseable {
    /** One pass over the data, in order. */
    interface Pass extends Iterator<Batch>, AutoCloseable {
        /** Which batch comes next, those counted that were left out: where {@link Batches#epoch} goes on. */
        int position();

        @Override
        void close();
    }

    /** How many an epoch has. */
    int batches();

    /**
     * Starts an epoch, at a later batch than its first where one is given, and ends the one before it.
     *
     * @param firstBatch how many batches to leave out
     */
    Pass epoch(int epoch, int firstBatch);

    /** How long the consumer has waited for batches, in seconds, since this was made. */
    double waitSeconds();

    /** What could not be read, by name, and why. */
    Map<String, String> skipped();

    @Override
    void close();
}
