package dev.glimpse.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vectors over native memory, by address.
 *
 * <p>
 * Addresses are those of tensors that are held elsewhere; sizes were checked before. Whoever loads this class needs the
 * module {@code jdk.incubator.vector}: {@link Kernels} asks first.
 */
final class Vectors {
    static final int BITS = bits();
    static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
    static final int LANES = FLOATS.length();
    static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** All memory: a segment for each tensor would be checked at each access, and allocated. */
    @SuppressWarnings("restricted") // addresses come from libtorch, with the sizes that the callers keep to
    static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private Vectors() {}

    private static int bits() {
        int preferred = Math.min(512, FloatVector.SPECIES_PREFERRED.vectorBitSize());
        int wanted = Integer.getInteger(Kernels.VECTOR_BITS, preferred);
        if (wanted != 128 && wanted != 256 && wanted != 512) {
            throw new IllegalArgumentException(
                    Kernels.VECTOR_BITS + " is " + wanted + ", must be 128, 256 or 512");
        }
        return wanted;
    }

    static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(FLOATS, MEMORY, address, ORDER);
    }

    static FloatVector load(long address, VectorMask<Float> lanes) {
        return FloatVector.fromMemorySegment(FLOATS, MEMORY, address, ORDER, lanes);
    }

    static void store(FloatVector v, long address) {
        v.intoMemorySegment(MEMORY, address, ORDER);
    }

    static void store(FloatVector v, long address, VectorMask<Float> lanes) {
        v.intoMemorySegment(MEMORY, address, ORDER, lanes);
    }

    static IntVector loadInts(long address) {
        return IntVector.fromMemorySegment(INTS, MEMORY, address, ORDER);
    }

    static IntVector loadInts(long address, VectorMask<Integer> lanes) {
        return IntVector.fromMemorySegment(INTS, MEMORY, address, ORDER, lanes);
    }

    static void store(IntVector v, long address) {
        v.intoMemorySegment(MEMORY, address, ORDER);
    }

    static void store(IntVector v, long address, VectorMask<Integer> lanes) {
        v.intoMemorySegment(MEMORY, address, ORDER, lanes);
    }

    /** The lanes that are left of so many numbers after whole vectors. */
    static VectorMask<Float> tail(int count) {
        return lanes(count % LANES);
    }

    /**
     * As many lanes as there are numbers left, from none to all. By its bits: a mask that is made by comparing indices is an
     * object to the compiler, and read again wherever it is used.
     */
    static VectorMask<Float> lanes(int left) {
        return VectorMask.fromLong(FLOATS, (1L << Math.clamp(left, 0, LANES)) - 1);
    }

    static float getFloat(long address) {
        return MEMORY.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
    }

    static void setFloat(long address, float value) {
        MEMORY.set(ValueLayout.JAVA_FLOAT_UNALIGNED, address, value);
    }

    static void addFloat(long address, float more) {
        setFloat(address, getFloat(address) + more);
    }

    static int getInt(long address) {
        return MEMORY.get(ValueLayout.JAVA_INT_UNALIGNED, address);
    }

    static void setInt(long address, int value) {
        MEMORY.set(ValueLayout.JAVA_INT_UNALIGNED, address, value);
    }

    private static final VectorShuffle<Float> BY_8 = shiftedBy(8);
    private static final VectorShuffle<Float> BY_4 = shiftedBy(4);
    private static final VectorShuffle<Float> BY_2 = shiftedBy(2);
    private static final VectorShuffle<Float> BY_1 = shiftedBy(1);

    private static VectorShuffle<Float> shiftedBy(int lanes) {
        return VectorShuffle.iota(FLOATS, lanes, 1, true);
    }

    /**
     * The sum of all lanes, halves first: {@code reduceLanes} adds in another order once it is compiled, and the same input
     * must give the same bits.
     */
    static float sum(FloatVector v) {
        if (LANES == 16) {
            v = v.add(v.rearrange(BY_8));
        }
        if (LANES >= 8) {
            v = v.add(v.rearrange(BY_4));
        }
        v = v.add(v.rearrange(BY_2));
        return v.add(v.rearrange(BY_1)).lane(0);
    }

    /** Rounds float32 to the nearest bfloat16, ties to even, as a float32; what is no number stays none. */
    static FloatVector rounded(FloatVector v) {
        IntVector bits = v.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).lanewise(VectorOperators.AND, 1);
        IntVector up = bits.add(odd).add(0x7fff).lanewise(VectorOperators.AND, 0xffff0000);
        return up.reinterpretAsFloats().blend(v, v.test(VectorOperators.IS_NAN));
    }

    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    /** Added to a float and taken off again, it rounds to a whole number, which its bits show meanwhile. */
    private static final float ROUNDING = 1.5f * (1 << 23);
    private static final float MOST = 88;
    /** From here on exponentials are infinite. */
    private static final float INFINITE = 88.7228394f;

    private static FloatVector all(float value) {
        return FloatVector.broadcast(FLOATS, value);
    }

    /** {@code 1 / (1 + exp(-v))} to about a bit, by the same steps whether it is compiled or not; NaN stays NaN. */
    static FloatVector sigmoid(FloatVector v) {
        FloatVector x = v.neg();
        x = x.blend(MOST, x.compare(VectorOperators.GT, MOST));
        x = x.blend(-MOST, x.compare(VectorOperators.LT, -MOST));
        FloatVector rounded = x.fma(LOG2_E, ROUNDING);
        FloatVector twos = rounded.sub(ROUNDING);
        FloatVector r = twos.fma(all(-LN2_LOW), twos.fma(all(-LN2_HIGH), x)); // -ln 2 / 2 to ln 2 / 2
        FloatVector p = r.fma(1 / 720f, 1 / 120f);
        p = p.fma(r, all(1 / 24f));
        p = p.fma(r, all(1 / 6f));
        p = p.fma(r, all(0.5f));
        p = p.fma(r.mul(r), r).add(1);
        IntVector power = rounded.reinterpretAsInts().sub(Float.floatToRawIntBits(ROUNDING) - 127)
                .lanewise(VectorOperators.LSHL, 23);
        FloatVector exponential = p.mul(power.reinterpretAsFloats());
        return all(1).div(exponential.add(1))
                .blend(0, v.compare(VectorOperators.LT, -INFINITE));
    }
}
