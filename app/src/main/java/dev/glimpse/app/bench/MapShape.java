package dev.glimpse.app.bench;

import dev.glimpse.nn.Memory;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The size of a feature map or of a batch of images. */
public record MapShape(long batch, long channels, long height, long width) {
    private static final Pattern TYPED =
            Pattern.compile("([1-9]\\d{0,5})x([1-9]\\d{0,5})x([1-9]\\d{0,5})x([1-9]\\d{0,5})");

    /**
     * @param option the name of the option, for the message
     * @param text as in 32x256x56x56
     */
    public static MapShape parse(String option, String text) {
        Matcher sides = TYPED.matcher(text);
        if (!sides.matches()) {
            throw new IllegalArgumentException(option + " is '" + text + "', not BxCxHxW as in 32x256x56x56");
        }
        return new MapShape(Long.parseLong(sides.group(1)), Long.parseLong(sides.group(2)),
                Long.parseLong(sides.group(3)), Long.parseLong(sides.group(4)));
    }

    long[] sizes() {
        return new long[]{batch, channels, height, width};
    }

    /** The input, its copy, a result or two and their gradients at least; modules ask for what they need beside. */
    void requireMemory(String name) {
        double bytes = 6.0 * Float.BYTES * batch * channels * height * width;
        Memory.require(name, (long) Math.min(Long.MAX_VALUE, bytes), "use a smaller shape");
    }

    @Override
    public String toString() {
        return batch + "x" + channels + "x" + height + "x" + width;
    }
}
