package dev.glimpse.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;

/**
 * Turns a picture into what a network sees: the largest central square at {@code size}, as normalised floats.
 *
 * <pre>
 * to[c, y, x] = (rgb[y, x, c] / 255 - mean[c]) / std[c]     (3, S, S)
 * </pre>
 *
 * When augmenting, the square gets a border of S/8 mean pixels, a random S x S part is cut out of it, and every other
 * one is mirrored.
 */
public final class Transform {
    private final int size;
    private final boolean augment;
    private final float[][] normalised = new float[3][256];

    public Transform(int size, float[] mean, float[] std, boolean augment) {
        if (size < 1 || mean.length != 3 || std.length != 3) {
            throw new IllegalArgumentException("size " + size + ", " + mean.length + " means, " + std.length
                    + " deviations; expected a size of at least 1 and 3 of each");
        }
        this.size = size;
        this.augment = augment;
        for (int c = 0; c < 3; c++) {
            if (!(std[c] > 0)) {
                throw new IllegalArgumentException("standard deviation " + std[c] + "; expected more than 0");
            }
            for (int value = 0; value < 256; value++) {
                normalised[c][value] = (value / 255f - mean[c]) / std[c];
            }
        }
    }

    /** Side of the result in pixels. */
    public int size() {
        return size;
    }

    /** How many floats an image becomes. */
    public int elements() {
        return 3 * size * size;
    }

    /** The square that a network sees where nothing is augmented. */
    public Image square(Image image) {
        return image.width() == size && image.height() == size ? image : Resize.centreSquare(image, size);
    }

    /**
     * Writes an image as {@link #elements()} floats.
     *
     * @param random used when augmenting; an unaugmented image draws nothing from it
     */
    public void write(Image image, RandomGenerator random, MemorySegment to) {
        byte[] rgb = square(image).rgb();
        int border = augment ? size / 8 : 0;
        int left = border == 0 ? 0 : random.nextInt(2 * border + 1) - border;
        int top = border == 0 ? 0 : random.nextInt(2 * border + 1) - border;
        boolean mirrored = augment && random.nextBoolean();
        float[] row = new float[size];
        for (int c = 0; c < 3; c++) {
            for (int y = 0; y < size; y++) {
                int fromY = y + top;
                boolean inside = fromY >= 0 && fromY < size;
                for (int x = 0; x < size; x++) {
                    int fromX = (mirrored ? size - 1 - x : x) + left;
                    row[x] = inside && fromX >= 0 && fromX < size
                            ? normalised[c][rgb[3 * (fromY * size + fromX) + c] & 0xff]
                            : 0;
                }
                MemorySegment.copy(row, 0, to, ValueLayout.JAVA_FLOAT, 4L * (c * size + y) * size, size);
            }
        }
    }
}
