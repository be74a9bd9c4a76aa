package dev.glimpse.kernel;

import static dev.glimpse.kernel.Vectors.INTS;
import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.MEMORY;
import static dev.glimpse.kernel.Vectors.ORDER;
import static dev.glimpse.kernel.Vectors.store;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Between bfloat16 in memory and the float32 that is computed with: a bfloat16 is the upper half of a float32. */
final class Halves {
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(Math.max(64, Vectors.BITS / 2)));

    private Halves() {}

    /** A vector of bfloat16, as float32. */
    private static FloatVector load(long halves) {
        IntVector bits = (IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, halves, ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
        return bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /** A vector of float32, to the nearest bfloat16. */
    private static void put(FloatVector v, long halves) {
        ShortVector upper = (ShortVector) Vectors.rounded(v).reinterpretAsInts().lanewise(VectorOperators.LSHR, 16)
                .convertShape(VectorOperators.I2S, SHORTS, 0);
        upper.intoMemorySegment(MEMORY, halves, ORDER);
    }

    /** bfloat16 to float32. */
    static void widen(long from, int count, long to) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(load(from + 2L * i), to + 4L * i);
        }
        for (; i < count; i++) {
            int bits = MEMORY.get(ValueLayout.JAVA_SHORT_UNALIGNED, from + 2L * i) << 16;
            Vectors.setInt(to + 4L * i, bits);
        }
    }

    /** float32 to the nearest bfloat16. */
    static void narrow(long from, int count, long to) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            put(Vectors.load(from + 4L * i), to + 2L * i);
        }
        for (; i < count; i++) {
            float v = Vectors.getFloat(from + 4L * i);
            MEMORY.set(ValueLayout.JAVA_SHORT_UNALIGNED, to + 2L * i, bfloat16(v));
        }
    }

    static short bfloat16(float v) {
        int bits = Float.floatToRawIntBits(v);
        return (short) (Float.isNaN(v) ? bits >>> 16 | 0x40 : bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    /** {@code y_ij = (x_ij r_i) k_j}, of bfloat16 to float32 that bfloat16 can hold. */
    static void products(long x, int rows, int cols, long r, long k, long y) {
        int whole = cols - cols % LANES;
        for (int i = 0; i < rows; i++) {
            long in = x + 2L * i * cols;
            long out = y + 4L * i * cols;
            FloatVector f = Rows.factor(r, i);
            for (int j = 0; j < whole; j += LANES) {
                store(Vectors.rounded(load(in + 2L * j).mul(f).mul(Vectors.load(k + 4L * j))), out + 4L * j);
            }
            for (int j = whole; j < cols; j++) {
                float product = get(in + 2L * j) * Vectors.getFloat(r + 4L * i) * Vectors.getFloat(k + 4L * j);
                Vectors.setFloat(out + 4L * j, rounded(product));
            }
        }
    }

    /** {@code y_ij = (x_ij r_i) k_j}, of bfloat16 to bfloat16. */
    static void multiplyRowsFirst(long x, int rows, int cols, long r, long k, long y) {
        int whole = cols - cols % LANES;
        for (int i = 0; i < rows; i++) {
            long row = 2L * i * cols;
            FloatVector f = Rows.factor(r, i);
            for (int j = 0; j < whole; j += LANES) {
                long at = row + 2L * j;
                put(load(x + at).mul(f).mul(Vectors.load(k + 4L * j)), y + at);
            }
            for (int j = whole; j < cols; j++) {
                long at = row + 2L * j;
                set(y + at, get(x + at) * Vectors.getFloat(r + 4L * i) * Vectors.getFloat(k + 4L * j));
            }
        }
    }

    /** {@code y_ij = (x_ij k_j) r_i}, of bfloat16 to bfloat16. */
    static void multiplyColumnsFirst(long x, int rows, int cols, long r, long k, long y) {
        int whole = cols - cols % LANES;
        for (int i = 0; i < rows; i++) {
            long row = 2L * i * cols;
            FloatVector f = Rows.factor(r, i);
            for (int j = 0; j < whole; j += LANES) {
                long at = row + 2L * j;
                put(load(x + at).mul(Vectors.load(k + 4L * j)).mul(f), y + at);
            }
            for (int j = whole; j < cols; j++) {
                long at = row + 2L * j;
                set(y + at, get(x + at) * Vectors.getFloat(k + 4L * j) * Vectors.getFloat(r + 4L * i));
            }
        }
    }

    /** Rounds float32 numbers to bfloat16, where they are. */
    static void round(long numbers, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(Vectors.rounded(Vectors.load(numbers + 4L * i)), numbers + 4L * i);
        }
        for (; i < count; i++) {
            Vectors.setFloat(numbers + 4L * i, rounded(Vectors.getFloat(numbers + 4L * i)));
        }
    }

    private static float rounded(float v) {
        return Float.intBitsToFloat(bfloat16(v) << 16);
    }

    static float get(long address) {
        return Float.intBitsToFloat(MEMORY.get(ValueLayout.JAVA_SHORT_UNALIGNED, address) << 16);
    }

    static void set(long address, float value) {
        MEMORY.set(ValueLayout.JAVA_SHORT_UNALIGNED, address, bfloat16(value));
    }

    /** Adds to one number in memory. */
    static void add(long address, float more) {
        set(address, get(address) + more);
    }
}
