package dev.glimpse.system.racnn;

import java.util.random.RandomGenerator;

/**
 * An ellipse.
 *
 * @param x of its centre, in pixels
 * @param y of its centre
 * @param along half its length
 * @param aside half its width
 * @param angle of its length, in radians
 */
record Oval(double x, double y, double along, double aside, double angle) {
    static Oval body(int size, RandomGenerator random) {
        double along = size * (0.24 + 0.1 * random.nextDouble());
        return new Oval(size * (0.4 + 0.2 * random.nextDouble()), size * (0.4 + 0.2 * random.nextDouble()), along,
                along * (0.65 + 0.2 * random.nextDouble()), 2 * Math.PI * random.nextDouble());
    }

    static Oval pebble(int size, RandomGenerator random) {
        double along = size * (0.03 + 0.09 * random.nextDouble());
        return new Oval(size * random.nextDouble(), size * random.nextDouble(), along,
                along * (0.4 + 0.6 * random.nextDouble()), Math.PI * random.nextDouble());
    }

    Oval head() {
        return part(0.95 * along, 0.3 * along, 0.4 * along);
    }

    /** Where the wings meet. */
    Oval seam() {
        return part(-0.1 * along, 0.85 * along, 0.8);
    }

    private Oval part(double ahead, double partAlong, double partAside) {
        return new Oval(x + ahead * Math.cos(angle), y + ahead * Math.sin(angle), partAlong, partAside, angle);
    }

    /** A place in it that is at least that far from its edge. */
    double[] place(double margin, RandomGenerator random) {
        double turn = 2 * Math.PI * random.nextDouble();
        double out = Math.sqrt(random.nextDouble());
        double u = out * Math.max(0, along - margin) * Math.cos(turn);
        double v = out * Math.max(0, aside - margin) * Math.sin(turn);
        return new double[]{x + u * Math.cos(angle) - v * Math.sin(angle),
            y + u * Math.sin(angle) + v * Math.cos(angle)};
    }

    /** How far out a pixel is: 0 in the centre, 1 on the edge. */
    double distance(double px, double py) {
        double u = ((px - x) * Math.cos(angle) + (py - y) * Math.sin(angle)) / along;
        double v = ((py - y) * Math.cos(angle) - (px - x) * Math.sin(angle)) / aside;
        return Math.sqrt(u * u + v * v);
    }

    /** The largest of its half extents. */
    double reach() {
        return Math.max(along, aside);
    }
}
