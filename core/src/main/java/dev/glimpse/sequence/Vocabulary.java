package dev.glimpse.sequence;

import dev.glimpse.nn.Checks;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The words that a network knows, by number. The first four are marks: a word that it does not know, padding, the beginning
 * and the end of a sentence.
 */
public final class Vocabulary {
    /** The number of every word that is not known. */
    public static final int UNKNOWN = 0;
    /** What fills up short sentences. */
    public static final int PAD = 1;
    /** Stands before a sentence's first word. */
    public static final int BEGIN = 2;
    /** Stands behind a sentence's last word. */
    public static final int END = 3;

    private static final List<String> MARKS = List.of("<unk>", "<pad>", "<s>", "</s>");

    private final List<String> words;
    private final Map<String, Integer> numbers = new LinkedHashMap<>();

    /**
     * Takes up words that {@link #words} gave.
     *
     * @throws IllegalArgumentException where the marks are missing or a word stands twice
     */
    public Vocabulary(List<String> words) {
        if (words.size() < MARKS.size() || !words.subList(0, MARKS.size()).equals(MARKS)) {
            throw new IllegalArgumentException("no vocabulary: it does not start with " + String.join(" ", MARKS));
        }
        this.words = List.copyOf(words);
        for (String word : words) {
            if (numbers.put(word, numbers.size()) != null) {
                throw new IllegalArgumentException("no vocabulary: '" + word + "' stands in it twice");
            }
        }
    }

    /**
     * The words that stand often enough in a text, the most frequent first, of equals the first by alphabet.
     *
     * @param atLeast how often
     */
    public static Vocabulary of(Stream<List<String>> sentences, long atLeast) {
        Checks.positive("the least count of a word", atLeast);
        Map<String, Long> counts = sentences.flatMap(List::stream)
                .collect(Collectors.groupingBy(word -> word, Collectors.counting()));
        MARKS.forEach(counts::remove);
        List<String> words = new ArrayList<>(MARKS);
        counts.entrySet().stream().filter(entry -> entry.getValue() >= atLeast)
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .forEach(entry -> words.add(entry.getKey()));
        return new Vocabulary(words);
    }

    public List<String> words() {
        return words;
    }

    public int size() {
        return words.size();
    }

    /** A sentence's numbers between its two marks; nobody can write a mark as a word. */
    public long[] encode(List<String> tokens) {
        long[] encoded = new long[tokens.size() + 2];
        encoded[0] = BEGIN;
        for (int i = 0; i < tokens.size(); i++) {
            int number = numbers.getOrDefault(tokens.get(i), UNKNOWN);
            encoded[i + 1] = number < MARKS.size() ? UNKNOWN : number;
        }
        encoded[encoded.length - 1] = END;
        return encoded;
    }

    /** The words up to the first end, without marks other than that of an unknown word. */
    public List<String> decode(long[] encoded) {
        List<String> decoded = new ArrayList<>();
        for (long number : encoded) {
            if (number == END) {
                break;
            }
            if (number != PAD && number != BEGIN) {
                decoded.add(words.get(Math.toIntExact(number)));
            }
        }
        return decoded;
    }
}
