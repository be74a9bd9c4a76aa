package dev.glimpse.kernel;

import static dev.glimpse.kernel.Rows.SIZE;
import static dev.glimpse.kernel.Rows.factor;
import static dev.glimpse.kernel.Vectors.FLOATS;
import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.load;
import static dev.glimpse.kernel.Vectors.setFloat;
import static dev.glimpse.kernel.Vectors.sigmoid;
import static dev.glimpse.kernel.Vectors.store;
import static dev.glimpse.kernel.Vectors.tail;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Passes over a block of a matrix whose gate is a sigmoid of both a row's and a column's numbers: {@code g_ij = sigmoid(r_i
 * u_j + l_j)}. The gate of the whole map is never written but computed again where it is needed. Arguments that are longs are addresses, as in {@link Rows}.
 */
final class SquashedRows {
    private static final int GATES = 3;

    private SquashedRows() {}

    /** {@code y_ij = x_ij + x_ij g_ij} */
    static void gate(long x, int rows, int cols, long r, long u, long l, long y) {
        long gates = Scratch.block(GATES, cols);
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            gates(cols, r, i, u, l, gates);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                FloatVector v = load(x + row + at);
                store(v.fma(load(gates + at), v), y + row + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                FloatVector v = load(x + row + at, tail);
                store(v.fma(load(gates + at, tail), v), y + row + at, tail);
            }
        }
    }

    /**
     * The gradients of the rows' and the columns' numbers: with {@code e_ij = dy_ij x_ij g_ij (1 - g_ij)}, sets {@code sum
     * over j of e_ij u_j}, and adds {@code sum over i of e_ij w_i}.
     */
    static void gradients(long dy, long x, int rows, int cols, long r, long u, long l, long w, long rowSums,
            long columnSums) {
        long gates = Scratch.block(GATES, cols);
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            gates(cols, r, i, u, l, gates);
            FloatVector weight = factor(w, i);
            FloatVector sum = FloatVector.zero(FLOATS);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                FloatVector e = slope(load(gates + at)).mul(load(dy + row + at)).mul(load(x + row + at));
                sum = e.fma(load(u + at), sum);
                store(e.fma(weight, load(columnSums + at)), columnSums + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                FloatVector e =
                        slope(load(gates + at, tail)).mul(load(dy + row + at, tail)).mul(load(x + row + at, tail));
                sum = e.fma(load(u + at, tail), sum);
                store(e.fma(weight, load(columnSums + at, tail)), columnSums + at, tail);
            }
            setFloat(rowSums + (long) i * SIZE, Vectors.sum(sum));
        }
    }

    private static FloatVector slope(FloatVector g) {
        return g.mul(g.neg().add(1));
    }

    /** {@code dx_ij = dy_ij (1 + g_ij) + a_i b_j} */
    static void inputGradient(long dy, int rows, int cols, long r, long u, long l, long a, long b, long dx) {
        long gates = Scratch.block(GATES, cols);
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            gates(cols, r, i, u, l, gates);
            FloatVector pooled = factor(a, i);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                FloatVector v = load(dy + row + at);
                store(v.fma(load(gates + at), v).add(pooled.mul(load(b + at))), dx + row + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                FloatVector v = load(dy + row + at, tail);
                store(v.fma(load(gates + at, tail), v).add(pooled.mul(load(b + at, tail))), dx + row + at, tail);
            }
        }
    }

    /** A row's gates, into a block that stays in the fastest cache. */
    private static void gates(int cols, long r, int i, long u, long l, long gates) {
        int whole = cols - cols % LANES;
        FloatVector f = factor(r, i);
        int j = 0;
        for (; j < whole; j += LANES) {
            long at = (long) j * SIZE;
            store(sigmoid(f.fma(load(u + at), load(l + at))), gates + at);
        }
        if (j < cols) {
            long at = (long) j * SIZE;
            VectorMask<Float> tail = tail(cols);
            store(sigmoid(f.fma(load(u + at, tail), load(l + at, tail))), gates + at, tail);
        }
    }
}
