package dev.glimpse.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;

/**
 * Hides a rectangle of a normalised picture: Zhong, Zheng, Kang, Li and Yang, <i>Random Erasing Data Augmentation</i>,
 * AAAI 2020, <a href="https://arxiv.org/abs/1708.04896">arXiv:1708.04896</a>; with timm's ways of filling it.
 *
 * @param probability of each image
 * @param fill what is put there
 * @param count rectangles, which share the area
 * @param minArea smallest share of the picture
 * @param maxArea largest share
 */
public record RandomErasing(double probability, Fill fill, int count, double minArea, double maxArea) {
    private static final int DRAWS = 10;
    private static final double LOG_ASPECT = Math.log(1 / 0.3);

    /** What is put in a rectangle's place. */
    public enum Fill {
        /** The mean colour. */
        CONST,
        /** A normally distributed colour. */
        RAND,
        /** A normally distributed colour for each pixel. */
        PIXEL
    }

    public RandomErasing {
        Augmentation.probability("erasing", probability);
        if (count < 1) {
            throw new IllegalArgumentException("erasing " + count + " rectangles; expected at least 1");
        }
        if (!(minArea > 0 && minArea <= maxArea && maxArea < 1)) {
            throw new IllegalArgumentException(
                    "erasing " + minArea + " to " + maxArea + " of the area; expected 0 < smallest <= largest < 1");
        }
    }

    /** One rectangle of 2 to 33 % of the picture. */
    public static RandomErasing usual(double probability, Fill fill) {
        return new RandomErasing(probability, fill, 1, 0.02, 1 / 3.0);
    }

    /** @param image (C, S, S) floats */
    void apply(MemorySegment image, int channels, int side, RandomGenerator random) {
        if (random.nextDouble() >= probability) {
            return;
        }
        for (int i = 0; i < count; i++) {
            for (int draw = 0; draw < DRAWS; draw++) {
                double area = side * side * (minArea + (maxArea - minArea) * random.nextDouble()) / count;
                double aspect = Math.exp(LOG_ASPECT * (2 * random.nextDouble() - 1));
                int height = (int) Math.round(Math.sqrt(area * aspect));
                int width = (int) Math.round(Math.sqrt(area / aspect));
                if (width < side && height < side) {
                    fill(image, channels, side, new Area(random.nextInt(side - width + 1),
                            random.nextInt(side - height + 1), width, height), random);
                    break;
                }
            }
        }
    }

    private void fill(MemorySegment image, int channels, int side, Area area, RandomGenerator random) {
        for (int c = 0; c < channels; c++) {
            float colour = fill == Fill.CONST ? 0 : (float) random.nextGaussian();
            for (int y = area.top(); y < area.bottom(); y++) {
                long row = ((long) c * side + y) * side + area.left();
                for (int x = 0; x < area.width(); x++) {
                    image.setAtIndex(ValueLayout.JAVA_FLOAT, row + x,
                            fill == Fill.PIXEL ? (float) random.nextGaussian() : colour);
                }
            }
        }
    }
}
