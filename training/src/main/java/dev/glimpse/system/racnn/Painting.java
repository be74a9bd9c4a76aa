package dev.glimpse.system.racnn;

import dev.glimpse.data.Image;
import java.util.random.RandomGenerator;

/** A square picture under way, red, green and blue in 0 to 1. */
final class Painting {
    private final int size;
    private final float[] rgb;

    Painting(int size) {
        this.size = size;
        rgb = new float[3 * size * size];
    }

    /** Not far from grey, dark or bright. */
    static float[] colour(RandomGenerator random) {
        return near(0.2f + 0.6f * random.nextFloat(), 0.1f, random);
    }

    /** Nearly grey, neither dark nor bright. */
    static float[] tone(RandomGenerator random) {
        return near(0.4f + 0.2f * random.nextFloat(), 0.03f, random);
    }

    private static float[] near(float grey, float by, RandomGenerator random) {
        float[] colour = new float[3];
        for (int c = 0; c < colour.length; c++) {
            colour[c] = grey + by * (2 * random.nextFloat() - 1);
        }
        return colour;
    }

    void set(int x, int y, int channel, float value) {
        rgb[3 * (y * size + x) + channel] = value;
    }

    /** A grid of colours that run into each other. */
    void ground(int colours, RandomGenerator random) {
        float[][] grid = new float[colours * colours][];
        for (int i = 0; i < grid.length; i++) {
            grid[i] = colour(random);
        }
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                float across = (float) x * (colours - 1) / size;
                float down = (float) y * (colours - 1) / size;
                int at = (int) down * colours + (int) across;
                float dx = across % 1;
                float dy = down % 1;
                for (int c = 0; c < 3; c++) {
                    float above = grid[at][c] * (1 - dx) + grid[at + 1][c] * dx;
                    float below = grid[at + colours][c] * (1 - dx) + grid[at + colours + 1][c] * dx;
                    set(x, y, c, above * (1 - dy) + below * dy);
                }
            }
        }
    }

    /** @param shade how much darker it gets towards its edge, 0 for not at all */
    void fill(Oval oval, float[] colour, double shade) {
        int left = (int) Math.max(0, Math.floor(oval.x() - oval.reach()));
        int right = (int) Math.min(size - 1, Math.ceil(oval.x() + oval.reach()));
        int top = (int) Math.max(0, Math.floor(oval.y() - oval.reach()));
        int bottom = (int) Math.min(size - 1, Math.ceil(oval.y() + oval.reach()));
        for (int y = top; y <= bottom; y++) {
            for (int x = left; x <= right; x++) {
                double distance = oval.distance(x + 0.5, y + 0.5);
                if (distance <= 1) {
                    float light = (float) (1 - shade * distance * distance);
                    for (int c = 0; c < 3; c++) {
                        set(x, y, c, light * colour[c]);
                    }
                }
            }
        }
    }

    /** @param noise up to which each number is changed, up or down */
    Image image(double noise, RandomGenerator random) {
        byte[] bytes = new byte[rgb.length];
        random.nextBytes(bytes);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Math.clamp(Math.round(255 * rgb[i] + 2 * noise * bytes[i]), 0, 255);
        }
        return new Image(size, size, bytes);
    }
}
