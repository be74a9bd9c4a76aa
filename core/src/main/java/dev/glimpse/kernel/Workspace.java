package dev.glimpse.kernel;

import org.bytedeco.javacpp.BytePointer;

/**
 * Memory that is asked for once and then given out from front to back; it belongs to the scope that is open when it is made.
 *
 * <p>
 * It is not a tensor's: those begin at whole cache lines, which glibc grants from more memory than is asked for, so that what
 * one of them leaves behind is too little for the next of its size, and the process grows.
 */
final class Workspace {
    private static final int LINE = 64;
    private final BytePointer memory;
    private final long end;
    private long next;

    /** @param floats how many numbers are going to be taken, each taking filled up by {@link #filled} */
    Workspace(long floats) {
        memory = new BytePointer(floats * Float.BYTES + LINE);
        next = Math.ceilDiv(memory.address(), (long) LINE) * LINE;
        end = next + floats * Float.BYTES;
    }

    /** How many numbers a taking of so many uses up. */
    static long filled(long floats) {
        long line = LINE / Float.BYTES;
        return Math.ceilDiv(floats, line) * line;
    }

    /** As many numbers for each image, not set. */
    Numbers take(int images, int each) {
        Numbers taken = new Numbers(null, next, each);
        next += filled((long) images * each) * Float.BYTES;
        if (next > end) {
            throw new IllegalStateException("a workspace is " + (next - end) + " bytes too small");
        }
        return taken;
    }

    /** Takes back, after a work, what that took. */
    void during(Runnable work) {
        long before = next;
        work.run();
        next = before;
    }

    /** Frees it before the scope around does. */
    void letGo() {
        memory.close();
    }
}
