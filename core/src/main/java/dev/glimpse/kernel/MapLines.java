package dev.glimpse.kernel;

import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.load;
import static dev.glimpse.kernel.Vectors.store;

import jdk.incubator.vector.VectorMask;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A map (B, C, H, W) as lines of positions, which are brought into a thread's own block and back: there a line is a
 * matrix (positions, channels) of float32 numbers, whose rows are filled up to whole vectors.
 *
 * <p>
 * Lines whose positions are no neighbours are for maps with their channels last, where each position's numbers lie side by
 * side.
 */
final class MapLines {
    private static final int SIZE = Float.BYTES;

    /**
     * Positions of an image at equal distances.
     *
     * @param first the number of the first, row by row
     * @param step from one to the next
     */
    record Line(int image, int first, int step, int length) {}

    /** Holds the memory, of which the map may be a part. */
    final Tensor tensor;
    final int images;
    final int channels;
    final int height;
    final int width;
    private final boolean channelsLast;
    private final boolean half;
    private final long address;

    private MapLines(Tensor tensor, boolean channelsLast) {
        this(tensor, tensor.data_ptr().address(), Math.toIntExact(tensor.size(0)), Math.toIntExact(tensor.size(1)),
                Math.toIntExact(tensor.size(2)), Math.toIntExact(tensor.size(3)), channelsLast,
                tensor.scalar_type().intern() == ScalarType.BFloat16);
    }

    private MapLines(Tensor tensor, long address, int images, int channels, int height, int width,
            boolean channelsLast, boolean half) {
        this.tensor = tensor;
        this.address = address;
        this.images = images;
        this.channels = channels;
        this.height = height;
        this.width = width;
        this.channelsLast = channelsLast;
        this.half = half;
    }

    /** The map as it lies, or a contiguous copy where it lies in no order. */
    static MapLines of(Tensor x) {
        if (x.is_contiguous(MemoryFormat.ChannelsLast)) {
            return new MapLines(x, true);
        }
        return new MapLines(x.is_contiguous() ? x : x.detach().contiguous(), false);
    }

    /** A map of these images and positions with its channels last, in a workspace, not set yet. */
    MapLines in(Workspace space, int channels, boolean half) {
        int each = channels * positions();
        Numbers numbers = space.take(images, half ? Math.ceilDiv(each, 2) : each);
        return new MapLines(numbers.tensor(), numbers.address(), images, channels, height, width, true, half);
    }

    /** The same in float32. */
    MapLines in(Workspace space, int channels) {
        return in(space, channels, false);
    }

    /** The same, of as many channels and of the same type. */
    MapLines in(Workspace space) {
        return in(space, channels, half);
    }

    /** Another tensor in this map's order: its own memory where it lies so already. */
    MapLines alike(Tensor other) {
        return new MapLines(
                other.contiguous(channelsLast ? MemoryFormat.ChannelsLast : MemoryFormat.Contiguous), channelsLast);
    }

    /** Some of its images. */
    MapLines images(int first, int count) {
        return count == images ? this : new MapLines(tensor.narrow(0, first, count), channelsLast);
    }

    /** A map of the same type and order, not set yet. */
    MapLines alike() {
        return new MapLines(torch.empty_like(tensor), channelsLast);
    }

    /** Whether it is float32 and has its channels last. */
    boolean isPlain() {
        return channelsLast && !half;
    }

    /** The same map with its channels last: itself, or a copy in a space. */
    MapLines withChannelsLast(Workspace space) {
        return channelsLast ? this : in(space).set(this);
    }

    boolean hasChannelsLast() {
        return channelsLast;
    }

    /** Takes over another map's numbers, in this one's order. */
    MapLines set(MapLines other) {
        int row = filled(channels);
        Team.forEach(images * height, number -> {
            Line line = row(number / height, number % height);
            long block = Scratch.block(0, width * row);
            other.gather(line, 0, channels, block, row);
            scatter(line, 0, channels, block, row, false);
        });
        return this;
    }

    Line row(int image, int index) {
        return new Line(image, index * width, 1, width);
    }

    Line column(int image, int index) {
        return new Line(image, index, width, height);
    }

    int positions() {
        return height * width;
    }

    /** A count of numbers, filled up to whole vectors. */
    static int filled(int count) {
        return Math.ceilDiv(count, LANES) * LANES;
    }

    private long at(Line line, int channel) {
        long image = (long) line.image * channels * positions();
        long number = channelsLast ? image + (long) line.first * channels + channel
                : image + (long) channel * positions() + line.first;
        return address + number * elementSize();
    }

    private int elementSize() {
        return half ? Short.BYTES : SIZE;
    }

    /**
     * Brings some channels of a line into a block.
     *
     * @param row numbers from one position to the next in the block
     */
    void gather(Line line, int first, int count, long to, int row) {
        int length = line.length;
        long from = at(line, first);
        if (channelsLast && half) {
            for (int i = 0; i < length; i++) {
                Halves.widen(from + (long) i * line.step * channels * Short.BYTES, count, to + (long) i * row * SIZE);
            }
        } else if (channelsLast) {
            copy(from, (long) line.step * channels, length, count, to, row);
        } else if (half) {
            long stage = Scratch.block(1, count * length);
            for (int c = 0; c < count; c++) {
                Halves.widen(at(line, first + c), length, stage + (long) c * length * SIZE);
            }
            Turn.turn(stage, length, count, length, to, row);
        } else {
            Turn.turn(from, positions(), count, length, to, row);
        }
    }

    /**
     * Writes some channels of a line from a block.
     *
     * @param add whether to add them to what is there: for float32 with its channels last
     */
    void scatter(Line line, int first, int count, long from, int row, boolean add) {
        int length = line.length;
        long to = at(line, first);
        if (channelsLast && half) {
            for (int i = 0; i < length; i++) {
                Halves.narrow(from + (long) i * row * SIZE, count, to + (long) i * line.step * channels * Short.BYTES);
            }
        } else if (channelsLast && add) {
            add(from, row, length, count, to, (long) line.step * channels);
        } else if (channelsLast) {
            set(from, row, length, count, to, (long) line.step * channels);
        } else if (half) {
            long stage = Scratch.block(1, count * length);
            Turn.turn(from, row, length, count, stage, length);
            for (int c = 0; c < count; c++) {
                Halves.narrow(stage + (long) c * length * SIZE, length, at(line, first + c));
            }
        } else {
            Turn.turn(from, row, length, count, to, positions());
        }
    }

    /** From a map into a block, which rows of zeros fill up to whole vectors. */
    private static void copy(long from, long fromRow, int rows, int cols, long to, int toRow) {
        VectorMask<Float> tail = Vectors.tail(cols);
        int whole = cols - cols % LANES;
        for (int i = 0; i < rows; i++) {
            long in = from + i * fromRow * SIZE;
            long out = to + (long) i * toRow * SIZE;
            for (int j = 0; j < whole; j += LANES) {
                store(load(in + (long) j * SIZE), out + (long) j * SIZE);
            }
            if (whole < cols) {
                store(load(in + (long) whole * SIZE, tail), out + (long) whole * SIZE);
            }
        }
    }

    private static void set(long from, int fromRow, int rows, int cols, long to, long toRow) {
        VectorMask<Float> tail = Vectors.tail(cols);
        int whole = cols - cols % LANES;
        for (int i = 0; i < rows; i++) {
            long in = from + (long) i * fromRow * SIZE;
            long out = to + i * toRow * SIZE;
            for (int j = 0; j < whole; j += LANES) {
                store(load(in + (long) j * SIZE), out + (long) j * SIZE);
            }
            if (whole < cols) {
                store(load(in + (long) whole * SIZE), out + (long) whole * SIZE, tail);
            }
        }
    }

    private static void add(long from, int fromRow, int rows, int cols, long to, long toRow) {
        VectorMask<Float> tail = Vectors.tail(cols);
        int whole = cols - cols % LANES;
        for (int i = 0; i < rows; i++) {
            long in = from + (long) i * fromRow * SIZE;
            long out = to + i * toRow * SIZE;
            for (int j = 0; j < whole; j += LANES) {
                long at = out + (long) j * SIZE;
                store(load(at).add(load(in + (long) j * SIZE)), at);
            }
            if (whole < cols) {
                long at = out + (long) whole * SIZE;
                store(load(at, tail).add(load(in + (long) whole * SIZE)), at, tail);
            }
        }
    }
}
