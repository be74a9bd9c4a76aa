package dev.glimpse.nn;

/**
 * How a convolution's kernel moves over its input, and whether it adds a bias.
 *
 * @param stride steps between outputs
 * @param padding zeros added at each border
 * @param dilation distance between the kernel's taps
 * @param groups channel groups that do not mix
 * @param bias whether a bias is learned
 */
public record Window(long stride, long padding, long dilation, long groups, boolean bias) {
    /** PyTorch's defaults: stride 1, no padding, dilation 1, one group, a bias. */
    public static final Window DEFAULT = new Window(1, 0, 1, 1, true);

    public static Window stride(long stride) {
        return DEFAULT.withStride(stride);
    }

    public static Window padding(long padding) {
        return new Window(1, padding, 1, 1, true);
    }

    /** The default window without a bias. */
    public static Window unbiased() {
        return DEFAULT.withBias(false);
    }

    public Window withStride(long newStride) {
        return new Window(newStride, padding, dilation, groups, bias);
    }

    public Window withPadding(long newPadding) {
        return new Window(stride, newPadding, dilation, groups, bias);
    }

    public Window withDilation(long newDilation) {
        return new Window(stride, padding, newDilation, groups, bias);
    }

    public Window withGroups(long newGroups) {
        return new Window(stride, padding, dilation, newGroups, bias);
    }

    public Window withBias(boolean newBias) {
        return new Window(stride, padding, dilation, groups, newBias);
    }

    /** For {@code padding(3).noBias()}. */
    public Window noBias() {
        return withBias(false);
    }
}
