package dev.glimpse.nn;

import java.util.Arrays;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What is left out by chance in training; what stays grows, so that the mean is the same. */
public final class Dropping {
    private Dropping() {}

    /**
     * Leaves out whole images' maps: a block without them is its shortcut.
     *
     * <pre>
     * y_b = x_b k_b / (1 - p)          k_b = 1 with the probability 1 - p, else 0
     * </pre>
     *
     * Huang, Sun, Liu, Sedra, Weinberger: Deep Networks with Stochastic Depth. ECCV 2016.
     * <a href="https://arxiv.org/abs/1603.09382">arXiv:1603.09382</a>. Differs from the paper in that each image has a draw of
     * its own, and what stays grows in training instead of shrinking in inference, as in timm.
     *
     * @param x (B, ...)
     * @param probability to be left out, below 1
     */
    public static Tensor path(Tensor x, double probability, boolean training) {
        if (!training || probability == 0) {
            return x;
        }
        long[] shape = new long[(int) x.dim()];
        Arrays.fill(shape, 1);
        shape[0] = x.size(0);
        Tensor kept = x.new_empty(shape).bernoulli_(1 - probability, new GeneratorOptional()); // (B, 1, ...)
        return x.mul(kept.div_(new Scalar(1 - probability)));
    }

    /** Leaves out single values: dropout. */
    public static Tensor values(Tensor x, double probability, boolean training) {
        return training && probability > 0 ? torch.dropout(x, probability, true) : x;
    }
}
