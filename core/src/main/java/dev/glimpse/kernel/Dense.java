package dev.glimpse.kernel;

import static dev.glimpse.kernel.Rows.SIZE;
import static dev.glimpse.kernel.Vectors.FLOATS;
import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.getFloat;
import static dev.glimpse.kernel.Vectors.lanes;
import static dev.glimpse.kernel.Vectors.load;
import static dev.glimpse.kernel.Vectors.setFloat;
import static dev.glimpse.kernel.Vectors.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Products of small matrices of float32 numbers, rows one behind the other; longs are addresses.
 *
 * <p>
 * For an MLP over a few pooled vectors: libtorch's product takes longer to be called than these take to compute. Each sum has
 * an order of its own, whatever the number of threads.
 */
final class Dense {
    private static final int ROWS = 4;
    /** Multiplications that are worth a second thread. */
    private static final long MANY = 1 << 16;
    /** Multiplications that libtorch does faster, its call included. */
    private static final long LARGE = 1 << 22;

    private Dense() {}

    /** {@code y_ri = sum over k of x_rk w_ik}: rows with rows. */
    static void dots(long x, int rows, int inner, long w, int outs, long y) {
        if ((long) rows * inner * outs >= LARGE) {
            multiply(x, inner, 1, rows, inner, w, 1, inner, outs, y);
            return;
        }
        share(rows, (long) inner * outs, from -> {
            long in = x + (long) from * inner * SIZE;
            long out = y + (long) from * outs * SIZE;
            if (rows - from >= ROWS) {
                dotsOfFour(in, inner, w, outs, out);
            } else {
                for (int r = 0; r < rows - from; r++) {
                    dotsOfOne(in + (long) r * inner * SIZE, inner, w, outs, out + (long) r * outs * SIZE);
                }
            }
        });
    }

    private static void dotsOfFour(long x, int inner, long w, int outs, long y) {
        long next = (long) inner * SIZE;
        for (int i = 0; i < outs; i++) {
            long row = w + (long) i * next;
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            int k = 0;
            for (; k <= inner - LANES; k += LANES) {
                long at = (long) k * SIZE;
                FloatVector v = load(row + at);
                a = load(x + at).fma(v, a);
                b = load(x + next + at).fma(v, b);
                c = load(x + 2 * next + at).fma(v, c);
                d = load(x + 3 * next + at).fma(v, d);
            }
            if (k < inner) {
                VectorMask<Float> lanes = Vectors.tail(inner);
                long at = (long) k * SIZE;
                FloatVector v = load(row + at, lanes);
                a = load(x + at, lanes).fma(v, a);
                b = load(x + next + at, lanes).fma(v, b);
                c = load(x + 2 * next + at, lanes).fma(v, c);
                d = load(x + 3 * next + at, lanes).fma(v, d);
            }
            long at = y + (long) i * SIZE;
            setFloat(at, Vectors.sum(a));
            setFloat(at + (long) outs * SIZE, Vectors.sum(b));
            setFloat(at + 2L * outs * SIZE, Vectors.sum(c));
            setFloat(at + 3L * outs * SIZE, Vectors.sum(d));
        }
    }

    private static void dotsOfOne(long x, int inner, long w, int outs, long y) {
        for (int i = 0; i < outs; i++) {
            long row = w + (long) i * inner * SIZE;
            FloatVector a = FloatVector.zero(FLOATS);
            int k = 0;
            for (; k <= inner - LANES; k += LANES) {
                a = load(x + (long) k * SIZE).fma(load(row + (long) k * SIZE), a);
            }
            if (k < inner) {
                VectorMask<Float> lanes = Vectors.tail(inner);
                a = load(x + (long) k * SIZE, lanes).fma(load(row + (long) k * SIZE, lanes), a);
            }
            setFloat(y + (long) i * SIZE, Vectors.sum(a));
        }
    }

    /** {@code y_rn = sum over k of a_rk w_kn}: rows made of rows. */
    static void combine(long a, int rows, int inner, long w, int cols, long y) {
        combine(a, inner, 1, rows, inner, w, cols, y);
    }

    /** {@code y_rn = sum over k of a_kr w_kn}: the same with the first matrix turned over. */
    static void combineColumns(long a, int rows, int inner, long w, int cols, long y) {
        combine(a, 1, rows, rows, inner, w, cols, y);
    }

    /** {@code a_rk} lies {@code r * toRow + k * toColumn} numbers from the first. */
    private static void combine(long a, int toRow, int toColumn, int rows, int inner, long w, int cols, long y) {
        if ((long) rows * inner * cols >= LARGE) {
            multiply(a, toRow, toColumn, rows, inner, w, cols, 1, cols, y);
            return;
        }
        share(rows, (long) inner * cols, from -> {
            long in = a + (long) from * toRow * SIZE;
            long out = y + (long) from * cols * SIZE;
            long step = (long) toRow * SIZE;
            if (rows - from >= ROWS) {
                combineFour(in, step, (long) toColumn * SIZE, inner, w, cols, out);
            } else {
                for (int r = 0; r < rows - from; r++) {
                    combineOne(in + r * step, (long) toColumn * SIZE, inner, w, cols, out + (long) r * cols * SIZE);
                }
            }
        });
    }

    private static void combineFour(long a, long toRow, long toColumn, int inner, long w, int cols, long y) {
        long next = (long) cols * SIZE;
        for (int n = 0; n < cols; n += 2 * LANES) {
            VectorMask<Float> left = lanes(cols - n);
            VectorMask<Float> right = lanes(cols - n - LANES);
            FloatVector a0 = FloatVector.zero(FLOATS);
            FloatVector a1 = a0;
            FloatVector b0 = a0;
            FloatVector b1 = a0;
            FloatVector c0 = a0;
            FloatVector c1 = a0;
            FloatVector d0 = a0;
            FloatVector d1 = a0;
            for (int k = 0; k < inner; k++) {
                long from = w + ((long) k * cols + n) * SIZE;
                long at = a + k * toColumn;
                FloatVector v = load(from, left);
                FloatVector u = load(from + (long) LANES * SIZE, right);
                FloatVector f = FloatVector.broadcast(FLOATS, getFloat(at));
                a0 = v.fma(f, a0);
                a1 = u.fma(f, a1);
                f = FloatVector.broadcast(FLOATS, getFloat(at + toRow));
                b0 = v.fma(f, b0);
                b1 = u.fma(f, b1);
                f = FloatVector.broadcast(FLOATS, getFloat(at + 2 * toRow));
                c0 = v.fma(f, c0);
                c1 = u.fma(f, c1);
                f = FloatVector.broadcast(FLOATS, getFloat(at + 3 * toRow));
                d0 = v.fma(f, d0);
                d1 = u.fma(f, d1);
            }
            long to = y + (long) n * SIZE;
            store(a0, to, left);
            store(b0, to + next, left);
            store(c0, to + 2 * next, left);
            store(d0, to + 3 * next, left);
            to += (long) LANES * SIZE;
            store(a1, to, right);
            store(b1, to + next, right);
            store(c1, to + 2 * next, right);
            store(d1, to + 3 * next, right);
        }
    }

    private static void combineOne(long a, long toColumn, int inner, long w, int cols, long y) {
        for (int n = 0; n < cols; n += LANES) {
            VectorMask<Float> lanes = lanes(cols - n);
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int k = 0; k < inner; k++) {
                FloatVector v = load(w + ((long) k * cols + n) * SIZE, lanes);
                sum = v.fma(FloatVector.broadcast(FLOATS, getFloat(a + k * toColumn)), sum);
            }
            store(sum, y + (long) n * SIZE, lanes);
        }
    }

    /** By libtorch, half of the result's longer side at a time; a matrix's two numbers are its strides. */
    private static void multiply(long a, int aRow, int aColumn, int rows, int inner, long w, int wRow, int wColumn,
            int cols,
            long y) {
        boolean tall = rows >= cols;
        int side = tall ? rows : cols;
        int half = Math.ceilDiv(side, 2);
        Team.forEach(Math.ceilDiv(side, half), part -> {
            int from = part * half;
            int count = Math.min(half, side - from);
            int down = tall ? count : rows;
            int across = tall ? cols : count;
            long left = a + (tall ? (long) from * aRow * SIZE : 0);
            long right = w + (tall ? 0 : (long) from * wColumn * SIZE);
            long out = y + (long) from * (tall ? cols : 1) * SIZE;
            try (PointerScope _ = new PointerScope()) {
                torch.mm_out(matrix(out, down, across, cols, 1), matrix(left, down, inner, aRow, aColumn),
                        matrix(right, inner, across, wRow, wColumn));
            }
        });
    }

    private static Tensor matrix(long address, long rows, long cols, long toRow, long toColumn) {
        return torch.from_blob(new Memory(address), new long[]{rows, cols}, toRow, toColumn);
    }

    /** A pointer to memory that somebody else owns. */
    private static final class Memory extends Pointer {
        Memory(long address) {
            this.address = address;
        }
    }

    @FunctionalInterface
    private interface Block {
        void from(int row);
    }

    private static void share(int rows, long each, Block block) {
        int blocks = Math.ceilDiv(rows, ROWS);
        if (rows * each < MANY) {
            for (int i = 0; i < blocks; i++) {
                block.from(i * ROWS);
            }
        } else {
            Team.forEach(blocks, i -> block.from(i * ROWS));
        }
    }
}
