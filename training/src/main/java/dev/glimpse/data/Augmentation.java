package dev.glimpse.data;

/**
 * What happens to training images by chance; each choice is drawn from the seed, the epoch and the image's number.
 *
 * <p>
 * A part of the picture is cut out, or the central square with a border; it is mirrored; then come the others in the
 * order they stand in here. What is null, and a chance of 0, is left out.
 *
 * @param crop a part of random size, or null for the largest central square
 * @param padding pixels of border round the square, from which a random square is cut; 0 with {@code crop}
 * @param flip chance of being mirrored left to right
 * @param verticalFlip chance of being mirrored top to bottom
 * @param jitter of colours
 * @param operations some of many, drawn at random
 * @param erasing of a rectangle, after normalising
 * @param mixing of the images of a batch, which is done by whoever trains
 */
public record Augmentation(RandomResizedCrop crop, int padding, double flip, double verticalFlip, ColourJitter jitter,
        RandAugment operations, RandomErasing erasing, Mixing mixing) {
    public Augmentation {
        if (padding < 0 || crop != null && padding > 0) {
            throw new IllegalArgumentException(
                    "padding " + padding + "; expected at least 0, and 0 where random parts are cut out");
        }
        probability("flip", flip);
        probability("vertical flip", verticalFlip);
    }

    /** The central square as it is. */
    public static Augmentation none() {
        return new Augmentation(null, 0, 0, 0, null, null, null, null);
    }

    /** A border of an eighth of the side, and mirrored every other time: for small pictures. */
    public static Augmentation shifted(int size) {
        return new Augmentation(null, size / 8, 0.5, 0, null, null, null, null);
    }

    /** A part of random size and shape, mirrored every other time: for photographs. */
    public static Augmentation cropped() {
        return new Augmentation(RandomResizedCrop.usual(), 0, 0.5, 0, null, null, null, null);
    }

    static void probability(String what, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException("the chance of " + what + " is " + value + ", must be in 0 to 1");
        }
    }
}
