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
 */
final class GateRows {
    private GateRows() {}

    /** {@code y_ij} as the gate says. */
    static void apply(Gate gate, long x, int rows, int cols, long r, long k, long y) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = x + (long) i * cols * SIZE;
            long out = y + (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                store(gate.apply(load(row + at), f, load(k + at)), out + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                store(gate.apply(load(row + at, tail), f, load(k + at, tail)), out + at, tail);
            }
        }
    }

    /**
     * The gradients of the rows' and the columns' numbers: sets those of the rows and adds to those of the columns. For a
     * product they are {@code sum over j of dy_ij x_ij k_j} and {@code sum over i of dy_ij x_ij r_i}.
     */
    static void gradients(Gate gate, long dy, long x, int rows, int cols, long r, long k, long rowSums,
            long columnSums) {
        VectorMask<Float> tail = tail(cols);
        if (cols <= NARROW) {
            gradientsOfFewColumns(gate, dy, x, rows, cols, r, k, rowSums, columnSums);
            return;
        }
        int i = 0;
        for (; cols >= WIDE && i <= rows - 4; i += 4) {
            long row = (long) i * cols * SIZE;
            gradientsOfFourRows(gate, dy + row, x + row, cols, tail, r + (long) i * SIZE, k,
                    rowSums + (long) i * SIZE, columnSums);
        }
        for (; i < rows; i++) {
            long row = (long) i * cols * SIZE;
            float sum = gradientsOfRow(gate, dy + row, x + row, 0, cols, tail, factor(r, i), k,
                    columnSums);
            setFloat(rowSums + (long) i * SIZE, sum);
        }
    }

    private static void gradientsOfFewColumns(Gate gate, long dy, long x, int rows, int cols, long r, long k,
            long rowSums, long columnSums) {
        VectorMask<Float> inA = FLOATS.indexInRange(0, cols);
        VectorMask<Float> inB = FLOATS.indexInRange(LANES, cols);
        VectorMask<Float> inC = FLOATS.indexInRange(2 * LANES, cols);
        VectorMask<Float> inD = FLOATS.indexInRange(3 * LANES, cols);
        FloatVector kA = load(k, inA);
        FloatVector kB = load(k + STEP, inB);
        FloatVector kC = load(k + 2 * STEP, inC);
        FloatVector kD = load(k + 3 * STEP, inD);
        FloatVector sumA = load(columnSums, inA);
        FloatVector sumB = load(columnSums + STEP, inB);
        FloatVector sumC = load(columnSums + 2 * STEP, inC);
        FloatVector sumD = load(columnSums + 3 * STEP, inD);
        for (int i = 0; i < rows; i++) {
            long at = (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            FloatVector a = gate.gradient(load(dy + at, inA).mul(load(x + at, inA)), f, kA);
            FloatVector b = gate.gradient(load(dy + at + STEP, inB).mul(load(x + at + STEP, inB)), f, kB);
            FloatVector c = gate.gradient(load(dy + at + 2 * STEP, inC).mul(load(x + at + 2 * STEP, inC)), f, kC);
            FloatVector d = gate.gradient(load(dy + at + 3 * STEP, inD).mul(load(x + at + 3 * STEP, inD)), f, kD);
            FloatVector toColumn = gate.beside(f);
            sumA = a.fma(toColumn, sumA);
            sumB = b.fma(toColumn, sumB);
            sumC = c.fma(toColumn, sumC);
            sumD = d.fma(toColumn, sumD);
            FloatVector row = a.fma(gate.beside(kA), b.mul(gate.beside(kB)))
                    .add(c.fma(gate.beside(kC), d.mul(gate.beside(kD))));
            setFloat(rowSums + (long) i * SIZE, Vectors.sum(row));
        }
        store(sumA, columnSums, inA);
        store(sumB, columnSums + STEP, inB);
        store(sumC, columnSums + 2 * STEP, inC);
        store(sumD, columnSums + 3 * STEP, inD);
    }

    private static float gradientsOfRow(Gate gate, long dy, long x, int from, int cols,
            VectorMask<Float> tail, FloatVector f, long k, long columnSums) {
        int whole = cols - cols % LANES;
        FloatVector sum = FloatVector.zero(FLOATS);
        int j = from;
        for (; j < whole; j += LANES) {
            long at = (long) j * SIZE;
            FloatVector column = load(k + at);
            FloatVector e = gate.gradient(load(dy + at).mul(load(x + at)), f, column);
            sum = e.fma(gate.beside(column), sum);
            store(e.fma(gate.beside(f), load(columnSums + at)), columnSums + at);
        }
        if (j < cols) {
            long at = (long) j * SIZE;
            FloatVector column = load(k + at, tail);
            FloatVector e = gate.gradient(load(dy + at, tail).mul(load(x + at, tail)), f, column);
            sum = e.fma(gate.beside(column), sum);
            store(e.fma(gate.beside(f), load(columnSums + at, tail)), columnSums + at, tail);
        }
        return Vectors.sum(sum);
    }

    private static void gradientsOfFourRows(Gate gate, long dy, long x, int cols, VectorMask<Float> tail,
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
            FloatVector toRow = gate.beside(column);
            FloatVector e = gate.gradient(load(dy + at).mul(load(x + at)), f, column);
            a = e.fma(toRow, a);
            FloatVector sum = e.fma(gate.beside(f), load(columnSums + at));
            e = gate.gradient(load(dy + next + at).mul(load(x + next + at)), g, column);
            b = e.fma(toRow, b);
            sum = e.fma(gate.beside(g), sum);
            e = gate.gradient(load(dy + 2 * next + at).mul(load(x + 2 * next + at)), h, column);
            c = e.fma(toRow, c);
            sum = e.fma(gate.beside(h), sum);
            e = gate.gradient(load(dy + 3 * next + at).mul(load(x + 3 * next + at)), m, column);
            d = e.fma(toRow, d);
            store(e.fma(gate.beside(m), sum), columnSums + at);
        }
        setFloat(rowSums, Vectors.sum(a));
        setFloat(rowSums + SIZE, Vectors.sum(b));
        setFloat(rowSums + 2 * SIZE, Vectors.sum(c));
        setFloat(rowSums + 3 * SIZE, Vectors.sum(d));
        for (int i = 0; i < 4 && whole < cols; i++) {
            float rest = gradientsOfRow(gate, dy + i * next, x + i * next, whole, cols, tail, factor(factors, i), k,
                    columnSums);
            addFloat(rowSums + (long) i * SIZE, rest);
        }
    }

    /** {@code dx_ij = dy_ij f + a_i b_j + c_i d_j}, {@code f} being the gate's factor. */
    static void inputGradient(Gate gate, long dy, int rows, int cols, long r, long k, long a, long b, long c, long d,
            long dx) {
        int whole = cols - cols % LANES;
        VectorMask<Float> tail = tail(cols);
        for (int i = 0; i < rows; i++) {
            long row = dy + (long) i * cols * SIZE;
            long out = dx + (long) i * cols * SIZE;
            FloatVector f = factor(r, i);
            FloatVector av = factor(a, i);
            FloatVector cv = factor(c, i);
            int j = 0;
            for (; j < whole; j += LANES) {
                long at = (long) j * SIZE;
                FloatVector pooled = cv.fma(load(d + at), av.mul(load(b + at)));
                store(load(row + at).fma(gate.factor(f, load(k + at)), pooled), out + at);
            }
            if (j < cols) {
                long at = (long) j * SIZE;
                FloatVector pooled = cv.fma(load(d + at, tail), av.mul(load(b + at, tail)));
                store(load(row + at, tail).fma(gate.factor(f, load(k + at, tail)), pooled), out + at, tail);
            }
        }
    }
}
