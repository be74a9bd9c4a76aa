package dev.glimpse.kernel;

import static dev.glimpse.kernel.Vectors.FLOATS;
import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.getFloat;
import static dev.glimpse.kernel.Vectors.load;
import static dev.glimpse.kernel.Vectors.store;

import jdk.incubator.vector.FloatVector;

/**
 * Products of small float32 matrices that lie in a thread's own blocks.
 *
 * <pre>
 * out_mn = sum over k of a_mk b_kn
 * </pre>
 *
 * The rows of b and of the result are filled up to whole vectors, the rows of the result to a multiple of four: what fills
 * them up is computed with and means nothing. Each number is added up in the order of k.
 */
final class LineProducts {
    /** Rows of the result that are computed together. */
    static final int ROWS = 4;
    private static final int SIZE = Float.BYTES;
    private static final int STEP = LANES * SIZE;

    private LineProducts() {}

    /** A count of rows, filled up. */
    static int filled(int rows) {
        return Math.ceilDiv(rows, ROWS) * ROWS;
    }

    /**
     * One factor and how its numbers follow each other, in numbers.
     *
     * @param row from one m to the next
     * @param step from one k to the next
     */
    record Left(long address, int row, int step) {}

    /**
     * @param a rows m
     * @param b rows k
     * @param bRow numbers from one of them to the next
     * @param steps how many k there are
     * @param rows how many m
     * @param cols how many n
     * @param out rows m
     * @param outRow numbers from one of them to the next
     * @param add whether the products are added to what is there
     */
    static void multiply(Left a, long b, int bRow, int steps, int rows, int cols, long out, int outRow, boolean add) {
        long aNext = (long) a.row * SIZE;
        long aStep = (long) a.step * SIZE;
        long bNext = (long) bRow * SIZE;
        long outNext = (long) outRow * SIZE;
        int vectors = Math.ceilDiv(cols, LANES);
        int n = 0;
        while (n < vectors) {
            int left = vectors - n;
            int together = left == 4 || left == 2 ? 2 : left == 1 ? 1 : 3;
            long columns = b + (long) n * STEP;
            for (int m = 0; m < rows; m += ROWS) {
                long from = a.address + m * aNext;
                long to = out + m * outNext + (long) n * STEP;
                switch (together) {
                    case 3 -> three(from, aNext, aStep, columns, bNext, steps, to, outNext, add);
                    case 2 -> two(from, aNext, aStep, columns, bNext, steps, to, outNext, add);
                    default -> one(from, aNext, aStep, columns, bNext, steps, to, outNext, add);
                }
            }
            n += together;
        }
    }

    /** Four rows by three vectors: twelve sums, which even sixteen registers hold. */
    private static void three(long a, long aRow, long aStep, long b, long bRow, int steps,
            long out, long row, boolean add) {
        FloatVector s00 = FloatVector.zero(FLOATS);
        FloatVector s01 = s00;
        FloatVector s02 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s12 = s00;
        FloatVector s20 = s00;
        FloatVector s21 = s00;
        FloatVector s22 = s00;
        FloatVector s30 = s00;
        FloatVector s31 = s00;
        FloatVector s32 = s00;
        for (int k = 0; k < steps; k++) {
            FloatVector b0 = load(b);
            FloatVector b1 = load(b + STEP);
            FloatVector b2 = load(b + 2 * STEP);
            FloatVector f = FloatVector.broadcast(FLOATS, getFloat(a));
            s00 = b0.fma(f, s00);
            s01 = b1.fma(f, s01);
            s02 = b2.fma(f, s02);
            f = FloatVector.broadcast(FLOATS, getFloat(a + aRow));
            s10 = b0.fma(f, s10);
            s11 = b1.fma(f, s11);
            s12 = b2.fma(f, s12);
            f = FloatVector.broadcast(FLOATS, getFloat(a + 2 * aRow));
            s20 = b0.fma(f, s20);
            s21 = b1.fma(f, s21);
            s22 = b2.fma(f, s22);
            f = FloatVector.broadcast(FLOATS, getFloat(a + 3 * aRow));
            s30 = b0.fma(f, s30);
            s31 = b1.fma(f, s31);
            s32 = b2.fma(f, s32);
            a += aStep;
            b += bRow;
        }
        put(s00, out, add);
        put(s01, out + STEP, add);
        put(s02, out + 2 * STEP, add);
        put(s10, out + row, add);
        put(s11, out + row + STEP, add);
        put(s12, out + row + 2 * STEP, add);
        put(s20, out + 2 * row, add);
        put(s21, out + 2 * row + STEP, add);
        put(s22, out + 2 * row + 2 * STEP, add);
        put(s30, out + 3 * row, add);
        put(s31, out + 3 * row + STEP, add);
        put(s32, out + 3 * row + 2 * STEP, add);
    }

    private static void two(long a, long aRow, long aStep, long b, long bRow, int steps,
            long out, long row, boolean add) {
        FloatVector s00 = FloatVector.zero(FLOATS);
        FloatVector s01 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s20 = s00;
        FloatVector s21 = s00;
        FloatVector s30 = s00;
        FloatVector s31 = s00;
        for (int k = 0; k < steps; k++) {
            FloatVector b0 = load(b);
            FloatVector b1 = load(b + STEP);
            FloatVector f = FloatVector.broadcast(FLOATS, getFloat(a));
            s00 = b0.fma(f, s00);
            s01 = b1.fma(f, s01);
            f = FloatVector.broadcast(FLOATS, getFloat(a + aRow));
            s10 = b0.fma(f, s10);
            s11 = b1.fma(f, s11);
            f = FloatVector.broadcast(FLOATS, getFloat(a + 2 * aRow));
            s20 = b0.fma(f, s20);
            s21 = b1.fma(f, s21);
            f = FloatVector.broadcast(FLOATS, getFloat(a + 3 * aRow));
            s30 = b0.fma(f, s30);
            s31 = b1.fma(f, s31);
            a += aStep;
            b += bRow;
        }
        put(s00, out, add);
        put(s01, out + STEP, add);
        put(s10, out + row, add);
        put(s11, out + row + STEP, add);
        put(s20, out + 2 * row, add);
        put(s21, out + 2 * row + STEP, add);
        put(s30, out + 3 * row, add);
        put(s31, out + 3 * row + STEP, add);
    }

    private static void one(long a, long aRow, long aStep, long b, long bRow, int steps,
            long out, long row, boolean add) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int k = 0; k < steps; k++) {
            FloatVector b0 = load(b);
            s0 = b0.fma(FloatVector.broadcast(FLOATS, getFloat(a)), s0);
            s1 = b0.fma(FloatVector.broadcast(FLOATS, getFloat(a + aRow)), s1);
            s2 = b0.fma(FloatVector.broadcast(FLOATS, getFloat(a + 2 * aRow)), s2);
            s3 = b0.fma(FloatVector.broadcast(FLOATS, getFloat(a + 3 * aRow)), s3);
            a += aStep;
            b += bRow;
        }
        put(s0, out, add);
        put(s1, out + row, add);
        put(s2, out + 2 * row, add);
        put(s3, out + 3 * row, add);
    }

    private static void put(FloatVector v, long at, boolean add) {
        if (add) {
            store(load(at).add(v), at);
        } else {
            store(v, at);
        }
    }
}
