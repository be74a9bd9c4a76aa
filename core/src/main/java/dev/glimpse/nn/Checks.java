package dev.glimpse.nn;

import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/** What modules ask of their arguments and inputs, with the offending value in the message. */
public final class Checks {
    private Checks() {}

    /** @throws IllegalArgumentException unless {@code value >= 1} */
    public static long positive(String what, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(what + " is " + value + ", must be at least 1");
        }
        return value;
    }

    /** @throws IllegalArgumentException unless {@code value} is finite and {@code value > bound} */
    public static double above(String what, double value, double bound) {
        if (!(value > bound) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(what + " is " + value + ", must be above " + bound);
        }
        return value;
    }

    /** @throws IllegalArgumentException unless {@code value} is odd and positive, as a kernel centred on a pixel is */
    public static long odd(String what, long value) {
        if (value < 1 || value % 2 == 0) {
            throw new IllegalArgumentException(what + " is " + value + ", must be odd and positive");
        }
        return value;
    }

    /** @throws IllegalArgumentException unless 0 <= value < 1 */
    public static double probability(String what, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException(what + " is " + value + ", must be at least 0 and below 1");
        }
        return value;
    }

    /**
     * The hidden width {@code channels / reduction}, rounded down as the authors' codes do.
     *
     * @throws IllegalArgumentException when nothing is left
     */
    public static long reduced(String module, long channels, long reduction) {
        positive(module + ": channels", channels);
        positive(module + ": reduction", reduction);
        if (channels < reduction) {
            throw new IllegalArgumentException(module + ": reduction=" + reduction + " leaves no hidden unit for "
                    + channels + " channels; give a reduction of at most " + channels);
        }
        return channels / reduction;
    }

    /** @throws IllegalArgumentException unless {@code x} is (B, channels, H, W) */
    public static void maps(String module, long channels, Tensor x) {
        if (x.dim() != 4 || x.size(1) != channels) {
            throw new IllegalArgumentException(module + ": takes maps of (images, " + channels
                    + ", height, width), got " + Tensors.shapeText(Tensors.shape(x)));
        }
    }

    /** @throws IllegalArgumentException unless {@code x} is (B, planes, H, W) with sides of at least {@code side} */
    public static void images(String network, long planes, long side, Tensor x) {
        if (x.dim() != 4 || x.size(1) != planes || x.size(2) < side || x.size(3) < side) {
            throw new IllegalArgumentException(network + ": takes images of (images, " + planes
                    + ", height, width) of at least " + side + "x" + side + ", got "
                    + Tensors.shapeText(Tensors.shape(x)));
        }
    }

    /**
     * Refuses to train batch norm on a single value a channel, which has no variance.
     *
     * @param normed what goes into the norm: (B, C, ...)
     * @throws IllegalArgumentException in training with one image and one position
     */
    public static void valuesForNorm(String name, Module module, Tensor normed) {
        if (module.is_training() && normed.numel() == normed.size(1)) {
            throw new IllegalArgumentException(
                    name + ": its batch norm needs more than one value a channel in training, "
                            + "got one image of one position; enlarge the batch, drop the last one, or call eval()");
        }
    }

    /**
     * Refuses to train batch norm on a lone image after global pooling, which leaves one value a channel.
     *
     * @param x what comes into the module: (B, ...)
     * @throws IllegalArgumentException in training with one image
     */
    public static void imagesForNorm(String name, Module module, Tensor x) {
        if (module.is_training() && x.size(0) == 1) {
            throw new IllegalArgumentException(
                    name + ": its batch norm stands behind global pooling and needs more than one image in training, "
                            + "got one; enlarge the batch, drop the last one, or call eval()");
        }
    }
}
