package dev.glimpse.kernel;

import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.MEMORY;
import static dev.glimpse.kernel.Vectors.getFloat;
import static dev.glimpse.kernel.Vectors.load;
import static dev.glimpse.kernel.Vectors.setFloat;
import static dev.glimpse.kernel.Vectors.store;

import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A map (B, C, H, W) as rows or columns of positions, which are brought into a thread's own block and back: there a line
 * is a matrix (channels, positions) of float32 numbers, whose rows are filled up to whole vectors.
 */
final class MapLines {
    private static final int SIZE = Float.BYTES;

    /** Which lines: along the width or along the height. */
    enum Along {
        ROWS, COLUMNS
    }

    /**
     * Some channels of some neighbouring lines of an image.
     *
     * @param along which lines
     * @param first the first line
     * @param lines how many
     * @param channel the first channel
     * @param channels how many
     */
    record Part(int image, Along along, int first, int lines, int channel, int channels) {
        Part channels(int from, int count) {
            return new Part(image, along, first, lines, from, count);
        }
    }

    final Tensor tensor;
    final int height;
    final int width;
    private final boolean half;
    private final long address;
    private final long imageStride;
    private final int channelStride;
    private final int rowStride;
    private final int columnStride;

    private MapLines(Tensor tensor, boolean channelsLast) {
        this.tensor = tensor;
        int channels = Math.toIntExact(tensor.size(1));
        height = Math.toIntExact(tensor.size(2));
        width = Math.toIntExact(tensor.size(3));
        half = tensor.scalar_type().intern() == ScalarType.BFloat16;
        address = tensor.data_ptr().address();
        imageStride = (long) channels * height * width;
        channelStride = channelsLast ? 1 : height * width;
        columnStride = channelsLast ? channels : 1;
        rowStride = width * columnStride;
    }

    /** The map as it lies, or a contiguous copy where it lies in no order. */
    static MapLines of(Tensor x) {
        if (x.is_contiguous()) {
            return new MapLines(x, false);
        }
        return x.is_contiguous(MemoryFormat.ChannelsLast) ? new MapLines(x, true)
                : new MapLines(x.detach().contiguous(), false);
    }

    /** How many lines there are. */
    int lines(Along along) {
        return along == Along.ROWS ? height : width;
    }

    /** How many positions a line has. */
    int length(Along along) {
        return along == Along.ROWS ? width : height;
    }

    /** How many numbers a line's row takes in a block. */
    static int filled(int length) {
        return Math.ceilDiv(length, LANES) * LANES;
    }

    /** Whether the numbers of neighbouring lines, not those of a line, lie side by side. */
    boolean across(Along along) {
        return positionStride(along) != 1 && channelStride != 1;
    }

    private int positionStride(Along along) {
        return along == Along.ROWS ? columnStride : rowStride;
    }

    private int lineStride(Along along) {
        return along == Along.ROWS ? rowStride : columnStride;
    }

    private int elementSize() {
        return half ? Short.BYTES : SIZE;
    }

    private long at(Part part, int line, int channel) {
        return address + (part.image * imageStride + (long) (part.channel + channel) * channelStride
                + (long) (part.first + line) * lineStride(part.along)) * elementSize();
    }

    /**
     * Brings lines into a block.
     *
     * @param to the first line's first number
     * @param each how many numbers after one line the next one starts
     */
    void gather(Part part, long to, int each) {
        int length = length(part.along);
        int filled = filled(length);
        int stride = positionStride(part.along);
        if (stride == 1) {
            for (int line = 0; line < part.lines; line++) {
                for (int c = 0; c < part.channels; c++) {
                    get(at(part, line, c), length, to + ((long) line * each + (long) c * filled) * SIZE);
                }
            }
        } else if (channelStride == 1) {
            for (int line = 0; line < part.lines; line++) {
                gather(at(part, line, 0), stride, length, part.channels, to + (long) line * each * SIZE, filled);
            }
        } else {
            for (int c = 0; c < part.channels; c++) {
                gather(at(part, 0, c), stride, length, part.lines, to + (long) c * filled * SIZE, each);
            }
        }
    }

    private void gather(long from, int stride, int rows, int cols, long to, int toStride) {
        if (!half) {
            Turn.turn(from, stride, rows, cols, to, toStride);
            return;
        }
        long stage = stage(rows, cols);
        for (int i = 0; i < rows; i++) {
            Halves.widen(from + (long) i * stride * Short.BYTES, cols, stage + (long) i * cols * SIZE);
        }
        Turn.turn(stage, cols, rows, cols, to, toStride);
    }

    /**
     * Writes lines from a block.
     *
     * @param add whether to add them to what is there
     */
    void scatter(Part part, long from, int each, boolean add) {
        int length = length(part.along);
        int filled = filled(length);
        int stride = positionStride(part.along);
        if (stride == 1) {
            for (int line = 0; line < part.lines; line++) {
                for (int c = 0; c < part.channels; c++) {
                    put(from + ((long) line * each + (long) c * filled) * SIZE, length, at(part, line, c), add);
                }
            }
        } else if (channelStride == 1) {
            for (int line = 0; line < part.lines; line++) {
                scatter(from + (long) line * each * SIZE, filled, part.channels, length, at(part, line, 0), stride,
                        add);
            }
        } else {
            for (int c = 0; c < part.channels; c++) {
                scatter(from + (long) c * filled * SIZE, each, part.lines, length, at(part, 0, c), stride, add);
            }
        }
    }

    private void scatter(long from, int fromStride, int rows, int cols, long to, int stride, boolean add) {
        if (!half && !add) {
            Turn.turn(from, fromStride, rows, cols, to, stride);
            return;
        }
        long stage = stage(rows, cols);
        Turn.turn(from, fromStride, rows, cols, stage, rows);
        for (int i = 0; i < cols; i++) {
            put(stage + (long) i * rows * SIZE, rows, to + (long) i * stride * elementSize(), add);
        }
    }

    private static long stage(int rows, int cols) {
        return Scratch.block(1, rows * cols);
    }

    private void get(long from, int count, long to) {
        if (half) {
            Halves.widen(from, count, to);
        } else {
            MemorySegment.copy(MEMORY, from, MEMORY, to, (long) count * SIZE);
        }
    }

    private void put(long from, int count, long to, boolean add) {
        if (add) {
            add(from, count, to);
        } else if (half) {
            Halves.narrow(from, count, to);
        } else {
            MemorySegment.copy(MEMORY, from, MEMORY, to, (long) count * SIZE);
        }
    }

    private static void add(long from, int count, long to) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            long at = (long) i * SIZE;
            store(load(to + at).add(load(from + at)), to + at);
        }
        for (; i < count; i++) {
            Vectors.addFloat(to + (long) i * SIZE, getFloat(from + (long) i * SIZE));
        }
    }
}
