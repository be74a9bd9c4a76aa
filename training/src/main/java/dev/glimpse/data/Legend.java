package dev.glimpse.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the values of masks mean: which class each grey level, palette index or colour stands for.
 *
 * @param colours whether values are colours, {@code 0xrrggbb}; else they are levels or indices
 * @param classes in the order of their numbers, at least two
 * @param ignored values of pixels that count for nothing
 */
public record Legend(boolean colours, List<Entry> classes, List<Integer> ignored) {
    /**
     * A class and the value that masks have for it.
     *
     * @param name as in reports, on one line
     */
    public record Entry(String name, int value) {}

    /** @throws IllegalArgumentException for fewer than two or too many classes, and for what stands twice */
    public Legend {
        classes = List.copyOf(classes);
        ignored = List.copyOf(ignored);
        if (classes.size() < 2 || classes.size() > Mask.MOST_CLASSES) {
            throw new IllegalArgumentException(
                    classes.size() + " classes of pixels; expected 2 to " + Mask.MOST_CLASSES);
        }
        Set<String> names = new HashSet<>();
        Set<Integer> values = new HashSet<>(ignored);
        for (Entry entry : classes) {
            if (!names.add(entry.name) || !values.add(entry.value)) {
                throw new IllegalArgumentException(
                        "two classes are called " + entry.name + ", or have the value " + text(entry.value, colours));
            }
        }
    }

    /** The classes' names by number. */
    public List<String> names() {
        return classes.stream().map(Entry::name).toList();
    }

    /** The classes of a file's pixels. */
    Mask classesOf(MaskFile file, String name) throws IOException {
        if (!colours && file.kind() == MaskFile.Kind.COLOURS) {
            throw new IOException(
                    name + ": a mask in colours, where the others have grey levels or a palette's indices");
        }
        Map<Integer, Byte> meaning = meaning();
        int[] values = colours ? file.colours() : file.values();
        byte[] found = new byte[values.length];
        int last = -1;
        byte lastClass = 0;
        for (int i = 0; i < values.length; i++) {
            if (values[i] != last) {
                last = values[i];
                lastClass = classOf(meaning, last, name);
            }
            found[i] = lastClass;
        }
        return new Mask(file.width(), file.height(), found);
    }

    private byte classOf(Map<Integer, Byte> meaning, int value, String name) throws IOException {
        Byte found = meaning.get(value);
        if (found == null) {
            List<String> known = new ArrayList<>();
            classes.stream().limit(12).forEach(entry -> known.add(text(entry.value, colours)));
            throw new IOException(name + ": " + text(value, colours) + " is the value of no class; known: "
                    + String.join(", ", known) + (known.size() < classes.size() ? ", ..." : ""));
        }
        return found;
    }

    private Map<Integer, Byte> meaning() {
        Map<Integer, Byte> meaning = new HashMap<>();
        ignored.forEach(value -> meaning.put(value, Mask.IGNORED));
        for (int i = 0; i < classes.size(); i++) {
            meaning.put(classes.get(i).value, (byte) i);
        }
        return meaning;
    }

    /** A value as users write it: {@code 255}, or {@code #8000ff}. */
    static String text(int value, boolean colours) {
        return colours ? String.format("#%06x", value) : Integer.toString(value);
    }
}
