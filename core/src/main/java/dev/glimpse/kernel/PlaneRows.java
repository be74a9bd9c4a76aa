package dev.glimpse.kernel;

import static dev.glimpse.kernel.Vectors.FLOATS;
import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.load;
import static dev.glimpse.kernel.Vectors.store;
import static dev.glimpse.kernel.Vectors.tail;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Square kernels over single planes of float32 numbers that stand in a margin of zeros.
 *
 * <p>
 * Padded planes are lines of rows without a gap, and one margin parts a row's end from the next one's beginning: a
 * neighbour lies equally far from every place, and vectors may begin anywhere.
 */
final class PlaneRows {
    private static final int SIZE = Float.BYTES;
    /** Tiles that share one reading of a weight. A tile is two rows of a vector each, which share what both are made of. */
    private static final int TILES = 4;
    /** Weights' gradients are summed in blocks of so many by so many. */
    private static final int BLOCK = 4;

    private final int height;
    private final int width;
    private final int kernel;
    /** Columns of zeros before each row, and after the last. */
    private final int margin;
    /** Rows of zeros above and below: the margin's, and those that a block of weights' gradients reads in excess. */
    private final int above;
    /** Numbers from one row to the next. */
    private final int stride;
    private final int tilesInRow;
    private final int tiles;
    /** How far, in bytes, the numbers that one output is made of lie behind the first; and a row more for a tile's second row. */
    private final int[] taps;

    /** @param kernel the kernel's side, odd */
    PlaneRows(int height, int width, int kernel) {
        this.height = height;
        this.width = width;
        this.kernel = kernel;
        margin = kernel / 2;
        above = Math.max(margin, BLOCK - 1);
        stride = width + margin;
        tilesInRow = Math.ceilDiv(width, LANES);
        tiles = tilesInRow * Math.ceilDiv(height, 2);
        taps = new int[(kernel + 1) * kernel];
        for (int i = 0; i < taps.length; i++) {
            taps[i] = (i / kernel * stride + i % kernel) * SIZE;
        }
    }

    int positions() {
        return height * width;
    }

    /** Numbers of a plane with its margins, with what the last tiles and blocks read in excess. */
    int size() {
        return (height + 2 * above + 1) * stride + 2 * above + LANES;
    }

    /** Where what the output at a place is made of begins. */
    private long window(long padded, int h, int w) {
        return padded + ((long) (above - margin + h) * stride + w) * SIZE;
    }

    /** The same of a tile, or of the last where there is no such one. */
    private long window(long padded, int tile) {
        int some = Math.min(tile, tiles - 1);
        return window(padded, row(some), column(some));
    }

    /** Where a place's number lies. */
    private long place(long padded, int h, int w) {
        return window(padded, h + margin, w + margin);
    }

    /** Copies a plane into the middle of zeros. */
    void pad(long plane, long padded) {
        Rows.fill(padded, size(), 0);
        VectorMask<Float> tail = tail(width);
        int whole = width - width % LANES;
        for (int h = 0; h < height; h++) {
            long from = plane + (long) h * width * SIZE;
            long to = place(padded, h, 0);
            for (int w = 0; w < whole; w += LANES) {
                store(load(from + (long) w * SIZE), to + (long) w * SIZE);
            }
            if (whole < width) { // zeros beyond the row, where the next one is not yet written
                store(load(from + (long) whole * SIZE, tail), to + (long) whole * SIZE);
            }
        }
    }

    /**
     * The sum over planes of each plane's correlation with its kernel.
     *
     * @param padded the planes, one behind the other
     * @param weights theirs, (planes, kernel, kernel)
     * @param out the sums: {@code height * width} numbers
     */
    void correlate(long padded, int planes, float[] weights, float bias, long out) {
        VectorMask<Float> tail = tail(width);
        float[] sums = new float[2 * TILES * LANES];
        for (int tile = 0; tile < tiles; tile += TILES) {
            tiles(padded, tile, planes, weights, bias, sums);
            for (int t = 0; t < Math.min(TILES, tiles - tile); t++) {
                int h = row(tile + t);
                int w = column(tile + t);
                long at = out + ((long) h * width + w) * SIZE;
                put(sums, t, at, width - w, tail);
                if (h + 1 < height) {
                    put(sums, TILES + t, at + (long) width * SIZE, width - w, tail);
                }
            }
        }
    }

    private int row(int tile) {
        return tile / tilesInRow * 2;
    }

    private int column(int tile) {
        return tile % tilesInRow * LANES;
    }

    private static void put(float[] sums, int sum, long at, int left, VectorMask<Float> tail) {
        FloatVector v = FloatVector.fromArray(FLOATS, sums, sum * LANES);
        if (left >= LANES) {
            store(v, at);
        } else {
            store(v, at, tail);
        }
    }

    /**
     * The first rows of some tiles, then their second ones. The sums go into an array: as many stores to addresses make more
     * code than the compiler inlines in one method, and what it then calls takes vectors from the heap.
     */
    private void tiles(long padded, int tile, int planes, float[] weights, float bias, float[] sums) {
        long in0 = window(padded, tile);
        long in1 = window(padded, tile + 1);
        long in2 = window(padded, tile + 2);
        long in3 = window(padded, tile + 3);
        FloatVector a0 = FloatVector.broadcast(FLOATS, bias); // the tiles' first rows
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0; // and their second ones
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        int square = kernel * kernel;
        for (int plane = 0; plane < planes; plane++) {
            int first = plane * square;
            long skip = (long) plane * size() * SIZE;
            for (int i = 0; i < kernel; i++) {
                long tap = skip + taps[i];
                FloatVector f = FloatVector.broadcast(FLOATS, weights[first + i]);
                a0 = load(in0 + tap).fma(f, a0);
                a1 = load(in1 + tap).fma(f, a1);
                a2 = load(in2 + tap).fma(f, a2);
                a3 = load(in3 + tap).fma(f, a3);
            }
            for (int i = kernel; i < square; i++) {
                long tap = skip + taps[i];
                FloatVector f = FloatVector.broadcast(FLOATS, weights[first + i]);
                FloatVector g = FloatVector.broadcast(FLOATS, weights[first + i - kernel]);
                FloatVector x0 = load(in0 + tap);
                FloatVector x1 = load(in1 + tap);
                FloatVector x2 = load(in2 + tap);
                FloatVector x3 = load(in3 + tap);
                a0 = x0.fma(f, a0);
                b0 = x0.fma(g, b0);
                a1 = x1.fma(f, a1);
                b1 = x1.fma(g, b1);
                a2 = x2.fma(f, a2);
                b2 = x2.fma(g, b2);
                a3 = x3.fma(f, a3);
                b3 = x3.fma(g, b3);
            }
            for (int i = square; i < square + kernel; i++) {
                long tap = skip + taps[i];
                FloatVector g = FloatVector.broadcast(FLOATS, weights[first + i - kernel]);
                b0 = load(in0 + tap).fma(g, b0);
                b1 = load(in1 + tap).fma(g, b1);
                b2 = load(in2 + tap).fma(g, b2);
                b3 = load(in3 + tap).fma(g, b3);
            }
        }
        a0.intoArray(sums, 0);
        a1.intoArray(sums, LANES);
        a2.intoArray(sums, 2 * LANES);
        a3.intoArray(sums, 3 * LANES);
        b0.intoArray(sums, 4 * LANES);
        b1.intoArray(sums, 5 * LANES);
        b2.intoArray(sums, 6 * LANES);
        b3.intoArray(sums, 7 * LANES);
    }

    /**
     * The gradient of one plane's kernel: for each of its places the sum over the plane of gradient times number there.
     *
     * @param paddedGradient of the correlation's result
     * @param weights receives {@code kernel * kernel} numbers
     */
    void weightGradient(long padded, long paddedGradient, long weights) {
        float[] sums = new float[BLOCK * BLOCK * LANES];
        int last = Math.max(kernel - BLOCK, 0);
        for (int i = 0; i < kernel; i += BLOCK) {
            int row = Math.min(i, last); // the last block may overlap the one before
            for (int j = 0; j < kernel; j += BLOCK) {
                int column = Math.min(j, last);
                block(window(padded, row, column), place(paddedGradient, 0, 0), sums);
                for (int n = 0; n < BLOCK * BLOCK; n++) {
                    int r = row + n / BLOCK;
                    int c = column + n % BLOCK;
                    if (r < kernel && c < kernel) {
                        float sum = Vectors.sum(FloatVector.fromArray(FLOATS, sums, n * LANES));
                        Vectors.setFloat(weights + ((long) r * kernel + c) * SIZE,
                                Float.isFinite(sum) ? sum : weightGradientAt(padded, paddedGradient, r, c));
                    }
                }
            }
        }
    }

    /** The same for one place of the kernel, without what stands between the rows: 0 times what is no number is none. */
    private float weightGradientAt(long padded, long paddedGradient, int row, int column) {
        int down = row - kernel / 2;
        int right = column - kernel / 2;
        float sum = 0;
        for (int h = Math.max(0, -down); h < height - Math.max(0, down); h++) {
            for (int w = Math.max(0, -right); w < width - Math.max(0, right); w++) {
                sum += Vectors.getFloat(place(padded, h + down, w + right))
                        * Vectors.getFloat(place(paddedGradient, h, w));
            }
        }
        return sum;
    }

    /** The lanes' sums for a block of weights: what is read of a row serves four of them, as does what is read of the gradient. */
    private void block(long x, long gradient, float[] sums) {
        FloatVector a0 = FloatVector.zero(FLOATS);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        FloatVector c0 = a0;
        FloatVector c1 = a0;
        FloatVector c2 = a0;
        FloatVector c3 = a0;
        FloatVector d0 = a0;
        FloatVector d1 = a0;
        FloatVector d2 = a0;
        FloatVector d3 = a0;
        int count = (height + BLOCK - 1) * stride; // what lies between and beyond rows is multiplied by zeros of the gradient
        long up = (long) stride * SIZE;
        for (int p = 0; p < count; p += LANES) {
            long at = x + (long) p * SIZE;
            FloatVector x0 = load(at);
            FloatVector x1 = load(at + SIZE);
            FloatVector x2 = load(at + 2 * SIZE);
            FloatVector x3 = load(at + 3 * SIZE);
            long from = gradient + (long) p * SIZE;
            FloatVector g = load(from);
            a0 = x0.fma(g, a0);
            a1 = x1.fma(g, a1);
            a2 = x2.fma(g, a2);
            a3 = x3.fma(g, a3);
            g = load(from - up);
            b0 = x0.fma(g, b0);
            b1 = x1.fma(g, b1);
            b2 = x2.fma(g, b2);
            b3 = x3.fma(g, b3);
            g = load(from - 2 * up);
            c0 = x0.fma(g, c0);
            c1 = x1.fma(g, c1);
            c2 = x2.fma(g, c2);
            c3 = x3.fma(g, c3);
            g = load(from - 3 * up);
            d0 = x0.fma(g, d0);
            d1 = x1.fma(g, d1);
            d2 = x2.fma(g, d2);
            d3 = x3.fma(g, d3);
        }
        a0.intoArray(sums, 0);
        a1.intoArray(sums, LANES);
        a2.intoArray(sums, 2 * LANES);
        a3.intoArray(sums, 3 * LANES);
        b0.intoArray(sums, 4 * LANES);
        b1.intoArray(sums, 5 * LANES);
        b2.intoArray(sums, 6 * LANES);
        b3.intoArray(sums, 7 * LANES);
        c0.intoArray(sums, 8 * LANES);
        c1.intoArray(sums, 9 * LANES);
        c2.intoArray(sums, 10 * LANES);
        c3.intoArray(sums, 11 * LANES);
        d0.intoArray(sums, 12 * LANES);
        d1.intoArray(sums, 13 * LANES);
        d2.intoArray(sums, 14 * LANES);
        d3.intoArray(sums, 15 * LANES);
    }
}
