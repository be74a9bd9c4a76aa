package dev.glimpse.data;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;

/**
 * Turns a picture and its mask into what a segmenting network is fed: normalised floats and a class a pixel.
 *
 * <pre>
 * image[c, y, x] = (value / 255 - mean[c]) / std[c]        (C, H, W), C = 3, or 1 of grey
 * mask[y, x]     = class, -100 where nobody knows          (H, W)
 * </pre>
 *
 * For training a random part of that size, changed as {@link Deformation} says; a picture that is smaller goes on mirrored
 * beyond its borders. Otherwise the whole picture, in the upper left corner where it is smaller: it goes on mirrored, and
 * what is beyond it has no class.
 */
public final class SegmentationTransform {
    /** The class, among 64-bit ones, of pixels that do not count. */
    public static final long IGNORED = -100;

    private final int height;
    private final int width;
    private final float[] mean;
    private final float[] std;
    private final Deformation deformation;

    /**
     * @param mean one a channel, in 0 to 1: three, or one for grey
     * @param std likewise, above 0
     * @param deformation for training, or null
     */
    public SegmentationTransform(int height, int width, float[] mean, float[] std, Deformation deformation) {
        if (height < 1 || width < 1 || mean.length != std.length || mean.length != 3 && mean.length != 1) {
            throw new IllegalArgumentException(
                    width + "x" + height + " pixels, " + mean.length + " means, " + std.length
                            + " deviations; expected a size of at least 1x1, and 3 or 1 of each");
        }
        for (float deviation : std) {
            if (!(deviation > 0)) {
                throw new IllegalArgumentException("standard deviation " + deviation + "; expected more than 0");
            }
        }
        if (deformation != null && deformation.turn() && height != width) {
            throw new IllegalArgumentException("parts that are turned are to be square, not " + width + "x" + height);
        }
        this.height = height;
        this.width = width;
        this.mean = mean.clone();
        this.std = std.clone();
        this.deformation = deformation;
    }

    /** (C, H, W) of an image. */
    public long[] imageShape() {
        return new long[]{mean.length, height, width};
    }

    /** (H, W) of a mask. */
    public long[] maskShape() {
        return new long[]{height, width};
    }

    /**
     * Writes a picture and its mask.
     *
     * @param random used for training alone
     * @param pixels room for the floats
     * @param classes room for the 64-bit classes
     * @throws IOException of one line where the whole picture is wanted and does not fit
     */
    public void write(Image image, Mask mask, RandomGenerator random, MemorySegment pixels, MemorySegment classes)
            throws IOException {
        boolean fits = image.width() <= width && image.height() <= height;
        if (deformation == null && !fits) {
            throw new IOException("the image has " + image.width() + "x" + image.height() + " pixels, more than the "
                    + width + "x" + height + " there is room for");
        }
        PixelMap map = deformation == null
                ? PixelMap.corner(width, height)
                : PixelMap.random(deformation, width, height, image.width(), image.height(), random);
        writePixels(map.of(image), random, pixels);
        writeClasses(map.of(mask), image, classes);
    }

    /** Writes a whole picture without a mask. */
    public void write(Image image, MemorySegment pixels) {
        writePixels(PixelMap.corner(width, height).of(image), null, pixels);
    }

    private void writePixels(Image image, RandomGenerator random, MemorySegment to) {
        double jitter = deformation == null ? 0 : deformation.jitter();
        double gain = jitter == 0 ? 1 : 1 + jitter * (2 * random.nextDouble() - 1);
        double shift = jitter == 0 ? 0 : jitter * (2 * random.nextDouble() - 1);
        byte[] rgb = image.rgb();
        float[] row = new float[width];
        for (int c = 0; c < mean.length; c++) {
            float[] normalised = new float[256];
            for (int value = 0; value < 256; value++) {
                normalised[value] = (float) (gain * ((value / 255f - mean[c]) / std[c]) + shift);
            }
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    int at = 3 * (y * width + x);
                    row[x] = normalised[mean.length == 1 ? grey(rgb, at) : rgb[at + c] & 0xff];
                }
                MemorySegment.copy(row, 0, to, ValueLayout.JAVA_FLOAT, 4L * (c * height + y) * width, width);
            }
        }
    }

    /** Brightness as in ITU-R BT.601. */
    static int grey(byte[] rgb, int at) {
        return (299 * (rgb[at] & 0xff) + 587 * (rgb[at + 1] & 0xff) + 114 * (rgb[at + 2] & 0xff) + 500) / 1000;
    }

    private void writeClasses(Mask mask, Image whole, MemorySegment to) {
        long[] row = new long[width];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                byte found = mask.classes()[y * width + x];
                boolean beyond = deformation == null && (x >= whole.width() || y >= whole.height());
                row[x] = beyond || found == Mask.IGNORED ? IGNORED : found & 0xff;
            }
            MemorySegment.copy(row, 0, to, ValueLayout.JAVA_LONG, 8L * y * width, width);
        }
    }
}
