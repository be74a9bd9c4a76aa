package dev.glimpse.app.bench;

import java.util.Locale;

/** What is timed. */
public enum Pass {
    /** In inference: no gradients. */
    FORWARD,
    /** Forward and backward in training mode. */
    TRAIN;

    /** As it is typed. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
