package dev.glimpse.sequence;

import dev.glimpse.io.Utf8;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * Sentences in two languages, one a line, the n-th of one the translation of the n-th of the other: as Multi30k (Elliott,
 * Frank, Sima'an, Specia: Multi30K: Multilingual English-German Image Descriptions. 2016,
 * <a href="https://arxiv.org/abs/1605.00459">arXiv:1605.00459</a>) and WMT have them.
 *
 * @param source sentences to translate
 * @param target their translations
 */
public record ParallelText(List<String> source, List<String> target) {
    private static final int MOST_BYTES = 1 << 30;

    public ParallelText {
        source = List.copyOf(source);
        target = List.copyOf(target);
    }

    public int size() {
        return source.size();
    }

    /**
     * Reads two files, in UTF-8, plain or, where the name ends in {@code .gz}, compressed.
     *
     * @throws IOException of one line where a file cannot be read, is empty or has an empty line, or where they have not
     *         as many lines
     */
    public static ParallelText read(Path source, Path target) throws IOException {
        List<String> from = sentences(source);
        List<String> to = sentences(target);
        if (from.size() != to.size()) {
            throw new IOException(source + " has " + from.size() + " lines, " + target + " has " + to.size()
                    + "; line by line one is the other's translation");
        }
        return new ParallelText(from, to);
    }

    /** The lines of a file, each with a sentence. */
    public static List<String> sentences(Path file) throws IOException {
        String text = decoded(file, bytes(file));
        List<String> lines = Arrays.asList(text.split("\r?\n", -1));
        if (lines.getLast().isEmpty()) { // behind the last line's end
            lines = lines.subList(0, lines.size() - 1);
        }
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).isBlank()) {
                throw new IOException(file + ", line " + (i + 1) + ": no sentence");
            }
        }
        if (lines.isEmpty()) {
            throw new IOException(file + ": no sentence");
        }
        return lines;
    }

    private static byte[] bytes(Path file) throws IOException {
        boolean compressed = file.getFileName().toString().endsWith(".gz");
        try (InputStream raw = new BufferedInputStream(Files.newInputStream(file));
                InputStream in = compressed ? new GZIPInputStream(raw) : raw) {
            byte[] bytes = in.readNBytes(MOST_BYTES);
            if (in.read() >= 0) {
                throw new IOException(file + ": more than 1 GiB of text");
            }
            return bytes;
        } catch (NoSuchFileException e) {
            throw new IOException(file + ": no such file", e);
        } catch (ZipException | EOFException e) {
            throw new IOException(file + ": no whole gzip file", e);
        }
    }

    private static String decoded(Path file, byte[] bytes) throws IOException {
        try {
            return Utf8.unmarked(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": not UTF-8", e);
        }
    }
}
