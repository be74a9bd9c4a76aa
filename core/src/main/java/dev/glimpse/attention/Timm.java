package dev.glimpse.attention;

import static dev.glimpse.nn.Tensors.amax;
import static dev.glimpse.nn.Tensors.spatialMean;

import dev.glimpse.nn.Checks;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** What several of timm's modules share. */
final class Timm {
    private Timm() {}

    /**
     * @param ratio {@code rd_ratio}
     * @param hidden {@code rd_channels}
     * @param divisor {@code rd_divisor}
     * @throws IllegalArgumentException naming the argument that gives no hidden width
     */
    static void checkHidden(String module, double ratio, long hidden, long divisor) {
        if (!(ratio > 0)) {
            throw new IllegalArgumentException(module + ": rd_ratio is " + ratio + ", must be above 0");
        }
        if (hidden < 0) {
            throw new IllegalArgumentException(module + ": rd_channels is " + hidden + ", must not be negative");
        }
        Checks.positive(module + ": rd_divisor", divisor);
    }

    /** The hidden width that is given, or else the share of the channels, to the nearest multiple of the divisor. */
    static long hidden(long channels, double ratio, long hidden, long divisor) {
        if (hidden > 0) {
            return hidden;
        }
        return Math.max(divisor, (long) (channels * ratio + divisor / 2.0) / divisor * divisor);
    }

    /** The mean over the map, or half of it and half of the maximum: (B, C, H, W) to (B, C, 1, 1). */
    static Tensor squeeze(Tensor x, boolean addMaxpool) {
        return addMaxpool ? half(spatialMean(x), amax(x, 2, 3)) : spatialMean(x);
    }

    /** Half of each. */
    static Tensor half(Tensor a, Tensor b) {
        return a.add(b).mul(new Scalar(0.5));
    }
}
