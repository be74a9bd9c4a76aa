package dev.glimpse.nn;

import java.util.Arrays;
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

    /** @throws IllegalArgumentException unless {@code x} is (B, channels, H, W) and has elements */
    public static void maps(String module, long channels, Tensor x) {
        maps(module, channels, 2, x);
    }

    /**
     * Refuses what is no batch of maps of the given channels, or an empty one, where libtorch would fail obscurely or not
     * at all.
     *
     * @param dims 1 for (B, C, L), 2 for (B, C, H, W), 3 for (B, C, T, H, W)
     * @throws IllegalArgumentException naming the module, what it takes and what came
     */
    public static void maps(String module, long channels, long dims, Tensor x) {
        if (x.dim() != dims + 2 || x.size(1) != channels || x.numel() == 0) {
            String map = dims == 1 ? "length" : dims == 2 ? "height, width" : "frames, height, width";
            throw new IllegalArgumentException(module + ": takes maps of (images, " + channels + ", " + map + "), got "
                    + Tensors.shapeText(Tensors.shape(x)));
        }
    }

    /**
     * For modules of several inputs: {@code shape("ocr", "features", x, "images", 512, "height", "width")}.
     *
     * @param sizes a number for a size that must be so, a word for one that is free
     * @throws IllegalArgumentException for a tensor of another shape
     */
    public static void shape(String module, String input, Tensor x, Object... sizes) {
        boolean fits = x.dim() == sizes.length;
        for (int i = 0; fits && i < sizes.length; i++) {
            fits = !(sizes[i] instanceof Number size) || x.size(i) == size.longValue();
        }
        if (!fits) {
            String wanted = String.join(", ", Arrays.stream(sizes).map(Object::toString).toList());
            throw new IllegalArgumentException(module + ": takes " + input + " of (" + wanted + "), got "
                    + Tensors.shapeText(Tensors.shape(x)));
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
        valuesForNorm(name, module, normed, "one image of one position");
    }

    /**
     * The same for what are no images.
     *
     * @param lone what a single value a channel comes of
     */
    public static void valuesForNorm(String name, Module module, Tensor normed, String lone) {
        if (module.is_training() && normed.numel() == normed.size(1)) {
            throw new IllegalArgumentException(
                    name + ": its batch norm needs more than one value a channel in training, got " + lone
                            + "; enlarge the batch, drop the last one, or call eval()");
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
