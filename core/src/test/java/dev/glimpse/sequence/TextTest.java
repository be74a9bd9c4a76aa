package dev.glimpse.sequence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextTest {
    private static final Path MULTI30K = Path.of(System.getProperty("glimpse.root"), "../shared/data/multi30k");

    @TempDir
    private Path folder;

    @Test
    void tokensAreWordsNumbersAndSigns() {
        assertThat(new Tokeniser(true).tokens("A dog's T-shirt, 3x."))
                .containsExactly("a", "dog", "\uffed'", "\uffeds", "t", "\uffed-", "\uffedshirt", "\uffed,", "3",
                        "\uffedx", "\uffed.");
        assertThat(new Tokeniser(false).tokens("Zwei Männer")).containsExactly("Zwei", "Männer");
        assertThat(new Tokeniser(true).tokens(" \t\u00a0")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"A dog's T-shirt, 3x.", "(\"what?\")", "Größe: 10,5 m²", "e\u0301t\u00e9", "a . b",
        "\ud83d\ude00!"})
    void tokensCanBePutTogetherAgain(String sentence) {
        assertThat(Tokeniser.join(new Tokeniser(false).tokens(sentence))).isEqualTo(sentence);
    }

    @Test
    void frequentWordsComeFirst() {
        Vocabulary words = Vocabulary.of(Stream.of(List.of("b", "a", "c"), List.of("c", "b"), List.of("</s>", "d")), 1);
        assertThat(words.words()).containsExactly("<unk>", "<pad>", "<s>", "</s>", "b", "c", "a", "d");
        assertThat(Vocabulary.of(Stream.of(List.of("b", "a", "b")), 2).size()).isEqualTo(5);
    }

    @Test
    void aSentenceStandsBetweenItsMarks() {
        Vocabulary words = Vocabulary.of(Stream.of(List.of("a", "b")), 1);
        assertThat(words.encode(List.of("b", "x", "<pad>", "a"))).containsExactly(2, 5, 0, 0, 4, 3);
        assertThat(words.decode(new long[]{2, 5, 0, 4, 1, 3, 4})).containsExactly("b", "<unk>", "a");
        assertThat(new Vocabulary(words.words()).encode(List.of("a"))).containsExactly(2, 4, 3);
    }

    @Test
    void aListWithoutMarksIsNoVocabulary() {
        assertThatThrownBy(() -> new Vocabulary(List.of("a"))).hasMessageContaining("does not start with <unk>");
        assertThatThrownBy(() -> new Vocabulary(List.of("<unk>", "<pad>", "<s>", "</s>", "a", "a")))
                .hasMessageContaining("'a' stands in it twice");
    }

    @Test
    void aByteOrderMarkIsNoWord() throws IOException {
        Path marked = Files.writeString(folder.resolve("a.de"), "\ufeffEin Hund.\nZwei.\n");
        assertThat(ParallelText.sentences(marked)).containsExactly("Ein Hund.", "Zwei.");
    }

    @Test
    void plainAndCompressedFilesAreRead() throws IOException {
        Path plain = Files.writeString(folder.resolve("a.de"), "Ein Hund.\r\nZwei.\n");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write("A dog.\nTwo.".getBytes(StandardCharsets.UTF_8));
        }
        Path compressed = Files.write(folder.resolve("a.en.gz"), bytes.toByteArray());
        ParallelText text = ParallelText.read(plain, compressed);
        assertThat(text.source()).containsExactly("Ein Hund.", "Zwei.");
        assertThat(text.target()).containsExactly("A dog.", "Two.");
    }

    @ParameterizedTest
    @CsvSource({"'a\n\nb\n', 'line 2: no sentence'", "'', 'no sentence'", "'a\nb\n', 'has 2 lines'"})
    void badTextIsALine(String content, String said) throws IOException {
        Path one = Files.writeString(folder.resolve("one.en"), "a\n");
        Path bad = Files.writeString(folder.resolve("bad.de"), content);
        assertThatThrownBy(() -> ParallelText.read(bad, one)).isInstanceOf(IOException.class)
                .hasMessageContaining("bad.de").hasMessageContaining(said).hasMessageNotContaining("\n");
    }

    @Test
    void badFilesAreALine() throws IOException {
        assertThatThrownBy(() -> ParallelText.sentences(folder.resolve("none.de")))
                .hasMessageContaining("no such file");
        Path latin = Files.write(folder.resolve("latin.de"), new byte[]{'M', (byte) 0xe4, 'n', 'n'});
        assertThatThrownBy(() -> ParallelText.sentences(latin)).hasMessageContaining("not UTF-8");
        Path gzip = Files.writeString(folder.resolve("no.gz"), "plain");
        assertThatThrownBy(() -> ParallelText.sentences(gzip)).hasMessageContaining("no whole gzip file");
    }

    @Test
    void batchesAreOfLikeLength() {
        int[] lengths = IntStream.range(0, 500).map(i -> 3 + i * 7 % 31).toArray();
        List<int[]> batches = new LengthBatches(200).epoch(lengths, 5, 1);
        assertThat(batches.stream().flatMapToInt(IntStream::of).sorted().toArray())
                .isEqualTo(IntStream.range(0, 500).toArray());
        long padded = 0;
        for (int[] batch : batches) {
            int longest = IntStream.of(batch).map(i -> lengths[i]).max().orElseThrow();
            assertThat(batch.length * longest).isLessThanOrEqualTo(200);
            padded += IntStream.of(batch).map(i -> longest - lengths[i]).sum();
        }
        assertThat(padded).isLessThan(IntStream.of(lengths).sum() / 20);
        assertThat(new LengthBatches(200).epoch(lengths, 5, 1)).usingRecursiveComparison().isEqualTo(batches);
        assertThat(new LengthBatches(200).epoch(lengths, 5, 2).getFirst()).isNotEqualTo(batches.getFirst());
    }

    @Test
    void aSentenceThatFitsNoBatchIsRefused() {
        assertThatThrownBy(() -> new LengthBatches(20).epoch(new int[]{5, 21}, 0, 1))
                .hasMessage("sentence 2 has 21 words, a batch has room for 20");
    }

    @Test
    void multi30kIsRead() throws IOException {
        Assumptions.assumeTrue(Files.isDirectory(MULTI30K), MULTI30K + " is not there");
        ParallelText text = ParallelText.read(MULTI30K.resolve("test_2016_flickr.de.gz"),
                MULTI30K.resolve("test_2016_flickr.en.gz"));
        assertThat(text.size()).isEqualTo(1000);
        Tokeniser tokeniser = new Tokeniser(false);
        for (String sentence : text.target()) {
            String plain = sentence.strip().replaceAll("\\s+", " ");
            assertThat(Tokeniser.join(tokeniser.tokens(sentence))).isEqualTo(plain);
        }
        List<List<String>> references = text.target().stream().map(List::of).toList();
        assertThat(Bleu.of(text.target(), references).score()).isBetween(99.999, 100.001);
    }
}
