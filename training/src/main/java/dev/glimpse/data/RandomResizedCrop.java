package dev.glimpse.data;

import java.util.random.RandomGenerator;

/**
 * A part of random area and shape, to be scaled to a square: Szegedy et al., <i>Going Deeper with Convolutions</i>, CVPR
 * 2015, <a href="https://arxiv.org/abs/1409.4842">arXiv:1409.4842</a>.
 *
 * <p>
 * The area is uniform, the shape's logarithm too; where ten draws do not fit, the largest central part of an allowed
 * shape is taken, as in torchvision.
 *
 * @param minScale smallest share of the picture's area, above 0
 * @param maxScale largest share, at most 1
 * @param minRatio smallest width over height
 * @param maxRatio largest width over height
 */
public record RandomResizedCrop(double minScale, double maxScale, double minRatio, double maxRatio) {
    private static final int DRAWS = 10;

    public RandomResizedCrop {
        if (!(minScale > 0 && minScale <= maxScale && maxScale <= 1)) {
            throw new IllegalArgumentException(
                    "scale " + minScale + " to " + maxScale + "; expected 0 < smallest <= largest <= 1");
        }
        if (!(minRatio > 0 && minRatio <= maxRatio && maxRatio < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "ratio " + minRatio + " to " + maxRatio + "; expected 0 < smallest <= largest");
        }
    }

    /** 8 to 100 % of the area, 3:4 to 4:3. */
    public static RandomResizedCrop usual() {
        return new RandomResizedCrop(0.08, 1, 3 / 4.0, 4 / 3.0);
    }

    Area area(int width, int height, RandomGenerator random) {
        for (int i = 0; i < DRAWS; i++) {
            double pixels = (double) width * height * (minScale + (maxScale - minScale) * random.nextDouble());
            double ratio = Math.exp(Math.log(minRatio) + Math.log(maxRatio / minRatio) * random.nextDouble());
            long w = Math.round(Math.sqrt(pixels * ratio));
            long h = Math.round(Math.sqrt(pixels / ratio));
            if (w > 0 && w <= width && h > 0 && h <= height) {
                return new Area(random.nextInt(width - (int) w + 1), random.nextInt(height - (int) h + 1), (int) w,
                        (int) h);
            }
        }
        double ratio = Math.clamp((double) width / height, minRatio, maxRatio);
        int w = Math.clamp(Math.round(height * ratio), 1, width);
        int h = Math.clamp(Math.round(width / ratio), 1, height);
        return new Area((width - w) / 2, (height - h) / 2, w, h);
    }
}
