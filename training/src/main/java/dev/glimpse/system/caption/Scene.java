package dev.glimpse.system.caption;

import dev.glimpse.explain.HeatMap.Box;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * One to three coloured shapes on a grey ground, and all that can be said of them.
 *
 * <pre>
 * one     a small red circle at the top left
 * two     a small red circle above a large blue square
 * three   a small red circle above a large blue square and left of a small green cross
 * </pre>
 *
 * Of several things each may be spoken of first, and the others in any order: a scene of two has two captions, one of three
 * has six.
 *
 * @param side of the picture in pixels
 */
record Scene(int side, List<Thing> things) {
    /** Most things in a scene. */
    static final int MOST = 3;
    /** Words of the longest caption, without marks. */
    static final int LONGEST = 17;

    /** What things look like; the noun that names them. */
    enum Shape {
        CIRCLE, SQUARE, TRIANGLE, CROSS;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Whether a point is in it: x to the right and y down, from -1 to 1 in the thing's box. */
        boolean holds(double x, double y) {
            return switch (this) {
                case CIRCLE -> x * x + y * y <= 1;
                case SQUARE -> true;
                case TRIANGLE -> Math.abs(x) <= (y + 1) / 2;
                case CROSS -> Math.abs(x) <= 0.34 || Math.abs(y) <= 0.34;
            };
        }
    }

    /** Red, green and blue. */
    enum Colour {
        RED(205, 45, 40), GREEN(45, 165, 65), BLUE(45, 80, 215), YELLOW(230, 205, 50), PURPLE(150, 60, 180),
        WHITE(240, 240, 240);

        private final int[] rgb;

        Colour(int... rgb) {
            this.rgb = rgb;
        }

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        int channel(int channel) {
            return rgb[channel];
        }
    }

    /** @param box of the shape, a square */
    record Thing(Colour colour, Shape shape, boolean large, Box box) {
        /** {@code a small red circle}. */
        List<String> words() {
            return List.of("a", large ? "large" : "small", colour.word(), shape.word());
        }

        double x() {
            return box.x() + box.width() / 2.0;
        }

        double y() {
            return box.y() + box.height() / 2.0;
        }
    }

    Scene {
        things = List.copyOf(things);
    }

    /** Every word that captions are made of. */
    static List<String> vocabulary() {
        return Stream.of(Stream.of("a", "small", "large", "at", "the", "top", "bottom", "left", "right", "in", "middle",
                "above", "below", "of", "and"), Stream.of(Colour.values()).map(Colour::word),
                Stream.of(Shape.values()).map(Shape::word)).flatMap(words -> words).toList();
    }

    /** All that can be said, word by word. */
    List<List<String>> captions() {
        List<List<String>> captions = new ArrayList<>();
        for (Thing first : things) {
            List<Thing> others = things.stream().filter(thing -> thing != first).toList();
            captions.add(caption(first, others));
            if (others.size() > 1) {
                captions.add(caption(first, others.reversed()));
            }
        }
        return captions;
    }

    private List<String> caption(Thing first, List<Thing> others) {
        List<String> words = new ArrayList<>(first.words());
        if (others.isEmpty()) {
            words.addAll(place(first));
        }
        for (Thing other : others) {
            if (other != others.getFirst()) {
                words.add("and");
            }
            words.addAll(relation(first, other));
            words.addAll(other.words());
        }
        return words;
    }

    private List<String> place(Thing thing) {
        String row = List.of("top", "", "bottom").get(third(thing.y()));
        String column = List.of("left", "", "right").get(third(thing.x()));
        return row.isEmpty() && column.isEmpty() ? List.of("in", "the", "middle")
                : Stream.of("at", "the", row, column).filter(word -> !word.isEmpty()).toList();
    }

    private int third(double centre) {
        return (int) (3 * centre / side);
    }

    private static List<String> relation(Thing thing, Thing other) {
        double across = other.x() - thing.x();
        double down = other.y() - thing.y();
        if (Math.abs(across) > Math.abs(down)) {
            return List.of(across > 0 ? "left" : "right", "of");
        }
        return List.of(down > 0 ? "above" : "below");
    }
}
