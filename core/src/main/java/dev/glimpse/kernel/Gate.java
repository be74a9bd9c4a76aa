package dev.glimpse.kernel;

/** How a channel's number c and a position's number s gate the element x where they cross. */
enum Gate {
    /** {@code x c s} */
    PRODUCT,
    /** {@code x c + x s} */
    SUM,
    /** {@code x + c + s} */
    SHIFT,
    /** {@code x + x sigmoid(c s)} */
    SIGMOID_OF_PRODUCT,
    /** {@code x + x sigmoid(c + s)} */
    SIGMOID_OF_SUM;

    /** Whether the two make one gate by a sigmoid. */
    boolean squashes() {
        return this == SIGMOID_OF_PRODUCT || this == SIGMOID_OF_SUM;
    }
}
