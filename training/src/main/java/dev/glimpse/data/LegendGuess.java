package dev.glimpse.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Finds out from masks themselves which values stand for classes.
 *
 * <pre>
 * colours                                 a class a colour, black first, then by red, green and blue
 * a palette's indices                     a class an index up to the highest; 255 is ignored
 * grey levels 0, 1, 2, ... K - 1          a class a level; 255 is ignored
 * other grey levels, as 0 and 255         a class a level, from the darkest
 * </pre>
 */
final class LegendGuess {
    private static final int USUALLY_IGNORED = 255;
    /** More, but in a palette, are no classes but shades: the borders of a mask that was scaled or compressed. */
    private static final int MOST_VALUES = 64;

    private final TreeSet<Integer> levels = new TreeSet<>();
    private final TreeSet<Integer> colours = new TreeSet<>();
    private boolean anyColour;
    private boolean allIndices = true;
    private IOException unread;

    private LegendGuess() {}

    /**
     * Looks at all of the masks; one that cannot be read is left to whoever loads it.
     *
     * @throws IllegalArgumentException of one line where values are too many or too few to be classes
     */
    static Legend of(List<Path> masks, Path folder) throws IOException {
        LegendGuess guess = new LegendGuess();
        masks.parallelStream().forEach(guess::add);
        if (guess.colours.isEmpty() && guess.unread != null) {
            throw guess.unread;
        }
        return guess.legend(folder);
    }

    private void add(Path path) {
        TreeSet<Integer> values = new TreeSet<>();
        TreeSet<Integer> seen = new TreeSet<>();
        MaskFile file;
        try {
            file = MaskFile.read(path);
        } catch (IOException e) {
            synchronized (this) {
                unread = e;
            }
            return;
        }
        collect(file.values(), values);
        collect(file.colours(), seen);
        synchronized (this) {
            anyColour |= file.kind() == MaskFile.Kind.COLOURS;
            allIndices &= file.kind() == MaskFile.Kind.INDICES;
            addSome(levels, values);
            addSome(colours, seen);
        }
    }

    private static void collect(int[] pixels, TreeSet<Integer> values) {
        int last = -1;
        for (int pixel : pixels) {
            if (pixel != last) {
                last = pixel;
                values.add(pixel);
                if (values.size() > Mask.MOST_CLASSES + 1) {
                    return;
                }
            }
        }
    }

    private static void addSome(TreeSet<Integer> all, TreeSet<Integer> more) {
        if (all.size() <= Mask.MOST_CLASSES + 1) {
            all.addAll(more);
        }
    }

    private Legend legend(Path folder) {
        List<Integer> ignored = new ArrayList<>();
        List<Integer> values = new ArrayList<>(anyColour ? colours : levels);
        if (!anyColour && allIndices) {
            ignored = List.of(USUALLY_IGNORED);
            TreeSet<Integer> indices = new TreeSet<>(levels.headSet(USUALLY_IGNORED));
            values = indices.isEmpty() ? List.of() : upTo(indices.last());
        } else if (!anyColour && areNumbers(levels.headSet(USUALLY_IGNORED))) {
            ignored = List.of(USUALLY_IGNORED);
            values = upTo(levels.headSet(USUALLY_IGNORED).last());
        }
        if (values.size() < 2) {
            throw new IllegalArgumentException(folder + ": the masks have only the value "
                    + (values.isEmpty() ? "255" : Legend.text(values.getFirst(), anyColour))
                    + "; expected at least two classes, or a table of them in classes.csv");
        }
        boolean palette = !anyColour && allIndices;
        if (values.size() > (palette ? Mask.MOST_CLASSES : MOST_VALUES)) {
            throw new IllegalArgumentException(folder + ": the masks have more than " + MOST_VALUES
                    + " different values, which are no classes; write those that are to classes.csv beside the images, "
                    + "and store masks without smoothing");
        }
        return new Legend(anyColour, entries(values), ignored);
    }

    private static boolean areNumbers(SortedSet<Integer> found) {
        return found.size() >= 2 && found.first() == 0 && found.last() == found.size() - 1;
    }

    private static List<Integer> upTo(int last) {
        return IntStream.rangeClosed(0, last).boxed().toList();
    }

    private List<Legend.Entry> entries(List<Integer> values) {
        if (!anyColour && values.size() == 2) {
            return List.of(new Legend.Entry("background", values.get(0)),
                    new Legend.Entry("foreground", values.get(1)));
        }
        return values.stream().map(value -> new Legend.Entry(Legend.text(value, anyColour), value)).toList();
    }
}
