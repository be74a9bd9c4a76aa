package dev.glimpse.train;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Sums over an epoch's batches. */
public interface Tally {
    /** Takes a batch in. */
    void add(Tensor output, Tensor target, double meanLoss);

    /** Images so far. */
    long images();

    /** What the sums come to, by name, the {@code loss} first: {@code loss}, {@code accuracy}, ... */
    Map<String, Double> values();

    /** The sums, so that a stopped epoch can go on. */
    double[] state();

    /** Goes on from a {@link #state}. */
    void restore(double[] state);
}
