package dev.glimpse.kernel;

import static dev.glimpse.kernel.Vectors.FLOATS;
import static dev.glimpse.kernel.Vectors.INTS;
import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.getFloat;
import static dev.glimpse.kernel.Vectors.lanes;
import static dev.glimpse.kernel.Vectors.load;
import static dev.glimpse.kernel.Vectors.loadInts;
import static dev.glimpse.kernel.Vectors.setFloat;
import static dev.glimpse.kernel.Vectors.setInt;
import static dev.glimpse.kernel.Vectors.store;
import static dev.glimpse.kernel.Vectors.tail;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Passes over a block of a matrix of float32 numbers: rows of {@code cols} numbers, one behind the other.
 *
 * <p>
 * Every argument that is a {@code long} is an address. A pass reads the block once. The order of each sum depends on the
 * block's shape alone.
 */
final class Rows {
    static final int SIZE = Float.BYTES;
    static final int STEP = LANES * SIZE;
    /**
     * Rows of so many columns and more go by four at a time, since what is known of their columns does not stay in the
     * fastest cache. Shorter ones go by one at a time: processors fetch ahead of one stream better than of four.
     */
    static final int WIDE = 1024;
    /** What is known of so few columns stays in registers. */
    static final int NARROW = 4 * LANES;

    private Rows() {}

    /** Each row's sum. */
    static void sums(long x, int rows, int cols, long sums) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = x + (long) i * cols * SIZE;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            int j = 0;
            for (; j <= whole - 4 * LANES; j += 4 * LANES) {
                long at = row + (long) j * SIZE;
                a = a.add(load(at));
                b = b.add(load(at + STEP));
                c = c.add(load(at + 2 * STEP));
                d = d.add(load(at + 3 * STEP));
            }
            for (; j < whole; j += LANES) {
                a = a.add(load(row + (long) j * SIZE));
            }
            if (j < cols) {
                b = b.add(load(row + (long) j * SIZE, tail));
            }
            setFloat(sums + (long) i * SIZE, Vectors.sum(a.add(b).add(c.add(d))));
        }
    }

    /** Each row's product with a vector: {@code sum over j of x_ij factors_j}. */
    static void dots(long x, int rows, int cols, long factors, long dots) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = x + (long) i * cols * SIZE;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = a;
            int j = 0;
            for (; j <= whole - 2 * LANES; j += 2 * LANES) {
                long at = (long) j * SIZE;
                a = load(row + at).fma(load(factors + at), a);
                b = load(row + at + STEP).fma(load(factors + at + STEP), b);
            }
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                a = load(row + at).fma(load(factors + at), a);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                b = load(row + at, tail).fma(load(factors + at, tail), b);
            }
            setFloat(dots + (long) i * SIZE, Vectors.sum(a.add(b)));
        }
    }

    /**
     * Each row's sum, its largest number and that number's first column, of {@code factors_j x_ij}. A row with what is no
     * number has it as the largest.
     *
     * @param argmaxima 0 where they are not wanted
     */
    static void pool(long x, int rows, int cols, long factors, long sums, long maxima, long argmaxima) {
        if (cols <= NARROW) {
            ShortRows.pool(x, rows, cols, factors, sums, maxima, argmaxima);
            return;
        }
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        FloatVector least = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < rows; i++) {
            long row = x + (long) i * cols * SIZE;
            FloatVector sum = FloatVector.zero(FLOATS);
            FloatVector sum2 = sum;
            FloatVector max = least;
            FloatVector max2 = least;
            int j = 0;
            for (; j <= whole - 2 * LANES; j += 2 * LANES) {
                long at = (long) j * SIZE;
                FloatVector v = load(row + at).mul(load(factors + at));
                FloatVector w = load(row + at + STEP).mul(load(factors + at + STEP));
                sum = sum.add(v);
                sum2 = sum2.add(w);
                max = max.blend(v, v.compare(VectorOperators.GT, max));
                max2 = max2.blend(w, w.compare(VectorOperators.GT, max2));
            }
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                FloatVector v = load(row + at).mul(load(factors + at));
                sum = sum.add(v);
                max = max.blend(v, v.compare(VectorOperators.GT, max));
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                FloatVector v = load(row + at, tail).mul(load(factors + at, tail));
                sum2 = sum2.add(v);
                max2 = max2.blend(v, v.compare(VectorOperators.GT, max2).and(tail));
            }
            float total = Vectors.sum(sum.add(sum2));
            float largest = largest(max.blend(max2, max2.compare(VectorOperators.GT, max)));
            if (total != total) { // with what is no number, or with both infinities
                largest = largestOrNone(row, cols, factors);
            }
            setFloat(sums + (long) i * SIZE, total);
            setFloat(maxima + (long) i * SIZE, largest);
            if (argmaxima != 0) {
                setInt(argmaxima + (long) i * SIZE, indexOf(largest, row, cols, tail, factors));
            }
        }
    }

    /** Where a row first has what is no number; its length where all are numbers. */
    static int firstNone(long row, int cols, long factors) {
        int j = 0;
        while (j < cols && !Float.isNaN(product(row, factors, j))) {
            j++;
        }
        return j;
    }

    /** Where a row first has its largest number. */
    private static int indexOf(float largest, long row, int cols, VectorMask<Float> tail, long factors) {
        if (largest != largest) {
            return firstNone(row, cols, factors);
        }
        int whole = cols - cols % LANES;
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * SIZE;
            VectorMask<Float> here = load(row + at).mul(load(factors + at)).compare(VectorOperators.EQ, largest);
            if (here.anyTrue()) {
                return j + here.firstTrue();
            }
        }
        FloatVector v = load(row + (long) whole * SIZE, tail).mul(load(factors + (long) whole * SIZE, tail));
        return Math.min(cols - 1, whole + v.compare(VectorOperators.EQ, largest).and(tail).firstTrue());
    }

    /** NaN where one of a row is none; what comparing alone finds otherwise. */
    static float largestOrNone(long row, int cols, long factors) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < cols; j++) {
            largest = Math.max(largest, product(row, factors, j));
        }
        return largest;
    }

    private static float product(long row, long factors, int j) {
        return getFloat(row + (long) j * SIZE) * getFloat(factors + (long) j * SIZE);
    }

    /** The largest lane: as whole numbers of the same order, since vectors of floats are slow to reduce. */
    static float largest(FloatVector v) {
        IntVector bits = v.reinterpretAsInts();
        IntVector keys = bits.lanewise(VectorOperators.XOR,
                bits.lanewise(VectorOperators.ASHR, 31).lanewise(VectorOperators.AND, 0x7fffffff));
        int key = keys.reduceLanes(VectorOperators.MAX);
        return Float.intBitsToFloat(key ^ ((key >> 31) & 0x7fffffff));
    }

    /** Adds each row, times its factor, to the sums of the columns. */
    static void addTo(long x, int rows, int cols, long factors, long sums) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        int i = 0;
        for (; cols >= WIDE && i <= rows - 4; i += 4) {
            long row = x + (long) i * cols * SIZE;
            long next = (long) cols * SIZE;
            FloatVector f = factor(factors, i);
            FloatVector g = factor(factors, i + 1);
            FloatVector h = factor(factors, i + 2);
            FloatVector k = factor(factors, i + 3);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                FloatVector sum = load(row + at).fma(f, load(sums + at));
                sum = load(row + next + at).fma(g, sum);
                sum = load(row + 2 * next + at).fma(h, sum);
                store(load(row + 3 * next + at).fma(k, sum), sums + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                FloatVector sum = load(row + at, tail).fma(f, load(sums + at, tail));
                sum = load(row + next + at, tail).fma(g, sum);
                sum = load(row + 2 * next + at, tail).fma(h, sum);
                store(load(row + 3 * next + at, tail).fma(k, sum), sums + at, tail);
            }
        }
        for (; i < rows; i++) {
            long row = x + (long) i * cols * SIZE;
            FloatVector f = factor(factors, i);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                store(load(row + at).fma(f, load(sums + at)), sums + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                store(load(row + at, tail).fma(f, load(sums + at, tail)), sums + at, tail);
            }
        }
    }

    /**
     * Takes rows into what is known of the columns: sums, largest numbers and their first rows, of {@code factors_i x_ij}. What is no number shows in the sums alone.
     *
     * @param wide from how many columns on rows go by four at a time
     * @param first the block's first row in the whole matrix
     */
    static void poolColumns(long x, int rows, int cols, int wide, long factors, int first, long sums,
            long maxima, long argmaxima) {
        if (cols <= NARROW) {
            for (int j = 0; j < cols; j += LANES) {
                long at = (long) j * SIZE;
                poolFewColumns(x + at, rows, cols, factors, first, sums + at, maxima + at, argmaxima + at,
                        lanes(cols - j));
            }
            return;
        }
        VectorMask<Float> tail = tail(cols);
        int i = 0;
        for (; cols >= wide && i <= rows - 4; i += 4) {
            poolFourRows(x + (long) i * cols * SIZE, cols, tail, factors == 0 ? 0 : factors + (long) i * SIZE,
                    first + i, sums, maxima, argmaxima);
        }
        for (; i < rows; i++) {
            poolRow(x + (long) i * cols * SIZE, 0, cols, tail, factor(factors, i), first + i, sums, maxima,
                    argmaxima);
        }
    }

    private static void poolFewColumns(long x, int rows, int cols, long factors, int first, long sums,
            long maxima, long argmaxima, VectorMask<Float> lanes) {
        VectorMask<Integer> intLanes = lanes.cast(INTS);
        FloatVector sum = load(sums, lanes);
        FloatVector max = load(maxima, lanes);
        IntVector arg = loadInts(argmaxima, intLanes);
        for (int i = 0; i < rows; i++) {
            FloatVector v = load(x + (long) i * cols * SIZE, lanes).mul(factor(factors, i));
            sum = sum.add(v);
            VectorMask<Float> more = v.compare(VectorOperators.GT, max);
            max = max.blend(v, more);
            arg = arg.blend(first + i, more.cast(INTS));
        }
        store(sum, sums, lanes);
        store(max, maxima, lanes);
        store(arg, argmaxima, intLanes);
    }

    private static void poolRow(long row, int from, int cols, VectorMask<Float> tail, FloatVector f,
            int index, long sums, long maxima, long argmaxima) {
        int whole = cols - cols % LANES;
        int j = from;
        for (; j < whole; j += LANES) {
            long at = (long) j * SIZE;
            FloatVector v = load(row + at).mul(f);
            FloatVector max = load(maxima + at);
            VectorMask<Float> more = v.compare(VectorOperators.GT, max);
            store(load(sums + at).add(v), sums + at);
            store(max.blend(v, more), maxima + at);
            store(loadInts(argmaxima + at).blend(index, more.cast(INTS)), argmaxima + at);
        }
        if (j < cols) {
            VectorMask<Integer> tailInts = tail.cast(INTS);
            long at = (long) j * SIZE;
            FloatVector v = load(row + at, tail).mul(f);
            FloatVector max = load(maxima + at, tail);
            VectorMask<Float> more = v.compare(VectorOperators.GT, max);
            store(load(sums + at, tail).add(v), sums + at, tail);
            store(max.blend(v, more), maxima + at, tail);
            store(loadInts(argmaxima + at, tailInts).blend(index, more.cast(INTS)), argmaxima + at, tailInts);
        }
    }

    private static void poolFourRows(long row, int cols, VectorMask<Float> tail, long factors, int index,
            long sums,
            long maxima, long argmaxima) {
        int whole = cols - cols % LANES;
        long next = (long) cols * SIZE;
        FloatVector f = factor(factors, 0);
        FloatVector g = factor(factors, 1);
        FloatVector h = factor(factors, 2);
        FloatVector k = factor(factors, 3);
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * SIZE;
            FloatVector a = load(row + at).mul(f);
            FloatVector b = load(row + next + at).mul(g);
            FloatVector c = load(row + 2 * next + at).mul(h);
            FloatVector d = load(row + 3 * next + at).mul(k);
            FloatVector max = load(maxima + at);
            IntVector arg = loadInts(argmaxima + at);
            VectorMask<Float> more = a.compare(VectorOperators.GT, max);
            max = max.blend(a, more);
            arg = arg.blend(index, more.cast(INTS));
            more = b.compare(VectorOperators.GT, max);
            max = max.blend(b, more);
            arg = arg.blend(index + 1, more.cast(INTS));
            more = c.compare(VectorOperators.GT, max);
            max = max.blend(c, more);
            arg = arg.blend(index + 2, more.cast(INTS));
            more = d.compare(VectorOperators.GT, max);
            max = max.blend(d, more);
            arg = arg.blend(index + 3, more.cast(INTS));
            store(load(sums + at).add(a.add(b)).add(c.add(d)), sums + at);
            store(max, maxima + at);
            store(arg, argmaxima + at);
        }
        for (int i = 0; i < 4 && whole < cols; i++) {
            poolRow(row + i * next, whole, cols, tail, factor(factors, i), index + i, sums, maxima, argmaxima);
        }
    }

    static FloatVector factor(long factors, int i) {
        return FloatVector.broadcast(FLOATS, factors == 0 ? 1 : getFloat(factors + (long) i * SIZE));
    }

    /** The sum of all. */
    static float sum(long x, int count) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < count; i += LANES) {
            sum = sum.add(load(x + (long) i * SIZE, lanes(count - i)));
        }
        return Vectors.sum(sum);
    }

    /** The sum of the squares of all, less a number. */
    static float squares(long x, int count, float less) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < count; i += LANES) {
            VectorMask<Float> lanes = lanes(count - i);
            FloatVector v = load(x + (long) i * SIZE, lanes).sub(less, lanes);
            sum = v.fma(v, sum);
        }
        return Vectors.sum(sum);
    }

    static void scale(long x, int count, float factor) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(load(x + (long) i * SIZE).mul(factor), x + (long) i * SIZE);
        }
        for (; i < count; i++) {
            setFloat(x + (long) i * SIZE, getFloat(x + (long) i * SIZE) * factor);
        }
    }

    static void fill(long x, int count, float value) {
        FloatVector v = FloatVector.broadcast(FLOATS, value);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(v, x + (long) i * SIZE);
        }
        for (; i < count; i++) {
            setFloat(x + (long) i * SIZE, value);
        }
    }

    /** Adds all rows to the sums of the columns, in their order. */
    static void add(long x, int rows, int cols, long sums) {
        addTo(x, rows, cols, 0, sums);
    }

    /** The largest number of each column and its index, which lies in another matrix; of equals the first. */
    static void largest(long x, long indices, int rows, int cols, long maxima, long argmaxima) {
        VectorMask<Float> tail = tail(cols);
        VectorMask<Integer> tailInts = tail.cast(INTS);
        int whole = cols - cols % LANES;
        int j = 0;
        for (; j < whole; j += LANES) {
            FloatVector max = load(x + (long) j * SIZE);
            IntVector arg = loadInts(indices + (long) j * SIZE);
            for (int i = 1; i < rows; i++) {
                long at = ((long) i * cols + j) * SIZE;
                FloatVector v = load(x + at);
                VectorMask<Float> more = v.compare(VectorOperators.GT, max);
                max = max.blend(v, more);
                arg = arg.blend(loadInts(indices + at), more.cast(INTS));
            }
            store(max, maxima + (long) j * SIZE);
            store(arg, argmaxima + (long) j * SIZE);
        }
        if (j < cols) {
            FloatVector max = load(x + (long) j * SIZE, tail);
            IntVector arg = loadInts(indices + (long) j * SIZE, tailInts);
            for (int i = 1; i < rows; i++) {
                long at = ((long) i * cols + j) * SIZE;
                FloatVector v = load(x + at, tail);
                VectorMask<Float> more = v.compare(VectorOperators.GT, max);
                max = max.blend(v, more);
                arg = arg.blend(loadInts(indices + at, tailInts), more.cast(INTS));
            }
            store(max, maxima + (long) j * SIZE, tail);
            store(arg, argmaxima + (long) j * SIZE, tailInts);
        }
    }
}
