package dev.glimpse.data;

/**
 * By how much images and their masks are changed at random, alike, for training.
 *
 * @param leastScale least factor by which they are scaled, above 0
 * @param mostScale greatest, at least {@code leastScale}
 * @param mirror whether every other one is mirrored
 * @param turn whether they are turned by quarters: for what has no upright, as cells
 * @param elastic standard deviation, in pixels, of the 3 x 3 random shifts between which positions are shifted smoothly;
 *        10 in the U-Net paper, 0 for none
 * @param jitter by how much contrast and brightness change at most: 0.2 multiplies by 0.8 to 1.2 and adds -0.2 to 0.2
 *        standard deviations
 */
public record Deformation(double leastScale, double mostScale, boolean mirror, boolean turn, double elastic,
        double jitter) {
    /** Scaled by 3/4 to 5/4 and mirrored. */
    public static final Deformation USUAL = new Deformation(0.75, 1.25, true, false, 0, 0.1);
    /** A random part alone. */
    public static final Deformation PART = new Deformation(1, 1, false, false, 0, 0);
    /** As the U-Net paper has it, for pictures from a microscope. */
    public static final Deformation MICROSCOPE = new Deformation(0.9, 1.1, true, true, 10, 0.1);

    public Deformation {
        if (!(leastScale > 0 && mostScale >= leastScale && mostScale < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("scales are " + leastScale + " to " + mostScale
                    + ", must be above 0 and the second at least the first");
        }
        if (!(elastic >= 0 && elastic < Double.POSITIVE_INFINITY && jitter >= 0 && jitter < 1)) {
            throw new IllegalArgumentException(
                    "elastic is " + elastic + " and jitter " + jitter + "; must be at least 0, jitter below 1");
        }
    }
}
