package dev.glimpse.system.caption;

import dev.glimpse.explain.HeatMap.Box;
import dev.glimpse.sequence.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What is to be said of a picture, as whole numbers in rows of one length, (rows, T), which tensors can hold.
 *
 * <pre>
 * a caption     beginning, words, end, padding
 * a thing       -1, its colour's word, its noun, left, top, width, height in pixels
 * no more       padding
 * </pre>
 *
 * In what is tested on, words that the vocabulary does not know have numbers above its own: nobody can say them, so that
 * they count as missed.
 *
 * @param captions with their marks
 */
record CaptionTarget(List<long[]> captions, List<Named> things) {
    /** The shortest row that holds a thing. */
    static final int LEAST_LENGTH = 7;
    private static final long THING = -1;

    /** A thing as captions call it: by the words' numbers. */
    record Named(long colour, long noun, Box box) {}

    /** Row by row. */
    long[] rows(int rows, int length) {
        long[] numbers = new long[rows * length];
        Arrays.fill(numbers, Vocabulary.PAD);
        int row = 0;
        for (long[] caption : captions) {
            System.arraycopy(caption, 0, numbers, row++ * length, caption.length);
        }
        for (Named thing : things) {
            long[] told = {THING, thing.colour, thing.noun, thing.box.x(), thing.box.y(), thing.box.width(),
                thing.box.height()};
            System.arraycopy(told, 0, numbers, row++ * length, told.length);
        }
        return numbers;
    }

    /** What {@link #rows} gave, for a batch: {@code rows} for each picture. */
    static List<CaptionTarget> read(long[] numbers, int rows, int length) {
        List<CaptionTarget> all = new ArrayList<>();
        for (int from = 0; from < numbers.length; from += rows * length) {
            CaptionTarget target = new CaptionTarget(new ArrayList<>(), new ArrayList<>());
            for (int row = 0; row < rows; row++) {
                target.take(Arrays.copyOfRange(numbers, from + row * length, from + (row + 1) * length));
            }
            all.add(target);
        }
        return all;
    }

    private void take(long[] row) {
        if (row[0] == THING) {
            things.add(new Named(row[1], row[2],
                    new Box((int) row[3], (int) row[4], (int) row[5], (int) row[6])));
        } else if (row[0] == Vocabulary.BEGIN) {
            captions.add(row);
        }
    }

    /** A caption's words, without marks. */
    static long[] words(long[] caption) {
        int end = 1;
        while (end < caption.length && caption[end] != Vocabulary.END) {
            end++;
        }
        return Arrays.copyOfRange(caption, 1, end);
    }
}
