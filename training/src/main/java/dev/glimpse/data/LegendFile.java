package dev.glimpse.data;

import dev.glimpse.io.Utf8;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A table of classes beside masks, {@code classes.csv}: a line a class, in the order of their numbers.
 *
 * <pre>
 * name,value                     name,r,g,b                     name
 * background,0                   sky,128,128,128                background
 * membrane,255                   road,128,64,128                cell
 * ignored,7                      ignored,0,0,0
 * </pre>
 *
 * A value is a grey level, a palette's index or a colour as {@code #804080}. Where there are only names, the values are 0,
 * 1, 2 and so on, and 255 is ignored. The first line may be missing where it is as here.
 */
final class LegendFile {
    private static final String IGNORED = "ignored";
    private static final int USUALLY_IGNORED = 255;

    private LegendFile() {}

    /**
     * @throws IllegalArgumentException of one line that names the file, the line and what is wrong with it
     */
    static Legend read(Path file) throws IOException {
        List<Legend.Entry> classes = new ArrayList<>();
        List<Integer> ignored = new ArrayList<>();
        Integer columns = null;
        Boolean colours = null;
        int number = 0;
        for (String line : lines(file)) {
            number++;
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            String[] cells = Arrays.stream(line.split("[,;\t]", -1)).map(String::strip).toArray(String[]::new);
            if (columns == null && isHeader(cells)) {
                continue;
            }
            String where = file + ", line " + number + ": ";
            columns = columns == null ? cells.length : columns;
            if (cells.length != columns || columns == 3 || columns > 4 || cells[0].isEmpty()) {
                throw new IllegalArgumentException(
                        where + "'" + line + "'; expected a name, or a name and a value, or a "
                                + "name, red, green and blue, as in the other lines");
            }
            boolean colour = columns == 4 || columns == 2 && cells[1].startsWith("#");
            if (colours != null && colours != colour) {
                throw new IllegalArgumentException(where + "'" + line + "'; either all values are colours or none is");
            }
            colours = colour;
            int value = columns == 1 ? classes.size() : value(cells, where);
            if (cells[0].equalsIgnoreCase(IGNORED)) {
                ignored.add(value);
            } else {
                classes.add(new Legend.Entry(cells[0], value));
            }
        }
        if (columns != null && columns == 1 && classes.size() <= USUALLY_IGNORED) {
            ignored.add(USUALLY_IGNORED);
        }
        try {
            return new Legend(colours != null && colours, classes, ignored);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    private static List<String> lines(Path file) throws IOException {
        try {
            return Utf8.lines(file);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(file + ": no text in UTF-8", e);
        }
    }

    private static boolean isHeader(String[] cells) {
        String first = cells[0].toLowerCase(Locale.ROOT);
        return first.equals("name") || first.equals("class") || first.equals("label");
    }

    private static int value(String[] cells, String where) {
        try {
            if (cells.length == 4) {
                return level(cells[1]) << 16 | level(cells[2]) << 8 | level(cells[3]);
            }
            return cells[1].startsWith("#") ? colour(cells[1]) : level(cells[1], 0xffff);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(where + "'" + String.join(",", cells)
                    + "'; a value is a level of 0 to 65535, or a colour as #804080 or 128,64,128", e);
        }
    }

    private static int colour(String text) {
        if (text.length() != 7) {
            throw new NumberFormatException(text);
        }
        return Integer.parseUnsignedInt(text.substring(1), 16);
    }

    private static int level(String text) {
        return level(text, 0xff);
    }

    private static int level(String text, int most) {
        int level = Integer.parseInt(text);
        if (level < 0 || level > most) {
            throw new NumberFormatException(text);
        }
        return level;
    }
}
