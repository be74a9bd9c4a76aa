package dev.glimpse.train;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/** The mean loss over an epoch's images. */
public final class LossSum {
    private double sum;
    private long images;

    /** Takes a batch in. */
    public void add(double meanLoss, long count) {
        sum += meanLoss * count;
        images += count;
    }

    /** Images so far. */
    public long images() {
        return images;
    }

    /** The mean loss of an image; 0 of none. */
    public double mean() {
        return sum / Math.max(1, images);
    }

    /** Its state, and behind it another's. */
    public double[] before(double[] rest) {
        return DoubleStream.concat(DoubleStream.of(sum, images), DoubleStream.of(rest)).toArray();
    }

    /** Goes on from such a state, and returns the other's. */
    public double[] restore(double[] state) {
        sum = state[0];
        images = (long) state[1];
        return Arrays.copyOfRange(state, 2, state.length);
    }
}
