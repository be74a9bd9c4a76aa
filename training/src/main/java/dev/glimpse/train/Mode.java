package dev.glimpse.train;

import java.util.Locale;

/** In which numbers and which order in memory a network computes; its parameters stay float32. */
public record Mode(Precision precision, Layout layout) {
    /** What everything can do. */
    public static final Mode PLAIN = new Mode(Precision.FP32, Layout.NCHW);

    /** The type of a forward's numbers. */
    public enum Precision {
        /** float32. */
        FP32,
        /** bfloat16 where libtorch's autocast finds it safe, else float32. */
        BF16
    }

    /** The order in memory of maps (B, C, H, W). */
    public enum Layout {
        /** A channel behind the other. */
        NCHW,
        /** All channels of a position together: channels-last. */
        NHWC
    }

    /** {@code bf16 nhwc}. */
    @Override
    public String toString() {
        return (precision + " " + layout).toLowerCase(Locale.ROOT);
    }
}
