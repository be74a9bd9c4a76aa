package dev.glimpse.explain;

import dev.glimpse.data.Image;
import dev.glimpse.explain.Lettering.Line;
import java.util.Arrays;
import java.util.List;

/**
 * Draws {@link WordMap}s in a grid: the words that attend to the left, those attended to above, from white for 0 to dark blue
 * for 1, along the weight's root, so that what is spread over a sentence can be seen.
 */
public final class WordMapSheet {
    private static final int CELL = 16;
    private static final int LETTERS = 11;
    private static final int GAP = 12;
    private static final int LONGEST_WORD = 110; // pixels
    private static final long MOST_PIXELS = 60_000_000;
    private static final int[] PAPER = {255, 255, 255};
    private static final int[] INK = {31, 35, 40};
    private static final int[] FULL = {8, 48, 107};

    private final Lettering lettering = Lettering.best();
    private int width;
    private byte[] rgb;

    private WordMapSheet() {}

    /** How much room a map takes. */
    private record Frame(int left, int top, int title) {
        int width(WordMap map) {
            return left + Math.max(CELL * map.columns().size(), 1);
        }

        int height(WordMap map) {
            return title + top + CELL * map.rows().size();
        }
    }

    /**
     * The maps as one picture.
     *
     * @param grid rows of maps, which may be of any number
     * @throws IllegalArgumentException of one line where the picture would be too large
     */
    public static Image draw(List<List<WordMap>> grid) {
        return new WordMapSheet().sheet(grid);
    }

    private Image sheet(List<List<WordMap>> grid) {
        int columns = grid.stream().mapToInt(List::size).max().orElseThrow();
        int[] widths = new int[columns];
        int[] heights = new int[grid.size()];
        for (int y = 0; y < heights.length; y++) {
            for (int x = 0; x < grid.get(y).size(); x++) {
                WordMap map = grid.get(y).get(x);
                Frame frame = frame(map);
                widths[x] = Math.max(widths[x], Math.max(frame.width(map), word(map.title(), true).width()));
                heights[y] = Math.max(heights[y], frame.height(map));
            }
        }
        long wide = Arrays.stream(widths).sum() + (columns + 1L) * GAP;
        long high = Arrays.stream(heights).sum() + (heights.length + 1L) * GAP;
        if (wide * high > MOST_PIXELS) {
            throw new IllegalArgumentException("a picture of all maps would have " + wide + "x" + high
                    + " pixels: take a shorter sentence");
        }
        width = (int) wide;
        rgb = new byte[(int) (3 * wide * high)];
        Arrays.fill(rgb, (byte) 255);
        int top = GAP;
        for (int y = 0; y < heights.length; y++) {
            int left = GAP;
            for (int x = 0; x < grid.get(y).size(); x++) {
                map(grid.get(y).get(x), left, top);
                left += widths[x] + GAP;
            }
            top += heights[y] + GAP;
        }
        return new Image(width, (int) high, rgb);
    }

    private Frame frame(WordMap map) {
        return new Frame(room(map.rows()), room(map.columns()), word("Ag", true).height() + 4);
    }

    private int room(List<String> words) {
        return words.stream().mapToInt(word -> word(word, false).width()).max().orElseThrow() + 4;
    }

    private void map(WordMap map, int left, int top) {
        Frame frame = frame(map);
        text(word(map.title(), true), left, top);
        int x0 = left + frame.left();
        int y0 = top + frame.title() + frame.top();
        for (int c = 0; c < map.columns().size(); c++) {
            Line upwards = turned(word(map.columns().get(c), false));
            text(upwards, x0 + c * CELL + (CELL - upwards.width()) / 2, y0 - 4 - upwards.height());
        }
        for (int r = 0; r < map.rows().size(); r++) {
            Line word = word(map.rows().get(r), false);
            text(word, x0 - 4 - word.width(), y0 + r * CELL + (CELL - word.height()) / 2);
            for (int c = 0; c < map.columns().size(); c++) {
                float weight = map.weights()[r * map.columns().size() + c];
                cell(x0 + c * CELL, y0 + r * CELL, Math.sqrt(Math.clamp(weight, 0, 1)));
            }
        }
    }

    /** With a light line between it and the next. */
    private void cell(int left, int top, double share) {
        for (int y = top; y < top + CELL - 1; y++) {
            for (int x = left; x < left + CELL - 1; x++) {
                for (int c = 0; c < 3; c++) {
                    double ground = 0.97 * PAPER[c];
                    rgb[3 * (y * width + x) + c] = (byte) Math.round(ground + share * (FULL[c] - ground));
                }
            }
        }
    }

    /** Cut short where it is too long. */
    private Line word(String text, boolean bold) {
        Line line = lettering.line(text, LETTERS, bold);
        for (int end = text.length() - 1; line.width() > LONGEST_WORD && end > 0 && !bold; end--) {
            line = lettering.line(text.substring(0, end) + "...", LETTERS, false);
        }
        return line;
    }

    /** To be read from below. */
    private static Line turned(Line line) {
        byte[] ink = new byte[line.ink().length];
        for (int y = 0; y < line.height(); y++) {
            for (int x = 0; x < line.width(); x++) {
                ink[(line.width() - 1 - x) * line.height() + y] = line.ink()[y * line.width() + x];
            }
        }
        return new Line(line.height(), line.width(), ink);
    }

    private void text(Line line, int left, int top) {
        for (int y = 0; y < line.height(); y++) {
            for (int x = 0; x < line.width(); x++) {
                int cover = Byte.toUnsignedInt(line.ink()[y * line.width() + x]);
                for (int c = 0; c < 3; c++) {
                    int at = 3 * ((top + y) * width + left + x) + c;
                    int under = Byte.toUnsignedInt(rgb[at]);
                    rgb[at] = (byte) (under + (INK[c] - under) * cover / 255);
                }
            }
        }
    }
}
