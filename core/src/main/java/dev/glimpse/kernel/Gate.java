package dev.glimpse.kernel;

/** How a channel's number c and a position's number s gate the element x where they cross. */
enum Gate {
    /** {@code x c s} */
    PRODUCT,
    /** {@code x c + x s} */
    SUM,
    /** {@code x + c + s} */
    SHIFT
}
