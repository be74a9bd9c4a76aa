package dev.glimpse.data;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.random.RandomGenerator;

/**
 * Turns a picture into what a network sees: a square at {@code size}, as normalised floats.
 *
 * <pre>
 * to[c, y, x] = (rgb[y, x, c] / 255 - mean[c]) / std[c]     (3, S, S)
 * </pre>
 *
 * With one mean and deviation the result is grey, (1, S, S).
 *
 * <p>
 * Without augmentation it is the largest central square: averaged where it shrinks, cubic where it grows.
 */
public final class Transform {
    private final int size;
    private final float[] mean;
    private final float[] std;
    private final Augmentation augmentation;

    public Transform(int size, float[] mean, float[] std, Augmentation augmentation) {
        if (size < 1 || mean.length != 3 && mean.length != 1 || std.length != mean.length) {
            throw new IllegalArgumentException("size " + size + ", " + mean.length + " means, " + std.length
                    + " deviations; expected a size of at least 1 and 3 of each, or 1 of each for grey");
        }
        for (float deviation : std) {
            if (!(deviation > 0)) {
                throw new IllegalArgumentException("standard deviation " + deviation + "; expected more than 0");
            }
        }
        this.size = size;
        this.mean = mean.clone();
        this.std = std.clone();
        this.augmentation = augmentation;
    }

    /** @param augment whether to shift and to mirror: {@link Augmentation#shifted} */
    public Transform(int size, float[] mean, float[] std, boolean augment) {
        this(size, mean, std, augment ? Augmentation.shifted(size) : Augmentation.none());
    }

    /** Side of the result in pixels. */
    public int size() {
        return size;
    }

    /** How many floats an image becomes. */
    public int elements() {
        return mean.length * size * size;
    }

    /** 3 of colour, or 1 of grey. */
    public int channels() {
        return mean.length;
    }

    /** The data's mean, red, green and blue. */
    float[] colour() {
        return mean.length == 3 ? mean : new float[]{mean[0], mean[0], mean[0]};
    }

    float mean(int channel) {
        return mean[channel];
    }

    float std(int channel) {
        return std[channel];
    }

    Augmentation augmentation() {
        return augmentation;
    }

    /** The square that a network sees where nothing is augmented. */
    public Image square(Image image) {
        return image.width() == size && image.height() == size ? image : Resize.centreSquare(image, size);
    }

    /**
     * Writes an image as {@link #elements()} floats.
     *
     * @param random used when augmenting; an unaugmented image draws nothing from it
     * @param to native memory
     */
    public void write(Image image, RandomGenerator random, MemorySegment to) {
        try (TransformWorker worker = new TransformWorker(this)) {
            worker.picture().set(image);
            worker.write(random, to);
        } catch (IOException e) {
            throw new IllegalStateException(e); // a decoded picture needs no file
        }
    }
}
