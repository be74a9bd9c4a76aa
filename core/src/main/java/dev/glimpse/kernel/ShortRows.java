package dev.glimpse.kernel;

import static dev.glimpse.kernel.Rows.NARROW;
import static dev.glimpse.kernel.Rows.SIZE;
import static dev.glimpse.kernel.Rows.STEP;
import static dev.glimpse.kernel.Rows.factor;
import static dev.glimpse.kernel.Vectors.FLOATS;
import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.MEMORY;
import static dev.glimpse.kernel.Vectors.getFloat;
import static dev.glimpse.kernel.Vectors.lanes;
import static dev.glimpse.kernel.Vectors.load;
import static dev.glimpse.kernel.Vectors.setFloat;
import static dev.glimpse.kernel.Vectors.setInt;
import static dev.glimpse.kernel.Vectors.store;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Passes over rows of {@link Rows#NARROW} columns at most: a row is four vectors, and what is known of the columns stays in
 * registers.
 *
 * <p>
 * The compiler stops to inline where a method has grown too large, and reading under masks grows it most: vectors would then
 * become objects. So whole vectors are read, beyond a row's end into the next rows, and lanes put aside; the last rows are
 * copied to where there is room behind them.
 */
final class ShortRows {
    private static final int OWN = 4; // the thread's block: numbers of the columns, their sums, and last rows twice
    private static final int SUMS = NARROW * SIZE;
    private static final int ROWS = 2 * SUMS;
    private static final int MORE_ROWS = 5 * SUMS;

    private ShortRows() {}

    /** The thread's block, the columns' numbers at its start with zeros behind them. */
    private static long own(long numbers, int cols) {
        long own = Scratch.block(OWN, 8 * NARROW);
        Rows.fill(own, NARROW, 0);
        return copied(numbers, cols, own);
    }

    private static long copied(long from, int count, long to) {
        MemorySegment.copy(MEMORY, from, MEMORY, to, (long) count * SIZE);
        return to;
    }

    /** How many of the rows have the block's own numbers behind them where whole vectors are read. */
    private static int inner(int rows, int cols) {
        return rows * cols < NARROW ? 0 : (rows * cols - NARROW) / cols + 1;
    }

    /** {@link Rows#pool}. */
    static void pool(long x, int rows, int cols, long factors, long sums, long maxima, long argmaxima) {
        int inner = inner(rows, cols);
        long own = own(factors, cols);
        poolInner(x, inner, cols, own, sums, maxima, argmaxima);
        if (inner < rows) {
            long done = (long) inner * SIZE;
            long last = copied(x + done * cols, (rows - inner) * cols, own + ROWS);
            poolInner(last, rows - inner, cols, own, sums + done, maxima + done,
                    argmaxima == 0 ? 0 : argmaxima + done);
        }
    }

    private static void poolInner(long x, int rows, int cols, long factors, long sums, long maxima, long argmaxima) {
        sumsAndMaxima(x, rows, cols, factors, sums, maxima);
        for (int i = 0; i < rows; i++) {
            float sum = getFloat(sums + (long) i * SIZE);
            if (sum != sum) { // with what is no number, or with both infinities
                setFloat(maxima + (long) i * SIZE, Rows.largestOrNone(x + (long) i * cols * SIZE, cols, factors));
            }
        }
        if (argmaxima != 0) {
            places(x, rows, cols, factors, maxima, argmaxima);
        }
    }

    private static void sumsAndMaxima(long x, int rows, int cols, long factors, long sums, long maxima) {
        FloatVector kA = load(factors);
        FloatVector kB = load(factors + STEP);
        FloatVector kC = load(factors + 2 * STEP);
        FloatVector kD = load(factors + 3 * STEP);
        VectorMask<Float> inA = lanes(cols);
        VectorMask<Float> inB = lanes(cols - LANES);
        VectorMask<Float> inC = lanes(cols - 2 * LANES);
        VectorMask<Float> inD = lanes(cols - 3 * LANES);
        FloatVector zero = FloatVector.zero(FLOATS);
        FloatVector least = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < rows; i++) {
            long row = x + (long) i * cols * SIZE;
            FloatVector a = load(row).mul(kA);
            FloatVector b = load(row + STEP).mul(kB);
            FloatVector c = load(row + 2 * STEP).mul(kC);
            FloatVector d = load(row + 3 * STEP).mul(kD);
            float total = Vectors.sum(zero.blend(a, inA).add(zero.blend(b, inB))
                    .add(zero.blend(c, inC).add(zero.blend(d, inD))));
            a = least.blend(a, inA);
            b = least.blend(b, inB);
            c = least.blend(c, inC);
            d = least.blend(d, inD);
            FloatVector ab = a.blend(b, b.compare(VectorOperators.GT, a));
            FloatVector cd = c.blend(d, d.compare(VectorOperators.GT, c));
            setFloat(sums + (long) i * SIZE, total);
            setFloat(maxima + (long) i * SIZE, Rows.largest(ab.blend(cd, cd.compare(VectorOperators.GT, ab))));
        }
    }

    /** Where each row first has its largest number, which is known; where it first has none if that is what is known. */
    private static void places(long x, int rows, int cols, long factors, long maxima, long argmaxima) {
        FloatVector kA = load(factors);
        FloatVector kB = load(factors + STEP);
        FloatVector kC = load(factors + 2 * STEP);
        FloatVector kD = load(factors + 3 * STEP);
        for (int i = 0; i < rows; i++) {
            long row = x + (long) i * cols * SIZE;
            FloatVector largest = FloatVector.broadcast(FLOATS, getFloat(maxima + (long) i * SIZE));
            long places = load(row).mul(kA).compare(VectorOperators.EQ, largest).toLong()
                    | load(row + STEP).mul(kB).compare(VectorOperators.EQ, largest).toLong() << LANES
                    | load(row + 2 * STEP).mul(kC).compare(VectorOperators.EQ, largest).toLong() << 2 * LANES
                    | load(row + 3 * STEP).mul(kD).compare(VectorOperators.EQ, largest).toLong() << 3 * LANES;
            int place = Long.numberOfTrailingZeros(places);
            setInt(argmaxima + (long) i * SIZE, place < cols ? place : Rows.firstNone(row, cols, factors));
        }
    }

    /** {@link GateRows#gradients}. */
    static void gradients(long dy, long x, int rows, int cols, long r, long k, long rowSums, long columnSums) {
        int inner = inner(rows, cols);
        long own = own(k, cols);
        gradientsOfInner(dy, x, inner, cols, r, own, rowSums);
        Rows.add(own + SUMS, 1, cols, columnSums);
        if (inner < rows) {
            long done = (long) inner * SIZE;
            int count = (rows - inner) * cols;
            gradientsOfInner(copied(dy + done * cols, count, own + ROWS),
                    copied(x + done * cols, count, own + MORE_ROWS), rows - inner, cols, r + done, own,
                    rowSums + done);
            Rows.add(own + SUMS, 1, cols, columnSums);
        }
    }

    /** Sets the columns' sums in the thread's block. */
    private static void gradientsOfInner(long dy, long x, int rows, int cols, long r, long own, long rowSums) {
        FloatVector kA = load(own);
        FloatVector kB = load(own + STEP);
        FloatVector kC = load(own + 2 * STEP);
        FloatVector kD = load(own + 3 * STEP);
        VectorMask<Float> inA = lanes(cols);
        VectorMask<Float> inB = lanes(cols - LANES);
        VectorMask<Float> inC = lanes(cols - 2 * LANES);
        VectorMask<Float> inD = lanes(cols - 3 * LANES);
        FloatVector zero = FloatVector.zero(FLOATS);
        FloatVector sumA = zero;
        FloatVector sumB = zero;
        FloatVector sumC = zero;
        FloatVector sumD = zero;
        for (int i = 0; i < rows; i++) {
            long at = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            FloatVector a = zero.blend(load(dy + at).mul(load(x + at)), inA);
            FloatVector b = zero.blend(load(dy + at + STEP).mul(load(x + at + STEP)), inB);
            FloatVector c = zero.blend(load(dy + at + 2 * STEP).mul(load(x + at + 2 * STEP)), inC);
            FloatVector d = zero.blend(load(dy + at + 3 * STEP).mul(load(x + at + 3 * STEP)), inD);
            sumA = a.fma(f, sumA);
            sumB = b.fma(f, sumB);
            sumC = c.fma(f, sumC);
            sumD = d.fma(f, sumD);
            FloatVector row = a.fma(kA, b.mul(kB)).add(c.fma(kC, d.mul(kD)));
            setFloat(rowSums + (long) i * SIZE, Vectors.sum(row));
        }
        long sums = own + SUMS;
        store(sumA, sums);
        store(sumB, sums + STEP);
        store(sumC, sums + 2 * STEP);
        store(sumD, sums + 3 * STEP);
    }

    /** {@link GateRows#inputGradientByRows}. */
    static void inputGradientByRows(long dy, int rows, int cols, long r, long k, long b, long c, long dx) {
        int inner = inner(rows, cols);
        long own = own(k, cols);
        copied(b, cols, own + SUMS);
        byRows(dy, inner, cols, r, own, c, dx);
        if (inner < rows) {
            long done = (long) inner * SIZE;
            int count = (rows - inner) * cols;
            byRows(copied(dy + done * cols, count, own + ROWS), rows - inner, cols, r + done, own, c + done,
                    own + MORE_ROWS);
            copied(own + MORE_ROWS, count, dx + done * cols);
        }
    }

    private static void byRows(long dy, int rows, int cols, long r, long own, long c, long dx) {
        FloatVector kA = load(own);
        FloatVector kB = load(own + STEP);
        FloatVector kC = load(own + 2 * STEP);
        FloatVector kD = load(own + 3 * STEP);
        FloatVector bA = load(own + SUMS);
        FloatVector bB = load(own + SUMS + STEP);
        FloatVector bC = load(own + SUMS + 2 * STEP);
        FloatVector bD = load(own + SUMS + 3 * STEP);
        for (int i = 0; i < rows; i++) {
            long at = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            FloatVector more = factor(c, i);
            store(load(dy + at).fma(kA, bA).fma(f, more), dx + at);
            store(load(dy + at + STEP).fma(kB, bB).fma(f, more), dx + at + STEP);
            store(load(dy + at + 2 * STEP).fma(kC, bC).fma(f, more), dx + at + 2 * STEP);
            store(load(dy + at + 3 * STEP).fma(kD, bD).fma(f, more), dx + at + 3 * STEP);
        }
    }

    /** {@link GateRows#inputGradientByColumns}. */
    static void inputGradientByColumns(long dy, int rows, int cols, long r, long k, long a, long d, long dx) {
        int inner = inner(rows, cols);
        long own = own(k, cols);
        copied(d, cols, own + SUMS);
        byColumns(dy, inner, cols, r, own, a, dx);
        if (inner < rows) {
            long done = (long) inner * SIZE;
            int count = (rows - inner) * cols;
            byColumns(copied(dy + done * cols, count, own + ROWS), rows - inner, cols, r + done, own, a + done,
                    own + MORE_ROWS);
            copied(own + MORE_ROWS, count, dx + done * cols);
        }
    }

    private static void byColumns(long dy, int rows, int cols, long r, long own, long a, long dx) {
        FloatVector kA = load(own);
        FloatVector kB = load(own + STEP);
        FloatVector kC = load(own + 2 * STEP);
        FloatVector kD = load(own + 3 * STEP);
        FloatVector dA = load(own + SUMS);
        FloatVector dB = load(own + SUMS + STEP);
        FloatVector dC = load(own + SUMS + 2 * STEP);
        FloatVector dD = load(own + SUMS + 3 * STEP);
        for (int i = 0; i < rows; i++) {
            long at = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            FloatVector more = factor(a, i);
            store(load(dy + at).fma(f, more).fma(kA, dA), dx + at);
            store(load(dy + at + STEP).fma(f, more).fma(kB, dB), dx + at + STEP);
            store(load(dy + at + 2 * STEP).fma(f, more).fma(kC, dC), dx + at + 2 * STEP);
            store(load(dy + at + 3 * STEP).fma(f, more).fma(kD, dD), dx + at + 3 * STEP);
        }
    }
}
