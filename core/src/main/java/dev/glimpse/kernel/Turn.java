package dev.glimpse.kernel;

import static dev.glimpse.kernel.Vectors.MEMORY;
import static dev.glimpse.kernel.Vectors.ORDER;
import static dev.glimpse.kernel.Vectors.getFloat;
import static dev.glimpse.kernel.Vectors.setFloat;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Rows become columns: float32 numbers at an address, with as many numbers from one row to the next as a stride says. */
final class Turn {
    private static final int SIZE = Float.BYTES;
    private static final int SIDE = 4;
    private static final VectorSpecies<Float> FOUR = FloatVector.SPECIES_128;
    private static final VectorShuffle<Float> BY_TWO = VectorShuffle.fromValues(FOUR, 2, 3, 0, 1);
    private static final VectorShuffle<Float> BY_ONE = VectorShuffle.fromValues(FOUR, 1, 0, 3, 2);
    private static final VectorMask<Float> RIGHT = VectorMask.fromValues(FOUR, false, false, true, true);
    private static final VectorMask<Float> LEFT = RIGHT.not();
    private static final VectorMask<Float> ODD = VectorMask.fromValues(FOUR, false, true, false, true);
    private static final VectorMask<Float> EVEN = ODD.not();

    private Turn() {}

    /** {@code to_ji = from_ij}. */
    static void turn(long from, int fromStride, int rows, int cols, long to, int toStride) {
        long next = (long) fromStride * SIZE;
        long nextOut = (long) toStride * SIZE;
        int i = 0;
        for (; i <= rows - SIDE; i += SIDE) {
            long at = from + i * next;
            long out = to + (long) i * SIZE;
            int j = 0;
            for (; j <= cols - SIDE; j += SIDE) {
                square(at, next, out, nextOut);
                at += SIDE * SIZE;
                out += SIDE * nextOut;
            }
            rest(at, next, SIDE, cols - j, out, nextOut);
        }
        rest(from + i * next, next, rows - i, cols, to + (long) i * SIZE, nextOut);
    }

    /** Halves of rows change places with those two rows on, then single numbers with those of the next row. */
    private static void square(long from, long next, long to, long nextOut) {
        FloatVector a = FloatVector.fromMemorySegment(FOUR, MEMORY, from, ORDER);
        FloatVector b = FloatVector.fromMemorySegment(FOUR, MEMORY, from + next, ORDER);
        FloatVector c = FloatVector.fromMemorySegment(FOUR, MEMORY, from + 2 * next, ORDER);
        FloatVector d = FloatVector.fromMemorySegment(FOUR, MEMORY, from + 3 * next, ORDER);
        FloatVector ac = a.blend(c.rearrange(BY_TWO), RIGHT);
        FloatVector bd = b.blend(d.rearrange(BY_TWO), RIGHT);
        FloatVector ca = c.blend(a.rearrange(BY_TWO), LEFT);
        FloatVector db = d.blend(b.rearrange(BY_TWO), LEFT);
        ac.blend(bd.rearrange(BY_ONE), ODD).intoMemorySegment(MEMORY, to, ORDER);
        bd.blend(ac.rearrange(BY_ONE), EVEN).intoMemorySegment(MEMORY, to + nextOut, ORDER);
        ca.blend(db.rearrange(BY_ONE), ODD).intoMemorySegment(MEMORY, to + 2 * nextOut, ORDER);
        db.blend(ca.rearrange(BY_ONE), EVEN).intoMemorySegment(MEMORY, to + 3 * nextOut, ORDER);
    }

    private static void rest(long from, long next, int rows, int cols, long to, long nextOut) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < cols; j++) {
                setFloat(to + j * nextOut + (long) i * SIZE, getFloat(from + i * next + (long) j * SIZE));
            }
        }
    }
}
