package dev.glimpse.attention;

/**
 * A layer that its authors let start as the identity: a last factor of zero keeps what it computes from its output. Where
 * {@link IdentityStart} has that part already, the layer gives it up, since two factors of zero would never leave zero.
 */
interface StartsAsIdentity {
    /** Lets the layer add what it computes, as if it had been trained. */
    void open();

    /**
     * Multiplies what the layer adds to its input, so that {@code x + f(x)} becomes {@code x + factor * f(x)}.
     *
     * @return false for a layer that is more than its input and one addition; it is then as it was
     */
    boolean scale(double factor);
}
