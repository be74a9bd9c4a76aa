package dev.glimpse.kernel;

import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A feature map in memory: a matrix an image, whose rows are one behind the other. Contiguous, its rows are channels and
 * its columns positions; channels-last, its rows are positions and its columns channels.
 */
final class MapRows {
    /** Elements whose rows are one part of a kernel's work; the parts do not depend on the number of threads. */
    private static final int PART = 1 << 17;
    private static final int LEAST_ROWS = 16;
    /** Bytes of a map that are still in a cache when the next pass comes. */
    private static final long NEAR = 8 << 20;
    /** Bytes of a map that is done at once: what lies between the passes is cheaper for all images. */
    private static final long SMALL = 16 << 20;
    /** Elements that are widened to float32 at a time, of rows that are not too long: three blocks fit the fastest cache. */
    private static final int BLOCK = 1 << 10;

    final Tensor tensor;
    final int images;
    final int channels;
    final int positions;
    final boolean channelsLast;
    final boolean half;
    final long address;
    private boolean backToFront;

    private MapRows(Tensor tensor, boolean channelsLast) {
        this(tensor, channelsLast, Math.toIntExact(tensor.size(0)), tensor.data_ptr().address());
    }

    private MapRows(Tensor tensor, boolean channelsLast, int images, long address) {
        this.tensor = tensor;
        this.channelsLast = channelsLast;
        this.images = images;
        this.address = address;
        channels = Math.toIntExact(tensor.size(1));
        positions = Math.toIntExact(tensor.size(2) * tensor.size(3));
        half = tensor.scalar_type().intern() == ScalarType.BFloat16;
    }

    /** The map as it lies, or a contiguous copy where it lies in no order; of the tensor only its memory is used. */
    static MapRows of(Tensor x) {
        if (x.is_contiguous()) {
            return new MapRows(x, false);
        }
        return x.is_contiguous(MemoryFormat.ChannelsLast) ? new MapRows(x, true)
                : new MapRows(x.detach().contiguous(), false);
    }

    /** Another tensor in this map's type and order. */
    MapRows alike(Tensor other) {
        MemoryFormat format = channelsLast ? MemoryFormat.ChannelsLast : MemoryFormat.Contiguous;
        Tensor typed = other.scalar_type().intern() == tensor.scalar_type().intern() ? other
                : other.to(tensor.scalar_type());
        return new MapRows(typed.is_contiguous(format) ? typed : typed.contiguous(format), channelsLast);
    }

    /**
     * Numbers that all images share, one for each channel and position, in this map's order.
     *
     * @param values (C, H, W)
     */
    Numbers sharedRows(Tensor values) {
        if (values.numel() != (long) channels * positions) {
            throw new IllegalArgumentException(Tensors.shapeText(Tensors.shape(values))
                    + " numbers do not fit a map of " + Tensors.shapeText(Tensors.shape(tensor)));
        }
        Tensor rows = channelsLast ? values.permute(1, 2, 0) : values;
        return Numbers.of(rows.reshape(1, values.numel()));
    }

    /** A map of the same size, type and order that is not set. */
    MapRows unset() {
        return new MapRows(torch.empty_like(tensor), channelsLast);
    }

    /** Some of the images, from {@code from} until before {@code to}, where they are. */
    MapRows images(int from, int to) {
        return new MapRows(tensor, channelsLast, to - from, row(from, 0));
    }

    @FunctionalInterface
    interface Images {
        void on(int from, int to);
    }

    /**
     * Does a work on all images, in their order, a few at a time: what one of its passes reads is in a cache for the next.
     * How many does not depend on the number of threads.
     */
    void forEachGroup(Images work) {
        int step = images * imageBytes() <= SMALL ? images : (int) Math.max(1, NEAR / imageBytes());
        for (int from = 0; from < images; from += step) {
            work.on(from, Math.min(images, from + step));
        }
    }

    private long imageBytes() {
        return (long) channels * positions * elementSize();
    }

    int rows() {
        return channelsLast ? positions : channels;
    }

    int cols() {
        return channelsLast ? channels : positions;
    }

    int elementSize() {
        return half ? Short.BYTES : Float.BYTES;
    }

    /** The address of an image's row. */
    long row(int image, int row) {
        return address + ((long) image * channels * positions + (long) row * cols()) * elementSize();
    }

    /** One element. */
    float get(int image, int channel, int position) {
        long at = channelsLast ? row(image, position) + (long) channel * elementSize()
                : row(image, channel) + (long) position * elementSize();
        return half ? Halves.get(at) : Vectors.getFloat(at);
    }

    /** Adds to one element. */
    void add(int image, int row, int col, float more) {
        long at = row(image, row) + (long) col * elementSize();
        if (half) {
            Halves.add(at, more);
        } else {
            Vectors.addFloat(at, more);
        }
    }

    /** How many rows are one part. */
    private int partRows() {
        return Math.max(LEAST_ROWS, PART / cols());
    }

    /** How many parts an image has. */
    int parts() {
        return Math.ceilDiv(rows(), partRows());
    }

    /** How many rows are computed with at a time. */
    int blockRows() {
        return half ? Math.max(4, BLOCK / cols()) : partRows();
    }

    /** Some rows of an image, from {@code from} until before {@code to}, the {@code part}th part of it. */
    record Part(int image, int part, int from, int to) {}

    @FunctionalInterface
    interface Work {
        void on(Part part);
    }

    /**
     * Does a work on all parts of all images: from front to back, the next time from back to front, and so on, since what
     * one pass read last is still in a cache for the next.
     */
    void forEachPart(Work work) {
        int parts = parts();
        int rows = partRows();
        int last = backToFront ? images * parts - 1 : 0;
        backToFront = !backToFront;
        Team.forEach(images * parts, number -> {
            int i = Math.abs(last - number);
            int part = i % parts;
            work.on(new Part(i / parts, part, part * rows, Math.min(rows(), (part + 1) * rows)));
        });
    }

    /** Lets the next pass over this map go the way that the other map's next one would go. */
    void follow(MapRows other) {
        backToFront = other.backToFront;
    }

    /** Lets the next pass over this map begin with the last image. */
    void turnBack() {
        backToFront = true;
    }
}
