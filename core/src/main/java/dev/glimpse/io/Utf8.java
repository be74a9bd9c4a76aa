package dev.glimpse.io;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Text in UTF-8 without the byte order mark that some editors write before it: it is no part of the first word. */
public final class Utf8 {
    private static final char MARK = '\ufeff';

    private Utf8() {}

    /** A text without the mark. */
    public static String unmarked(String text) {
        return text.isEmpty() || text.charAt(0) != MARK ? text : text.substring(1);
    }

    /** A text that nothing has been read of, past the mark. */
    public static BufferedReader unmarked(BufferedReader text) throws IOException {
        text.mark(1);
        if (text.read() != MARK) {
            text.reset();
        }
        return text;
    }

    /**
     * A file's lines.
     *
     * @throws java.nio.charset.CharacterCodingException where it is not in UTF-8
     */
    public static List<String> lines(Path file) throws IOException {
        try (BufferedReader in = Files.newBufferedReader(file)) {
            return unmarked(in).readAllLines();
        }
    }
}
