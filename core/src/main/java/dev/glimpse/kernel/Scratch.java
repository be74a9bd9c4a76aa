package dev.glimpse.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A thread's own blocks of float32 numbers, which it keeps. */
final class Scratch {
    private static final int BLOCKS = 5;
    private static final int ALIGNMENT = 64;
    private static final ThreadLocal<Scratch> OWN = ThreadLocal.withInitial(Scratch::new);

    private final MemorySegment[] blocks = new MemorySegment[BLOCKS];

    /** The address of a block of at least so many numbers. */
    static long block(int number, int floats) {
        Scratch own = OWN.get();
        MemorySegment block = own.blocks[number];
        long bytes = (long) floats * Float.BYTES;
        if (block == null || block.byteSize() < bytes) {
            block = Arena.ofAuto().allocate(bytes, ALIGNMENT);
            own.blocks[number] = block;
        }
        return block.address();
    }
}
