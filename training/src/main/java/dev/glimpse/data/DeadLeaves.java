package dev.glimpse.data;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Pictures with the statistics of natural ones: opaque shapes of all sizes that hide each other.
 *
 * <p>
 * Discs, ellipses and turned rectangles, whose radii have a density of r^-3, fall until they cover the ground. Such
 * pictures look alike at every scale, and their power spectrum falls with the square of the frequency, as that of
 * photographs does. Each leaf has a colour, a shading and a texture.
 *
 * <p>
 * Lee, Mumford and Huang, <i>Occlusion Models for Natural Images: A Statistical Study of a Scale-Invariant Dead Leaves
 * Model</i>, IJCV 2001, <a href="https://doi.org/10.1023/A:1011109015675">doi:10.1023/A:1011109015675</a>.
 */
public final class DeadLeaves {
    private static final double FINEST = 1.1; // of the smallest leaves' radii, in pixels
    private static final double COARSEST = 6;
    private static final int HUES = 5;
    private static final double REGIONS = 24; // samples of noise across a picture, where leaves are lighter or darker
    private static final double LARGEST = 0.6; // of the picture's longer side
    private static final int MOST_LEAVES = 4000;
    private static final double SOFT = 0.5; // half the width of an edge, in pixels
    private static final int NOISE_SIDE = 64;
    private static final float[] NOISE = noise();

    private final int width;
    private final int height;
    private final RandomGenerator random;
    /** What each pixel still lets through, and the light that it has got. */
    private final float[] open;
    private final float[] light;
    private double left;
    // The scene, and the leaf at hand.
    private final double smallest;
    private final double[][] palette = new double[HUES][3];
    private final double regionX;
    private final double regionY;
    private final double lightX;
    private final double lightY;
    private final float[] colour = new float[3];
    private double centreX;
    private double centreY;
    private double cos;
    private double sin;
    private double radiusX;
    private double radiusY;
    private boolean rectangle;

    private DeadLeaves(RandomGenerator random, int width, int height) {
        this.random = random;
        this.width = width;
        this.height = height;
        open = new float[width * height];
        light = new float[3 * width * height];
        Arrays.fill(open, 1);
        left = open.length;
        smallest = FINEST * Math.pow(COARSEST / FINEST, random.nextDouble());
        regionX = random.nextInt(NOISE_SIDE);
        regionY = random.nextInt(NOISE_SIDE);
        lightX = 0.25 * random.nextGaussian() / width;
        lightY = 0.35 * random.nextGaussian() / height;
        mixPalette();
    }

    /** Grey varies most, then yellow against blue, then red against green, as in photographs. */
    private void mixPalette() {
        double mood = 0.48 + 0.1 * random.nextGaussian();
        double contrast = 0.12 + 0.12 * random.nextDouble();
        double warmth = 0.05 * random.nextGaussian();
        for (double[] hue : palette) {
            double vivid = random.nextDouble() < 0.15 ? 2.2 : 1;
            hue[0] = mood + contrast * random.nextGaussian();
            hue[1] = warmth + 0.05 * vivid * random.nextGaussian();
            hue[2] = 0.3 * warmth + 0.028 * vivid * random.nextGaussian();
        }
    }

    /** The picture of a seed. */
    public static Image image(long seed, int width, int height) {
        if (width < 1 || height < 1) {
            throw new IllegalArgumentException(width + "x" + height + " pixels; expected at least 1x1");
        }
        return new DeadLeaves(Seeds.random(seed, width, height), width, height).draw();
    }

    /** Leaves fall from the front backwards, so that what is covered needs no more work. */
    private Image draw() {
        for (int i = 0; i < MOST_LEAVES && left > 0.002 * open.length; i++) {
            fall();
        }
        centreX = width / 2.0; // the ground, where something shows through
        centreY = height / 2.0;
        radiusX = 2.0 * width;
        radiusY = 2.0 * height;
        rectangle = true;
        cos = 1;
        sin = 0;
        paint();
        byte[] rgb = new byte[light.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) Math.clamp(Math.round(255 * light[i]), 0, 255);
        }
        return new Image(width, height, rgb);
    }

    private void fall() {
        double largest = LARGEST * Math.max(width, height);
        double ratio = Math.min(1, smallest * smallest / (largest * largest));
        double radius = smallest / Math.sqrt(1 - random.nextDouble() * (1 - ratio)); // density r^-3
        double kind = random.nextDouble();
        rectangle = kind > 0.6;
        double aspect = kind < 0.25 ? 1 : 0.3 + 0.7 * random.nextDouble();
        radiusX = radius / Math.sqrt(aspect);
        radiusY = radius * Math.sqrt(aspect);
        centreX = (width + 2 * radius) * random.nextDouble() - radius;
        centreY = (height + 2 * radius) * random.nextDouble() - radius;
        double upright = random.nextDouble() < 0.3 ? 0.05 * random.nextGaussian() : Math.PI * random.nextDouble();
        cos = Math.cos(upright);
        sin = Math.sin(upright);
        paint();
    }

    /** One of the palette's hues, lighter or darker; keys of light and shadow in between. */
    private void chooseColour() {
        double[] hue = palette[random.nextInt(HUES)];
        double region = noise(regionX + REGIONS * centreX / width, regionY + REGIONS * centreY / height);
        double grey = hue[0] + 0.09 * region + 0.05 * random.nextGaussian();
        double key = random.nextDouble();
        if (key < 0.04) {
            grey = 0.85 + 0.15 * random.nextDouble(); // sky, walls, paper
        } else if (key < 0.1) {
            grey = 0.04 + 0.12 * random.nextDouble();
        }
        double yellow = hue[1] + 0.015 * random.nextGaussian();
        double red = hue[2] + 0.01 * random.nextGaussian();
        double fade = Math.clamp(3 * Math.min(grey, 1.15 - grey), 0.1, 1);
        colour[0] = (float) (grey + fade * (yellow + red));
        colour[1] = (float) (grey + fade * (0.3 * yellow - red));
        colour[2] = (float) (grey - fade * 1.5 * yellow);
    }

    private void paint() {
        chooseColour();
        double reach = Math.hypot(radiusX, radiusY) + 1;
        int x0 = (int) Math.max(0, Math.floor(centreX - reach));
        int x1 = (int) Math.min(width - 1, Math.ceil(centreX + reach));
        int y0 = (int) Math.max(0, Math.floor(centreY - reach));
        int y1 = (int) Math.min(height - 1, Math.ceil(centreY + reach));
        double size = Math.min(Math.max(radiusX, radiusY), Math.max(width, height));
        double slope = 0.16 * random.nextGaussian() / size; // shading from one side to the other
        double slopeUp = 0.16 * random.nextGaussian() / size;
        double bulge = random.nextDouble() < 0.4 ? 0.25 * random.nextDouble() : 0;
        double rough = 0.03 + 0.25 * random.nextDouble() * random.nextDouble();
        double zoom = 0.7 + 1.2 * random.nextDouble();
        int noiseX = random.nextInt(NOISE_SIDE);
        int noiseY = random.nextInt(NOISE_SIDE);
        boolean striped = random.nextDouble() < 0.1;
        double stripes = striped ? 0.03 + 0.1 * random.nextDouble() : 0;
        double wave = 2 * Math.PI / (3 + 0.6 * size * random.nextDouble());
        for (int y = y0; y <= y1; y++) {
            for (int x = x0; x <= x1; x++) {
                int at = y * width + x;
                if (open[at] <= 0) {
                    continue;
                }
                double u = (x - centreX) * cos + (y - centreY) * sin;
                double v = (y - centreY) * cos - (x - centreX) * sin;
                double inside = inside(u, v);
                if (inside <= 0) {
                    continue;
                }
                float covered = open[at] * (float) inside;
                double shade = slope * u + slopeUp * v;
                if (bulge > 0) {
                    shade -= bulge * (u * u / (radiusX * radiusX) + v * v / (radiusY * radiusY));
                }
                if (striped) {
                    shade += stripes * Math.sin(wave * u);
                }
                shade += rough * noise(zoom * u + noiseX, zoom * v + noiseY);
                double gain = (1 + shade) * (1 + lightX * (x - width / 2.0) + lightY * (y - height / 2.0));
                for (int c = 0; c < 3; c++) {
                    light[3 * at + c] += (float) (covered * film(colour[c] * gain + 0.3 * shade));
                }
                open[at] -= covered;
                left -= covered;
            }
        }
    }

    /** Highlights roll off, as on film: next to nothing is entirely white. */
    private static double film(double value) {
        double over = value - 0.8;
        return over <= 0 ? Math.max(value, 0) : 0.8 + 0.2 * over / (0.2 + over);
    }

    /** How much of a pixel the leaf covers: 1 inside, 0 outside, in between across a soft edge. */
    private double inside(double u, double v) {
        double distance; // to the edge, inwards
        if (rectangle) {
            distance = Math.min(radiusX - Math.abs(u), radiusY - Math.abs(v));
        } else {
            double alongX = u / radiusX;
            double alongY = v / radiusY;
            double r = Math.sqrt(alongX * alongX + alongY * alongY);
            double steepness = Math.sqrt(alongX * alongX / (radiusX * radiusX) + alongY * alongY / (radiusY * radiusY));
            distance = r < 1e-3 ? radiusY : (1 - r) * r / steepness;
        }
        double part = Math.clamp((distance + SOFT) / (2 * SOFT), 0, 1);
        return part > 0.995 ? 1 : part;
    }

    /** The noise at a place, linear between its samples; it repeats. */
    private static double noise(double x, double y) {
        int x0 = (int) Math.floor(x);
        int y0 = (int) Math.floor(y);
        float fx = (float) (x - x0);
        float fy = (float) (y - y0);
        int row0 = (y0 & NOISE_SIDE - 1) * NOISE_SIDE;
        int row1 = (y0 + 1 & NOISE_SIDE - 1) * NOISE_SIDE;
        int column0 = x0 & NOISE_SIDE - 1;
        int column1 = x0 + 1 & NOISE_SIDE - 1;
        float top = NOISE[row0 + column0] + fx * (NOISE[row0 + column1] - NOISE[row0 + column0]);
        float bottom = NOISE[row1 + column0] + fx * (NOISE[row1 + column1] - NOISE[row1 + column0]);
        return top + fy * (bottom - top);
    }

    /** Noise of 1/f amplitude, mean 0, deviation 1: layers of smooth noise, each twice as fine and half as strong. */
    private static float[] noise() {
        RandomGenerator random = Seeds.random(1);
        float[] sum = new float[NOISE_SIDE * NOISE_SIDE];
        for (int cells = 4; cells <= NOISE_SIDE; cells *= 2) {
            double[] grid = random.doubles((long) cells * cells, -1, 1).toArray();
            double step = (double) cells / NOISE_SIDE;
            for (int y = 0; y < NOISE_SIDE; y++) {
                for (int x = 0; x < NOISE_SIDE; x++) {
                    int gx = (int) (x * step);
                    int gy = (int) (y * step);
                    double fx = smooth(x * step - gx);
                    double fy = smooth(y * step - gy);
                    int right = (gx + 1) % cells;
                    int below = (gy + 1) % cells * cells;
                    double top = grid[gy * cells + gx] * (1 - fx) + grid[gy * cells + right] * fx;
                    double bottom = grid[below + gx] * (1 - fx) + grid[below + right] * fx;
                    sum[y * NOISE_SIDE + x] += (float) ((top * (1 - fy) + bottom * fy) * 4 / cells);
                }
            }
        }
        double mean = 0;
        double squares = 0;
        for (float value : sum) {
            mean += value / sum.length;
            squares += value * value / sum.length;
        }
        double deviation = Math.sqrt(squares - mean * mean);
        for (int i = 0; i < sum.length; i++) {
            sum[i] = (float) ((sum[i] - mean) / deviation);
        }
        return sum;
    }

    private static double smooth(double t) {
        return t * t * (3 - 2 * t);
    }
}
