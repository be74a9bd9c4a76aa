package dev.glimpse.saliency;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Where attention goes on a saliency map: two layers of neurons, one for each of the map's cells, in steps of 1 ms.
 *
 * <pre>
 * dV/dt = (S (1 + e) - (1 + g) V) / 10 ms     follows the saliency S; e excites, g inhibits, both fade away
 * dU/dt = V - U / 500 ms                      adds up; whoever reaches the threshold first wins
 * </pre>
 *
 * A winner has all U start over (winner takes all), and is itself inhibited within the focus of attention, a disc: the
 * next fixation goes elsewhere (inhibition of return). A ring around it of twice its radius is slightly excited, so that
 * attention would rather go on nearby. What is less than a fourteenth as salient as the most salient place never wins.
 *
 * <p>
 * As in Itti, Koch and Niebur (1998): a jump of attention takes 30 to 70 ms where there is something to see, and a place
 * stays out of attention for some 500 to 900 ms.
 *
 * @param radius of the focus of attention, in pixels of the picture
 */
public record WinnerTakeAll(double radius) {
    private static final double FOLLOWING_MS = 10;
    private static final double LEAK_MS = 500;
    private static final double THRESHOLD = 35; // of the map's greatest value, for a millisecond each
    private static final double INHIBITION = 40;
    private static final double INHIBITION_MS = 270;
    private static final double EXCITATION = 0.05;
    private static final double EXCITATION_MS = 100;

    public WinnerTakeAll {
        if (!(radius > 0)) {
            throw new IllegalArgumentException("the focus of attention has radius " + radius + ", must be positive");
        }
    }

    /** The paper's focus: a sixth of the picture's shorter side. */
    public static WinnerTakeAll forPicture(int width, int height) {
        return new WinnerTakeAll(Math.min(width, height) / 6.0);
    }

    /**
     * The first places that attention goes to; none where nothing stands out.
     *
     * @param map the saliency of a picture
     * @param width of that picture in pixels
     * @param height of it
     */
    public List<Fixation> scan(Plane map, int width, int height, int fixations) {
        return scan(map, width, height, fixations, _ -> false);
    }

    /**
     * The same, up to the first place that will do.
     *
     * @param found whether that is the place that was looked for
     */
    public List<Fixation> scan(Plane map, int width, int height, int fixations, Predicate<Fixation> found) {
        List<Fixation> path = new ArrayList<>();
        float greatest = map.greatest();
        if (greatest > 0) {
            Layers layers = new Layers(map, greatest, (double) width / map.width(), (double) height / map.height());
            for (int now = 1; path.size() < fixations && (path.isEmpty() || !found.test(path.getLast())); now++) { // ends: all inhibition fades away
                int winner = layers.step();
                if (winner >= 0) {
                    path.add(layers.attend(winner, now));
                }
            }
        }
        return path;
    }

    /** What the neurons hold. */
    private final class Layers {
        private final Plane map;
        private final float greatest;
        private final double cellWidth;
        private final double cellHeight;
        private final double[] following;
        private final double[] adding;
        private final double[] excitation;
        private final double[] inhibition;

        Layers(Plane map, float greatest, double cellWidth, double cellHeight) {
            this.map = map;
            this.greatest = greatest;
            this.cellWidth = cellWidth;
            this.cellHeight = cellHeight;
            following = new double[map.values().length];
            adding = new double[following.length];
            excitation = new double[following.length];
            inhibition = new double[following.length];
        }

        /** A millisecond; returns the cell that reached the threshold, the one furthest above it, or -1. */
        int step() {
            int winner = -1;
            double most = THRESHOLD;
            double fading = Math.exp(-1 / INHIBITION_MS);
            double calming = Math.exp(-1 / EXCITATION_MS);
            for (int i = 0; i < following.length; i++) {
                double input = map.values()[i] / greatest * (1 + excitation[i]);
                // implicit in V, so that a strong inhibition does not overshoot
                following[i] = (following[i] + input / FOLLOWING_MS) / (1 + (1 + inhibition[i]) / FOLLOWING_MS);
                adding[i] += following[i] - adding[i] / LEAK_MS;
                inhibition[i] *= fading;
                excitation[i] *= calming;
                if (adding[i] > most) {
                    most = adding[i];
                    winner = i;
                }
            }
            return winner;
        }

        Fixation attend(int winner, int now) {
            double x = (winner % map.width() + 0.5) * cellWidth;
            double y = (winner / map.width() + 0.5) * cellHeight;
            for (int i = 0; i < following.length; i++) {
                adding[i] = 0;
                double distance = Math.hypot((i % map.width() + 0.5) * cellWidth - x,
                        (i / map.width() + 0.5) * cellHeight - y);
                if (distance <= radius || i == winner) {
                    inhibition[i] = INHIBITION;
                    following[i] = 0;
                } else if (distance <= 2 * radius) {
                    excitation[i] = EXCITATION;
                }
            }
            return new Fixation(x, y, now, map.values()[winner]);
        }
    }
}
