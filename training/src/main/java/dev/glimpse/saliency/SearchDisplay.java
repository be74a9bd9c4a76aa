package dev.glimpse.saliency;

import static org.bytedeco.opencv.global.opencv_core.CV_32SC2;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_imgproc.LINE_AA;
import static org.bytedeco.opencv.global.opencv_imgproc.fillConvexPoly;

import dev.glimpse.data.Image;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Scalar;

/**
 * A display of visual search: bars on a dark ground, one of them the target.
 *
 * <p>
 * 480x480 pixels, a ground of (40, 40, 40), and 5x5 cells of 96 pixels, each with at most one bar of 40x12 pixels, whose
 * centre is moved by up to 16 pixels and whose angle by up to 4 degrees at random. The four colours are equally bright:
 * (r + g + b) / 3 is 110. The same seed gives the same display.
 *
 * @param items where the bars are
 * @param target which of them is the target
 */
public record SearchDisplay(Image image, List<Item> items, int target) {
    /** Width and height in pixels. */
    public static final int SIDE = 480;
    /** How many bars there can be. */
    public static final int MOST = 25;

    private static final int GRID = 5;
    private static final int CELL = SIDE / GRID;
    private static final int SHIFT = 16;
    private static final double TURN = Math.toRadians(4);
    private static final double HALF_LENGTH = 20;
    private static final double HALF_WIDTH = 6;
    private static final int GROUND = 40;
    private static final int SUBPIXEL_BITS = 8;
    private static final int[] RED = {210, 60, 60};
    private static final int[] GREEN = {60, 210, 60};
    private static final int[] BLUE = {60, 60, 210};
    private static final int[] YELLOW = {160, 160, 10};
    private static final int[] DIM = {110, 110, 110};
    private static final int[] BRIGHT = {220, 220, 220};
    private static final List<int[]> COLOURS = List.of(RED, GREEN, BLUE, YELLOW);

    /** What makes the target odd. */
    public enum Feature {
        /** One bar of another colour: each of red, green, blue and yellow among each. */
        COLOUR,
        /** One bright bar among dim ones. */
        INTENSITY,
        /** One bar across the others, which lie at 0, 45, 90 or 135 degrees. */
        ORIENTATION
    }

    /**
     * The centre of a bar, in pixels.
     *
     * @param angle counter-clockwise from level, in radians
     */
    public record Item(double x, double y, double angle, int[] rgb) {}

    /** One odd bar among 24 that are alike: it pops out. */
    public static SearchDisplay popOut(Feature feature, long seed) {
        RandomGenerator random = new SplittableRandom(seed);
        List<int[]> colours = new ArrayList<>(COLOURS);
        Collections.shuffle(colours, random);
        double angle = random.nextInt(4) * Math.PI / 4;
        return switch (feature) {
            case COLOUR -> display(random, MOST, angle, angle, colours.getFirst(), List.of(colours.getLast()));
            case INTENSITY -> display(random, MOST, angle, angle, BRIGHT, List.of(DIM));
            case ORIENTATION -> display(random, MOST, angle + Math.PI / 2, angle, DIM, List.of(DIM));
        };
    }

    /**
     * A red bar at an angle among red bars across it and green bars along it: only both features together tell it apart.
     *
     * @param items how many bars, the target included; half of the others, rounded up, are red
     */
    public static SearchDisplay conjunction(int items, long seed) {
        if (items < 3 || items > MOST) {
            throw new IllegalArgumentException(items + " items, must be 3 to " + MOST);
        }
        RandomGenerator random = new SplittableRandom(seed);
        double angle = random.nextInt(4) * Math.PI / 4;
        return display(random, items, angle, angle + Math.PI / 2, RED, List.of(RED, GREEN));
    }

    /** Where there are two colours of the others, the second lies along the target. */
    private static SearchDisplay display(RandomGenerator random, int count, double targetAngle, double otherAngle,
            int[] targetRgb,
            List<int[]> otherRgb) {
        List<Integer> cells = new ArrayList<>();
        for (int i = 0; i < MOST; i++) {
            cells.add(i);
        }
        Collections.shuffle(cells, random);
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            boolean second = i > 0 && (i - 1) % otherRgb.size() == 1;
            double angle = i == 0 || second ? targetAngle : otherAngle;
            int cell = cells.get(i);
            items.add(new Item((cell % GRID + 0.5) * CELL + (2 * random.nextDouble() - 1) * SHIFT,
                    (cell / GRID + 0.5) * CELL + (2 * random.nextDouble() - 1) * SHIFT,
                    angle + (2 * random.nextDouble() - 1) * TURN,
                    i == 0 ? targetRgb : otherRgb.get((i - 1) % otherRgb.size())));
        }
        return new SearchDisplay(drawn(items), List.copyOf(items), 0);
    }

    /** Whether the bar nearest to a place is the target, no further away than said. */
    public boolean isOnTarget(double x, double y, double within) {
        double least = distance(target, x, y);
        for (int i = 0; i < items.size(); i++) {
            if (i != target && distance(i, x, y) < least) {
                return false;
            }
        }
        return least <= within;
    }

    private double distance(int item, double x, double y) {
        return Math.hypot(items.get(item).x - x, items.get(item).y - y);
    }

    private static Image drawn(List<Item> items) {
        try (PointerScope _ = new PointerScope()) {
            Mat canvas = new Mat(SIDE, SIDE, CV_8UC3, new Scalar(GROUND, GROUND, GROUND, 0));
            for (Item item : items) {
                int[] corners = new int[8];
                for (int i = 0; i < 4; i++) {
                    double along = i == 0 || i == 3 ? HALF_LENGTH : -HALF_LENGTH;
                    double across = i < 2 ? HALF_WIDTH : -HALF_WIDTH;
                    double dx = along * Math.cos(item.angle) + across * Math.sin(item.angle);
                    double dy = along * -Math.sin(item.angle) + across * Math.cos(item.angle);
                    corners[2 * i] = (int) Math.round((item.x + dx) * (1 << SUBPIXEL_BITS));
                    corners[2 * i + 1] = (int) Math.round((item.y + dy) * (1 << SUBPIXEL_BITS));
                }
                Scalar colour = new Scalar(item.rgb[0], item.rgb[1], item.rgb[2], 0);
                Mat points = new Mat(4, 1, CV_32SC2, new IntPointer(corners));
                fillConvexPoly(canvas, points, colour, LINE_AA, SUBPIXEL_BITS);
            }
            byte[] rgb = new byte[3 * SIDE * SIDE];
            canvas.data().get(rgb);
            return new Image(SIDE, SIDE, rgb);
        }
    }
}
