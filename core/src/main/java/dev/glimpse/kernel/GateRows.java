package dev.glimpse.kernel;

import static dev.glimpse.kernel.Rows.NARROW;
import static dev.glimpse.kernel.Rows.SIZE;
import static dev.glimpse.kernel.Rows.STEP;
import static dev.glimpse.kernel.Rows.WIDE;
import static dev.glimpse.kernel.Rows.factor;
import static dev.glimpse.kernel.Vectors.FLOATS;
import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.addFloat;
import static dev.glimpse.kernel.Vectors.load;
import static dev.glimpse.kernel.Vectors.setFloat;
import static dev.glimpse.kernel.Vectors.store;
import static dev.glimpse.kernel.Vectors.tail;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Passes that gate a block of a matrix, forward and backward: a number r for each row, k for each column. The blocks are
 * those of {@link Rows}.
 *
 * <p>
 * Results are rounded as by libtorch's operations one after another, the channels' gate first: given the same gates they are
 * the same bits.
 *
 * <p>
 * No loop here chooses between two vectors: where both were taken once, the compiler would keep them on the heap. A gate
 * that is another's special case is given ones or zeros instead.
 */
final class GateRows {
    private GateRows() {}

    /** {@code y_ij = x_ij r_i} */
    static void multiplyRows(long x, int rows, int cols, long r, long y) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = row + (long) j * SIZE;
                store(load(x + at).mul(f), y + at);
            }
            if (j < cols) {
                long at = row + (long) j * SIZE;
                store(load(x + at, tail).mul(f), y + at, tail);
            }
        }
    }

    /** {@code y_ij = x_ij k_j} */
    static void multiplyColumns(long x, int rows, int cols, long k, long y) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                store(load(x + row + at).mul(load(k + at)), y + row + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                store(load(x + row + at, tail).mul(load(k + at, tail)), y + row + at, tail);
            }
        }
    }

    /** {@code y_ij = x_ij r_i + a_i} */
    static void multiplyRowsAndAdd(long x, int rows, int cols, long r, long a, long y) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            FloatVector more = factor(a, i);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = row + (long) j * SIZE;
                store(load(x + at).fma(f, more), y + at);
            }
            if (j < cols) {
                long at = row + (long) j * SIZE;
                store(load(x + at, tail).fma(f, more), y + at, tail);
            }
        }
    }

    /** {@code y_ij = x_ij k_j + b_j} */
    static void multiplyColumnsAndAdd(long x, int rows, int cols, long k, long b, long y) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                store(load(x + row + at).fma(load(k + at), load(b + at)), y + row + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                store(load(x + row + at, tail).fma(load(k + at, tail), load(b + at, tail)), y + row + at, tail);
            }
        }
    }

    /** {@code y_ij = (x_ij r_i) k_j} */
    static void multiplyRowsFirst(long x, int rows, int cols, long r, long k, long y) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                FloatVector v = load(x + row + at);
                store(v.mul(f).mul(load(k + at)), y + row + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                FloatVector v = load(x + row + at, tail);
                store(v.mul(f).mul(load(k + at, tail)), y + row + at, tail);
            }
        }
    }

    /** {@code y_ij = (x_ij k_j) r_i} */
    static void multiplyColumnsFirst(long x, int rows, int cols, long r, long k, long y) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                FloatVector v = load(x + row + at);
                store(v.mul(load(k + at)).mul(f), y + row + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                FloatVector v = load(x + row + at, tail);
                store(v.mul(load(k + at, tail)).mul(f), y + row + at, tail);
            }
        }
    }

    /** {@code y_ij = x_ij r_i + x_ij k_j} */
    static void multiplyBySum(long x, int rows, int cols, long r, long k, long y) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                FloatVector v = load(x + row + at);
                store(v.mul(f).add(v.mul(load(k + at))), y + row + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                FloatVector v = load(x + row + at, tail);
                store(v.mul(f).add(v.mul(load(k + at, tail))), y + row + at, tail);
            }
        }
    }

    /**
     * The gradients of the rows' and the columns' numbers: sets {@code sum over j of dy_ij x_ij k_j}, and adds {@code sum
     * over i of dy_ij x_ij r_i}. For a sum of the two, r and k are ones.
     */
    static void gradients(long dy, long x, int rows, int cols, long r, long k, long rowSums,
            long columnSums) {
        if (cols <= NARROW) {
            ShortRows.gradients(dy, x, rows, cols, r, k, rowSums, columnSums);
            return;
        }
        VectorMask<Float> tail = tail(cols);
        int i = 0;
        for (; cols >= WIDE && i <= rows - 4; i += 4) {
            long row = (long) i * cols * SIZE;
            gradientsOfFourRows(dy + row, x + row, cols, tail, r + (long) i * SIZE, k,
                    rowSums + (long) i * SIZE, columnSums);
        }
        for (; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            float sum = gradientsOfRow(dy + row, x + row, 0, cols, tail, factor(r, i), k,
                    columnSums);
            setFloat(rowSums + (long) i * SIZE, sum);
        }
    }

    /** Each row's {@code sum over j of dy_ij x_ij}. */
    static void rowProducts(long dy, long x, int rows, int cols, long sums) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = a;
            int j = 0;
            for (; j <= whole - 2 * LANES; j += 2 * LANES) {
                long at = row + (long) j * SIZE;
                a = load(dy + at).fma(load(x + at), a);
                b = load(dy + at + STEP).fma(load(x + at + STEP), b);
            }
            for (; j < whole; j += LANES) {
                long at = row + (long) j * SIZE;
                a = load(dy + at).fma(load(x + at), a);
            }
            if (j < cols) {
                long at = row + (long) j * SIZE;
                b = load(dy + at, tail).fma(load(x + at, tail), b);
            }
            setFloat(sums + (long) i * SIZE, Vectors.sum(a.add(b)));
        }
    }

    /** Adds {@code sum over i of dy_ij x_ij} to each column's sum. */
    static void columnProducts(long dy, long x, int rows, int cols, long sums) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                store(load(dy + row + at).fma(load(x + row + at), load(sums + at)), sums + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                store(load(dy + row + at, tail).fma(load(x + row + at, tail), load(sums + at, tail)), sums + at, tail);
            }
        }
    }

    private static float gradientsOfRow(long dy, long x, int from, int cols,
            VectorMask<Float> tail, FloatVector f, long k, long columnSums) {
        int whole = cols - cols % LANES;
        FloatVector sum = FloatVector.zero(FLOATS);
        int j = from;
        for (; j < whole; j += LANES) {
            long at = (long) j * SIZE;
            FloatVector column = load(k + at);
            FloatVector e = load(dy + at).mul(load(x + at));
            sum = e.fma(column, sum);
            store(e.fma(f, load(columnSums + at)), columnSums + at);
        }
        if (j < cols) {
            long at = (long) j * SIZE;
            FloatVector column = load(k + at, tail);
            FloatVector e = load(dy + at, tail).mul(load(x + at, tail));
            sum = e.fma(column, sum);
            store(e.fma(f, load(columnSums + at, tail)), columnSums + at, tail);
        }
        return Vectors.sum(sum);
    }

    private static void gradientsOfFourRows(long dy, long x, int cols, VectorMask<Float> tail,
            long factors, long k,
            long rowSums, long columnSums) {
        int whole = cols - cols % LANES;
        long next = (long) cols * SIZE;
        FloatVector f = factor(factors, 0);
        FloatVector g = factor(factors, 1);
        FloatVector h = factor(factors, 2);
        FloatVector m = factor(factors, 3);
        FloatVector a = FloatVector.zero(FLOATS);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * SIZE;
            FloatVector column = load(k + at);
            FloatVector e = load(dy + at).mul(load(x + at));
            a = e.fma(column, a);
            FloatVector sum = e.fma(f, load(columnSums + at));
            e = load(dy + next + at).mul(load(x + next + at));
            b = e.fma(column, b);
            sum = e.fma(g, sum);
            e = load(dy + 2 * next + at).mul(load(x + 2 * next + at));
            c = e.fma(column, c);
            sum = e.fma(h, sum);
            e = load(dy + 3 * next + at).mul(load(x + 3 * next + at));
            d = e.fma(column, d);
            store(e.fma(m, sum), columnSums + at);
        }
        setFloat(rowSums, Vectors.sum(a));
        setFloat(rowSums + SIZE, Vectors.sum(b));
        setFloat(rowSums + 2 * SIZE, Vectors.sum(c));
        setFloat(rowSums + 3 * SIZE, Vectors.sum(d));
        for (int i = 0; i < 4 && whole < cols; i++) {
            float rest = gradientsOfRow(dy + i * next, x + i * next, whole, cols, tail, factor(factors, i), k,
                    columnSums);
            addFloat(rowSums + (long) i * SIZE, rest);
        }
    }

    /** {@code dx_ij = dy_ij r_i k_j + a_i b_j f_ij} */
    static void gradientOfProducts(long dy, int rows, int cols, long r, long k, long a, long b, long f, long dx) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            FloatVector rv = factor(r, i);
            FloatVector av = factor(a, i);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                FloatVector pooled = av.mul(load(b + at)).mul(load(f + row + at));
                store(rv.mul(load(k + at)).fma(load(dy + row + at), pooled), dx + row + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                FloatVector pooled = av.mul(load(b + at, tail)).mul(load(f + row + at, tail));
                store(rv.mul(load(k + at, tail)).fma(load(dy + row + at, tail), pooled), dx + row + at, tail);
            }
        }
    }

    /** {@code dx_ij = (dy_ij k_j + b_j) r_i + c_i} */
    static void inputGradientByRows(long dy, int rows, int cols, long r, long k, long b, long c, long dx) {
        if (cols <= NARROW) {
            ShortRows.inputGradientByRows(dy, rows, cols, r, k, b, c, dx);
            return;
        }
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            FloatVector more = factor(c, i);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                store(load(dy + row + at).fma(load(k + at), load(b + at)).fma(f, more), dx + row + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                store(load(dy + row + at, tail).fma(load(k + at, tail), load(b + at, tail)).fma(f, more),
                        dx + row + at, tail);
            }
        }
    }

    /** {@code dx_ij = (dy_ij r_i + a_i) k_j + d_j} */
    static void inputGradientByColumns(long dy, int rows, int cols, long r, long k, long a, long d, long dx) {
        if (cols <= NARROW) {
            ShortRows.inputGradientByColumns(dy, rows, cols, r, k, a, d, dx);
            return;
        }
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            FloatVector more = factor(a, i);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                store(load(dy + row + at).fma(f, more).fma(load(k + at), load(d + at)), dx + row + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                store(load(dy + row + at, tail).fma(f, more).fma(load(k + at, tail), load(d + at, tail)),
                        dx + row + at, tail);
            }
        }
    }

    /** {@code dx_ij = dy_ij (r_i k_j + l_j) + a_i b_j + c_i d_j} */
    static void inputGradient(long dy, int rows, int cols, long r, long k, long l, long a, long b, long c, long d,
            long dx) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            FloatVector av = factor(a, i);
            FloatVector cv = factor(c, i);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                FloatVector pooled = cv.fma(load(d + at), av.mul(load(b + at)));
                FloatVector factor = f.fma(load(k + at), load(l + at));
                store(load(dy + row + at).fma(factor, pooled), dx + row + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                FloatVector pooled = cv.fma(load(d + at, tail), av.mul(load(b + at, tail)));
                FloatVector factor = f.fma(load(k + at, tail), load(l + at, tail));
                store(load(dy + row + at, tail).fma(factor, pooled), dx + row + at, tail);
            }
        }
    }
}
