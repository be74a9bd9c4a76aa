package dev.glimpse.train;

/**
 * How well a network does on labelled images.
 *
 * @param loss mean cross entropy
 * @param correct how many of each class were right
 * @param images how many of each class there were
 */
public record Score(double loss, long[] correct, long[] images) {
    /** Share of images that were right, in 0 to 1. */
    public double accuracy() {
        return total(images) == 0 ? Double.NaN : (double) total(correct) / total(images);
    }

    /** How many images there were. */
    public long count() {
        return total(images);
    }

    private static long total(long[] counts) {
        long total = 0;
        for (long count : counts) {
            total += count;
        }
        return total;
    }
}
