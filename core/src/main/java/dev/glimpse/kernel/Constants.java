package dev.glimpse.kernel;

import java.lang.foreign.Arena;

/** The same number over and over, for loops that want a vector where there is none: a block that only grows. */
final class Constants {
    private static final int ALIGNMENT = 64;
    private static final int LEAST = 1 << 12;

    private final float value;
    private long address;
    private int count;

    Constants(float value) {
        this.value = value;
    }

    /** So many of them, the same for all images. Earlier addresses stay good. */
    synchronized Numbers numbers(int wanted) {
        if (wanted > count) {
            count = Math.max(Math.max(LEAST, wanted), Math.multiplyExact(count, 2));
            address = Arena.global().allocate((long) count * Float.BYTES, ALIGNMENT).address();
            Rows.fill(address, count, value);
        }
        return new Numbers(null, address, 0);
    }
}
