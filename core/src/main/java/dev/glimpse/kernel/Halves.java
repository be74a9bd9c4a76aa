package dev.glimpse.kernel;

import static dev.glimpse.kernel.Vectors.INTS;
import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.MEMORY;
import static dev.glimpse.kernel.Vectors.ORDER;
import static dev.glimpse.kernel.Vectors.rounded;
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

    /** bfloat16 to float32. */
    static void widen(long from, int count, long to) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            IntVector bits = ShortVector.fromMemorySegment(SHORTS, MEMORY, from + 2L * i, ORDER)
                    .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0).reinterpretAsInts();
            store(bits.lanewise(VectorOperators.LSHL, 16), to + 4L * i);
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
            FloatVector v = rounded(Vectors.load(from + 4L * i));
            ShortVector halves = (ShortVector) v.reinterpretAsInts().lanewise(VectorOperators.LSHR, 16)
                    .convertShape(VectorOperators.I2S, SHORTS, 0);
            halves.intoMemorySegment(MEMORY, to + 2L * i, ORDER);
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

    /** Multiplies a block's elements by their rows' and their columns' factors and rounds them to bfloat16, in float32. */
    static void multiply(long block, int rows, int cols, long r, long k) {
        GateRows.multiplyRowsFirst(block, rows, cols, r, k, block);
        round(block, rows * cols);
    }

    /** Rounds float32 numbers to bfloat16, where they are. */
    static void round(long numbers, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(rounded(Vectors.load(numbers + 4L * i)), numbers + 4L * i);
        }
        for (; i < count; i++) {
            Vectors.setFloat(numbers + 4L * i,
                    Float.intBitsToFloat(bfloat16(Vectors.getFloat(numbers + 4L * i)) << 16));
        }
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
