package dev.glimpse.data;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/**
 * Images and their labels, in the loader's memory. Closing it hands that back, and later images are written there:
 * nothing may use the tensors after that.
 */
public final class Batch implements AutoCloseable {
    private final Tensor images;
    private final Tensor labels;
    private final int[] indices;
    private final Runnable giveBack;
    private boolean closed;

    /**
     * Made by whatever reads.
     *
     * @param images owned from now on, as are the labels
     * @param giveBack what is done when both are closed
     */
    public Batch(Tensor images, Tensor labels, int[] indices, Runnable giveBack) {
        this.images = images;
        this.labels = labels;
        this.indices = indices;
        this.giveBack = giveBack;
    }

    /** (B, C, H, W), 32-bit floats; of a system that reads no images, what it reads. */
    public Tensor images() {
        return images;
    }

    /**
     * (B), 64-bit integers; of a multi-label data set (B, classes), 32-bit floats in 0 to 1; of classes of pixels (B, H, W),
     * 64-bit integers, -100 where nobody knows.
     */
    public Tensor labels() {
        return labels;
    }

    /** Which images of the data set these are. */
    public int[] indices() {
        return Arrays.copyOf(indices, indices.length);
    }

    public int size() {
        return indices.length;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            images.close();
            labels.close();
            giveBack.run();
        }
    }
}
