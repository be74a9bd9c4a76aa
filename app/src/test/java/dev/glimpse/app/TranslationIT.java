package dev.glimpse.app;

import static dev.glimpse.app.Launched.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.data.ImageReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Translation from the command line: trained on a language of eight words, used, and used wrongly. */
class TranslationIT {
    @TempDir
    private static Path folder;
    private static Path data;
    private static Path run;

    @BeforeAll
    static void train() throws IOException {
        data = Files.createDirectory(folder.resolve("data"));
        run = folder.resolve("run");
        for (String set : new String[]{"train", "val", "test_2016_flickr"}) {
            sentences(set, set.equals("train") ? 400 : 20);
        }
        Launched trained = glimpse("train", data, "--model",
                "transformer:d_model=32,d_inner=64,n_layers=1,n_head=2,dropout=0,n_position=20", "--epochs", 8,
                "--warmup",
                0.5, "--schedule", "cosine", "--ema", 0, "--lr", 0.005, "--batch", 16, "--out", run);
        assertThat(trained.err()).contains("transformer: ", "400 training and 20 test examples", "perplexity", "bleu");
        assertThat(trained.exit()).isZero();
    }

    private static void sentences(String set, int count) throws IOException {
        Random random = new Random(set.length());
        List<String> source = new ArrayList<>();
        List<String> target = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] words = random.ints(2 + random.nextInt(4), 0, 8).toArray();
            source.add(String.join(" ", IntStream.of(words).mapToObj(word -> "Wort" + (char) ('a' + word)).toList()));
            target.add(String.join(" ", IntStream.of(words).mapToObj(word -> "word" + (char) ('a' + word)).toList()));
        }
        Files.write(data.resolve(set + ".de"), source);
        Files.write(data.resolve(set + ".en"), target);
    }

    @Test
    void sentencesAreTranslatedAndLookedThrough() throws IOException {
        Path maps = folder.resolve("maps.png");
        Launched said = glimpse("translate", run, "Worta wortb Xanthippe", "--maps", maps, "--json");
        assertThat(said.exit()).isZero();
        assertThat(said.err()).contains("unknown to this model: xanthippe");
        JsonNode one = new JsonMapper().readTree(said.out()).path("translations").get(0);
        assertThat(one.path("text").asString()).startsWith("worda wordb");
        assertThat(one.path("unknown").get(0).asString()).isEqualTo("xanthippe");
        assertThat(ImageReader.read(maps).width()).isGreaterThan(100);
        assertThat(Files.readString(run.resolve("report.html"))).contains("<img");
    }

    @Test
    void linesAreReadAndWhatIsNoSentenceIsALine() throws Exception {
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        Process process = Launched.start(Map.of(), out, err, "translate", run, "--beam", 1);
        try (OutputStream in = process.getOutputStream()) {
            in.write(("wortc wortd\n\n" + "worta ".repeat(30) + "\nwortb worta\n").getBytes(StandardCharsets.UTF_8));
        }
        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(Files.readAllLines(out)).containsExactly("wordc wordd", "wordb worda");
        assertThat(Files.readString(err)).contains("sentence 2: no sentence: it has no word",
                "sentence 3: a sentence of 32 words with the marks of beginning and end; this model reads 20");
    }

    @Test
    void theTestIsScored() {
        JsonNode score = new JsonMapper().readTree(glimpse("translate", run, "--test", data, "--json").out());
        assertThat(score.path("sentences").asInt()).isEqualTo(20);
        assertThat(score.path("bleu").path("score").asDouble()).isBetween(50.0, 100.0);
        assertThat(score.path("perplexity").asDouble()).isBetween(1.0, 3.0);
        assertThat(glimpse("translate", run, "--test", data).out())
                .contains("BLEU ", "nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|beam:4", "perplexity ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            translate                                     | 2 | RUN
            translate NONE worta                          | 2 | no such folder
            translate RUN worta --beam 0                  | 2 | --beam is 0, must be at least 1
            translate RUN worta wortb --maps a.png        | 2 | --maps draws one sentence, got 2
            translate RUN worta --test DATA               | 2 | --test reads a folder's sentences
            translate RUN --test NONE                     | 2 | no such folder
            translate RUN --test DATA --set dev           | 2 | it has neither dev.de nor dev.de.gz
            eval RUN DATA                                 | 2 | which has a command of its own
            train DATA --model seq2seq --out RUN          | 2 | holds a run already
            train NONE --model seq2seq --out NEW          | 2 | no such folder
            train DATA --model seq2seq:depth=2 --out NEW  | 2 | seq2seq has no argument 'depth'
            train DATA --model seq2seq --size 3 --out NEW | 2 | --size is for networks
            """)
    void aWrongCallIsOneLine(String args, int exit, String message) {
        Map<String, Path> places = Map.of("RUN", run, "DATA", data, "NONE", folder.resolve("none"), "NEW",
                folder.resolve("new"));
        Object[] words = List.of(args.split(" +")).stream()
                .map(word -> places.containsKey(word) ? places.get(word) : word).toArray();
        Called called = Called.glimpse(words);
        assertThat(called.exit()).as(called.err()).isEqualTo(exit);
        assertThat(called.err()).startsWith("glimpse: ").hasLineCount(1).contains(message);
        assertThat(called.out()).isEmpty();
    }
}
