package dev.glimpse.train;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/** The mean loss over an epoch's images. */
final class LossSum {
    private double sum;
    private long images;

    void add(double meanLoss, long count) {
        sum += meanLoss * count;
        images += count;
    }

    long images() {
        return images;
    }

    double mean() {
        return sum / Math.max(1, images);
    }

    /** Its state, and behind it another's. */
    double[] before(double[] rest) {
        return DoubleStream.concat(DoubleStream.of(sum, images), DoubleStream.of(rest)).toArray();
    }

    /** Goes on from such a state, and returns the other's. */
    double[] restore(double[] state) {
        sum = state[0];
        images = (long) state[1];
        return Arrays.copyOfRange(state, 2, state.length);
    }
}
