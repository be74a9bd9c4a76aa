package dev.glimpse.system.caption;

import dev.glimpse.attention.Args;
import dev.glimpse.data.Image;
import dev.glimpse.explain.HeatMap.Box;
import dev.glimpse.nn.Checks;
import dev.glimpse.system.caption.Scene.Colour;
import dev.glimpse.system.caption.Scene.Shape;
import dev.glimpse.system.caption.Scene.Thing;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Scenes that are made up, each by its number alone: one, two or three things equally often.
 *
 * <p>
 * A small thing is 12 to 14 pixels wide of 64, a large one 20 to 24. No two of a scene have the same colour and shape, or
 * touch; whatever a caption says of places can be told by at least a sixteenth of the picture's side. The ground is of any
 * medium grey, colours vary a little, and every pixel has noise.
 *
 * @param count how many
 * @param side of a picture in pixels
 * @param half 0 for those to learn from, 1 for others
 */
record Scenes(int count, int side, long seed, int half) implements CaptionedImages {
    /** Smaller shapes could not be told apart. */
    private static final int LEAST_SIDE = 32;
    private static final int MOST_SIDE = 512;
    private static final int FINENESS = 4; // points along a pixel, to draw smooth borders by

    Scenes {
        Checks.positive("generated: scenes", count);
        if (side < LEAST_SIDE || side > MOST_SIDE) {
            throw new IllegalArgumentException(
                    "generated: size is " + side + ", must be " + LEAST_SIDE + " to " + MOST_SIDE);
        }
    }

    /** To learn from, and others to be tested on. */
    record Halves(Scenes train, Scenes test) {}

    /** Reads {@code generated:train=10000,test=1000,size=64,seed=0}. */
    static Halves parse(String data) {
        Args args = Args.parse(data);
        int side = Math.toIntExact(args.integer("size", 64));
        long seed = args.integer("seed", 0);
        Halves halves = new Halves(new Scenes(Math.toIntExact(args.integer("train", 10_000)), side, seed, 0),
                new Scenes(Math.toIntExact(args.integer("test", 1_000)), side, seed, 1));
        args.requireAllRead();
        return halves;
    }

    @Override
    public int size() {
        return count;
    }

    @Override
    public String name(int index) {
        return (half == 0 ? "scene " : "test scene ") + index + " of seed " + seed;
    }

    @Override
    public List<List<String>> captions(int index) {
        return scene(index).captions();
    }

    @Override
    public List<Thing> things(int index) {
        return scene(index).things();
    }

    @Override
    public Image image(int index) {
        RandomGenerator random = random(index);
        return draw(scene(random), random);
    }

    Scene scene(int index) {
        return scene(random(index));
    }

    /** A number's own randomness. */
    private RandomGenerator random(int index) {
        long ofHalf = new SplittableRandom(seed).nextLong() + half;
        return new SplittableRandom(new SplittableRandom(ofHalf).nextLong() + index);
    }

    private Scene scene(RandomGenerator random) {
        int things = 1 + random.nextInt(Scene.MOST);
        while (true) {
            List<Thing> all = new ArrayList<>();
            for (int i = 0; i < things; i++) {
                all.add(thing(random));
            }
            if (clear(all)) {
                return new Scene(side, all);
            }
        }
    }

    private Thing thing(RandomGenerator random) {
        boolean large = random.nextBoolean();
        int radius = side * (large ? 10 + random.nextInt(3) : 6 + random.nextInt(2)) / 64;
        int x = 1 + random.nextInt(side - 2 * radius - 1);
        int y = 1 + random.nextInt(side - 2 * radius - 1);
        return new Thing(Colour.values()[random.nextInt(Colour.values().length)],
                Shape.values()[random.nextInt(Shape.values().length)], large, new Box(x, y, 2 * radius, 2 * radius));
    }

    /** Whether what captions say of it can be told. */
    private boolean clear(List<Thing> things) {
        double doubt = side / 16.0;
        if (things.size() == 1) {
            return clear(things.getFirst().x(), doubt) && clear(things.getFirst().y(), doubt);
        }
        for (int i = 0; i < things.size(); i++) {
            for (int j = 0; j < i; j++) {
                Thing a = things.get(i);
                Thing b = things.get(j);
                double across = Math.abs(a.x() - b.x());
                double down = Math.abs(a.y() - b.y());
                double apart = Math.max(across, down) - (a.box().width() + b.box().width()) / 2.0;
                boolean alike = a.colour() == b.colour() && a.shape() == b.shape();
                if (alike || apart < 2 || Math.abs(across - down) < doubt) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean clear(double centre, double doubt) {
        return Math.abs(centre - side / 3.0) >= doubt / 2 && Math.abs(centre - 2 * side / 3.0) >= doubt / 2;
    }

    private static Image draw(Scene scene, RandomGenerator random) {
        int side = scene.side();
        double[][] colours = new double[scene.things().size() + 1][3];
        double grey = 85 + random.nextInt(60);
        for (int i = 0; i < colours.length; i++) {
            for (int c = 0; c < 3; c++) {
                double plain = i == 0 ? grey : scene.things().get(i - 1).colour().channel(c);
                colours[i][c] = plain + random.nextInt(-10, 11);
            }
        }
        byte[] rgb = new byte[3 * side * side];
        for (int p = 0; p < side * side; p++) {
            double[] pixel = colours[0].clone();
            for (int i = 1; i < colours.length; i++) {
                double cover = cover(scene.things().get(i - 1), p % side, p / side);
                for (int c = 0; c < 3; c++) {
                    pixel[c] += cover * (colours[i][c] - pixel[c]);
                }
            }
            for (int c = 0; c < 3; c++) {
                rgb[3 * p + c] = (byte) Math.clamp(Math.round(pixel[c] + random.nextInt(-8, 9)), 0, 255);
            }
        }
        return new Image(side, side, rgb);
    }

    /** The share of a pixel that a thing covers. */
    private static double cover(Thing thing, int x, int y) {
        Box box = thing.box();
        if (x < box.x() || y < box.y() || x >= box.x() + box.width() || y >= box.y() + box.height()) {
            return 0;
        }
        int inside = 0;
        for (int i = 0; i < FINENESS * FINENESS; i++) {
            double px = x + (i % FINENESS + 0.5) / FINENESS;
            double py = y + (i / FINENESS + 0.5) / FINENESS;
            inside += thing.shape().holds(2 * (px - thing.x()) / box.width(), 2 * (py - thing.y()) / box.height())
                    ? 1
                    : 0;
        }
        return (double) inside / (FINENESS * FINENESS);
    }
}
