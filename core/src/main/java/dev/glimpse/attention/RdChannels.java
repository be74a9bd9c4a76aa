package dev.glimpse.attention;

/** timm's rule for hidden widths: a share of the channels, rounded to a multiple of a divisor. */
final class RdChannels {
    private RdChannels() {}

    /**
     * @param ratio the share
     * @param divisor the width is a multiple of it, and no less
     * @param limit one more multiple is added where rounding left less than this part of the share; 0 for never
     */
    static long of(long channels, double ratio, long divisor, double limit) {
        double share = channels * ratio;
        long rounded = Math.max(divisor, (long) (share + divisor / 2.0) / divisor * divisor);
        return rounded < limit * share ? rounded + divisor : rounded;
    }
}
