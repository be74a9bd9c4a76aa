package dev.glimpse.data;

import dev.glimpse.io.Utf8;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The names of classes, and labels for names. */
final class ClassNames {
    private static final long LARGEST_FILE = 16 << 20;

    private ClassNames() {}

    /** The lines of a file, of which there must be {@code count}; any number where that is 0. */
    static List<String> read(Path file, int count) throws IOException {
        if (Files.size(file) > LARGEST_FILE) {
            throw new IllegalArgumentException(file + ": too large for names of classes");
        }
        List<String> names;
        try {
            names = Utf8.lines(file).stream().map(String::strip).filter(name -> !name.isEmpty()).toList();
        } catch (CharacterCodingException _) {
            throw new IllegalArgumentException(file + ": not text in UTF-8");
        }
        if (names.isEmpty() || count > 0 && names.size() != count) {
            throw new IllegalArgumentException(
                    file + ": " + names.size() + " names of classes; expected " + (count > 0 ? count : "some"));
        }
        Set<String> different = new HashSet<>();
        for (String name : names) {
            if (!different.add(name)) {
                throw new IllegalArgumentException(file + ": the class " + name + " twice");
            }
        }
        return names;
    }

    /** All names that occur, in order: that of numbers where all are whole numbers, else that of letters. */
    static List<String> sorted(Set<String> names) {
        if (!names.isEmpty() && names.stream().allMatch(name -> name.matches("\\d{1,9}"))) {
            TreeMap<Integer, String> numbers = new TreeMap<>();
            names.forEach(name -> numbers.put(Integer.parseInt(name), name));
            return new ArrayList<>(numbers.values());
        }
        return List.copyOf(new TreeSet<>(names));
    }
}
