package dev.glimpse.system.racnn;

import dev.glimpse.attention.Args;
import dev.glimpse.data.Image;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Generated pictures of beetles whose species is told by one small mark on their back, and by nothing else.
 *
 * <pre>
 * ground    soft colours near grey, with six to ten pebbles
 * beetle    an oval of 48 to 68 % of the picture's side in length, of such a colour too, at any angle, with a head and a seam
 * spots     four to seven discs on its back that tell nothing, about as large and as bright as the mark
 * mark      a square of 8 pixels on its back, rust or blue: bars of 2 pixels, level, upright, rising or falling
 * </pre>
 *
 * All is drawn from (seed, half, index). Averaged down to a third of its side, as scale one sees it, a mark is three pixels
 * wide and its bars all but cancel out: whether it is rust or blue can be told, but hardly how its bars lie.
 *
 * @param train how many pictures there are to learn from
 * @param test how many to be tested on
 * @param size side of a picture in pixels
 * @param mark side of the mark in pixels
 * @param seed of all of them
 */
record Beetles(int train, int test, int size, int mark, long seed) {
    static final List<String> SPECIES = List.of("level-rust", "level-blue", "upright-rust", "upright-blue",
            "rising-rust", "rising-blue", "falling-rust", "falling-blue");

    private static final int BAR = 2; // pixels
    private static final float CONTRAST = 0.25f;
    private static final float TINT = 0.2f;
    private static final double NOISE = 0.05;
    private static final int GROUND = 6; // colours along a side
    private static final int LEAST_SIZE = 48;
    private static final int LEAST_MARK = 4;

    /** Which half of the data. */
    enum Half {
        /** To learn from. */
        TRAIN,
        /** To be tested on. */
        TEST
    }

    /**
     * A picture.
     *
     * @param species its label, an index into {@link #SPECIES}
     * @param left of the mark, in pixels
     * @param top of the mark
     */
    record Beetle(Image picture, int species, int left, int top) {}

    Beetles {
        if (train < 1 || test < 1) {
            throw new IllegalArgumentException("generated: train=" + train + ",test=" + test + ", must be at least 1");
        }
        if (size < LEAST_SIZE) {
            throw new IllegalArgumentException("generated: size is " + size + ", must be at least " + LEAST_SIZE);
        }
        if (mark < LEAST_MARK || mark > size / 6) {
            throw new IllegalArgumentException(
                    "generated: mark is " + mark + ", must be " + LEAST_MARK + " to a sixth of size, " + size / 6);
        }
    }

    /** Whether data is to be generated. */
    static boolean means(String data) {
        return data.equals("generated") || data.startsWith("generated:");
    }

    /** Reads {@code generated:train=4000,test=1000,size=96,mark=8,seed=0}. */
    static Beetles parse(String data) {
        Args args = Args.parse(data);
        Beetles beetles = new Beetles((int) Math.min(args.integer("train", 4000), Integer.MAX_VALUE),
                (int) Math.min(args.integer("test", 1000), Integer.MAX_VALUE),
                (int) Math.min(args.integer("size", 96), 1 << 12), (int) Math.min(args.integer("mark", 8), 1 << 12),
                args.integer("seed", 0));
        args.requireAllRead();
        return beetles;
    }

    int count(Half half) {
        return half == Half.TRAIN ? train : test;
    }

    Beetle beetle(Half half, int index) {
        RandomGenerator random = new SplittableRandom(31 * (31 * seed + half.ordinal()) * 1_000_003 + index).split();
        Painting painting = new Painting(size);
        painting.ground(GROUND, random);
        for (int i = random.nextInt(5) + 6; i > 0; i--) {
            painting.fill(Oval.pebble(size, random), Painting.colour(random), 0.25);
        }
        Oval body = Oval.body(size, random);
        float[] colour = Painting.colour(random);
        float[] dark = {0.5f * colour[0], 0.5f * colour[1], 0.5f * colour[2]};
        painting.fill(body.head(), dark, 0.2);
        painting.fill(body, colour, 0.35);
        painting.fill(body.seam(), dark, 0);
        for (int i = random.nextInt(4) + 4; i > 0; i--) {
            double radius = mark * (0.35 + 0.25 * random.nextDouble());
            double[] at = body.place(radius, random);
            painting.fill(new Oval(at[0], at[1], radius, radius, 0), Painting.tone(random), 0);
        }
        double[] at = body.place(0.75 * mark, random);
        int left = Math.clamp(Math.round(at[0] - mark / 2.0), 0, size - mark);
        int top = Math.clamp(Math.round(at[1] - mark / 2.0), 0, size - mark);
        int species = random.nextInt(SPECIES.size());
        mark(painting, species, left, top, random);
        return new Beetle(painting.image(NOISE, random), species, left, top);
    }

    private void mark(Painting painting, int species, int left, int top, RandomGenerator random) {
        float[] tint = Painting.tone(random);
        float rust = species % 2 == 0 ? TINT : -TINT;
        tint[0] += rust;
        tint[2] -= rust;
        int phase = random.nextInt(2 * BAR);
        for (int y = 0; y < mark; y++) {
            for (int x = 0; x < mark; x++) {
                boolean light = light(species, x, y, phase);
                for (int c = 0; c < 3; c++) {
                    painting.set(left + x, top + y, c, tint[c] + (light ? CONTRAST : -CONTRAST));
                }
            }
        }
    }

    private boolean light(int species, int x, int y, int phase) {
        int along = switch (species / 2) {
            case 0 -> y + phase;
            case 1 -> x + phase;
            case 2 -> x + y + phase;
            default -> x - y + mark + phase;
        };
        return along / BAR % 2 == 0;
    }
}
