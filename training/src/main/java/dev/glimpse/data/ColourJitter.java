package dev.glimpse.data;

import java.util.random.RandomGenerator;

/**
 * Changes colours by chance, in a random order: torchvision's {@code ColorJitter}.
 *
 * @param brightness, contrast, saturation: x draws a factor between max(0, 1 - x) and 1 + x
 * @param contrast see brightness
 * @param saturation see brightness
 * @param hue x turns the circle of hues by -x to x of it; at most 0.5
 */
public record ColourJitter(double brightness, double contrast, double saturation, double hue) {
    public ColourJitter {
        for (double strength : new double[]{brightness, contrast, saturation}) {
            if (!(strength >= 0 && strength < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("colour jitter " + strength + "; expected at least 0");
            }
        }
        if (!(hue >= 0 && hue <= 0.5)) {
            throw new IllegalArgumentException("hue jitter " + hue + "; expected 0 to 0.5");
        }
    }

    void apply(Canvas canvas, RandomGenerator random) {
        for (int which : Seeds.permutation(4, random)) {
            switch (which) {
                case 0 -> canvas.linear(factor(brightness, random), 0);
                case 1 -> canvas.contrast(factor(contrast, random));
                case 2 -> canvas.saturation(factor(saturation, random));
                default -> {
                    double turn = hue * (2 * random.nextDouble() - 1);
                    if (hue > 0) {
                        canvas.hue(turn);
                    }
                }
            }
        }
    }

    private static double factor(double strength, RandomGenerator random) {
        double least = Math.max(0, 1 - strength);
        return least + (1 + strength - least) * random.nextDouble();
    }
}
