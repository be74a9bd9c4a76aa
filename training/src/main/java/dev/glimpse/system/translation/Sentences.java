package dev.glimpse.system.translation;

import dev.glimpse.sequence.ParallelText;
import dev.glimpse.sequence.Tokeniser;
import dev.glimpse.sequence.Vocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Sentences and their translations, as they are written and as tokens.
 *
 * @param text as it is written
 * @param source tokens of each sentence
 * @param target tokens of each translation
 */
record Sentences(ParallelText text, List<List<String>> source, List<List<String>> target) {
    /**
     * Reads {@code set.from} and {@code set.to} in a folder, plain or with {@code .gz} behind.
     *
     * @throws IllegalArgumentException of one line where they are missing
     * @throws IOException of one line where they cannot be read or have a sentence that is too long
     */
    static Sentences read(Path folder, String set, TextOptions options) throws IOException {
        Path from = file(folder, set + "." + options.from());
        Path to = file(folder, set + "." + options.to());
        ParallelText text = ParallelText.read(from, to);
        Tokeniser tokeniser = options.tokeniser();
        return new Sentences(text, tokens(text.source(), tokeniser, from, options),
                tokens(text.target(), tokeniser, to, options));
    }

    private static Path file(Path folder, String name) {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException(folder + ": no such folder; it is to hold sentences as " + name);
        }
        for (Path file : List.of(folder.resolve(name), folder.resolve(name + ".gz"))) {
            if (Files.isRegularFile(file)) {
                return file;
            }
        }
        throw new IllegalArgumentException(folder + ": it has neither " + name + " nor " + name + ".gz");
    }

    private static List<List<String>> tokens(List<String> sentences, Tokeniser tokeniser, Path file,
            TextOptions options) throws IOException {
        List<List<String>> tokens = sentences.stream().map(tokeniser::tokens).toList();
        for (int i = 0; i < tokens.size(); i++) {
            int words = TextOptions.marked(tokens.get(i).size());
            if (words > options.longest()) {
                throw new IOException(file + ", line " + (i + 1) + ": " + words
                        + " words with the marks of beginning and end, more than n_position=" + options.longest());
            }
        }
        return tokens;
    }

    int size() {
        return source.size();
    }

    /** The words of both sides. */
    Stream<List<String>> both() {
        return Stream.concat(source.stream(), target.stream());
    }

    /** Sentences as numbers of words between marks. */
    static long[][] encoded(List<List<String>> tokens, Vocabulary words) {
        return tokens.stream().map(words::encode).toArray(long[][]::new);
    }

    /** Of each pair the longer's words. */
    static int[] lengths(long[][] source, long[][] target) {
        int[] lengths = new int[source.length];
        Arrays.setAll(lengths, i -> Math.max(source[i].length, target[i].length));
        return lengths;
    }
}
