package dev.glimpse.kernel;

import static dev.glimpse.kernel.Rows.SIZE;
import static dev.glimpse.kernel.Rows.factor;
import static dev.glimpse.kernel.Vectors.FLOATS;
import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.load;
import static dev.glimpse.kernel.Vectors.setFloat;
import static dev.glimpse.kernel.Vectors.sigmoid;
import static dev.glimpse.kernel.Vectors.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Passes over a block of a matrix whose gate is a sigmoid of both a row's and a column's numbers: {@code g_ij = sigmoid(r_i
 * u_j + l_j)}. The gate is never written: computed again where it is needed, it takes less time than to be read. Arguments
 * that are longs are addresses, as in {@link Rows}.
 */
final class SquashedRows {
    private SquashedRows() {}

    /** {@code y_ij = x_ij + x_ij g_ij} */
    static void gate(long x, int rows, int cols, long r, long u, long l, long y) {
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            for (int j = 0; j < cols; j += LANES) {
                long at = (long) j * SIZE;
                VectorMask<Float> lanes = FLOATS.indexInRange(j, cols);
                FloatVector v = load(x + row + at, lanes);
                FloatVector g = sigmoid(f.fma(load(u + at, lanes), load(l + at, lanes)));
                store(v.fma(g, v), y + row + at, lanes);
            }
        }
    }

    /**
     * The gradients of the rows' and the columns' numbers: with {@code e_ij = dy_ij x_ij g_ij (1 - g_ij)}, sets {@code sum
     * over j of e_ij u_j}, and adds {@code sum over i of e_ij w_i}.
     */
    static void gradients(long dy, long x, int rows, int cols, long r, long u, long l, long w, long rowSums,
            long columnSums) {
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            FloatVector weight = factor(w, i);
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int j = 0; j < cols; j += LANES) {
                long at = (long) j * SIZE;
                VectorMask<Float> lanes = FLOATS.indexInRange(j, cols);
                FloatVector column = load(u + at, lanes);
                FloatVector g = sigmoid(f.fma(column, load(l + at, lanes)));
                FloatVector e = load(dy + row + at, lanes).mul(load(x + row + at, lanes)).mul(g).mul(g.neg().add(1));
                sum = e.fma(column, sum);
                store(e.fma(weight, load(columnSums + at, lanes)), columnSums + at, lanes);
            }
            setFloat(rowSums + (long) i * SIZE, Vectors.sum(sum));
        }
    }

    /** {@code dx_ij = dy_ij (1 + g_ij) + a_i b_j} */
    static void inputGradient(long dy, int rows, int cols, long r, long u, long l, long a, long b, long dx) {
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            FloatVector pooled = factor(a, i);
            for (int j = 0; j < cols; j += LANES) {
                long at = (long) j * SIZE;
                VectorMask<Float> lanes = FLOATS.indexInRange(j, cols);
                FloatVector g = sigmoid(f.fma(load(u + at, lanes), load(l + at, lanes)));
                FloatVector v = load(dy + row + at, lanes);
                store(v.fma(g, v).add(pooled.mul(load(b + at, lanes))), dx + row + at, lanes);
            }
        }
    }
}
