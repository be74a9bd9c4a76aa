package dev.glimpse.system.translation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.data.Batch;
import dev.glimpse.data.Batches;
import dev.glimpse.explain.WordMap;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Tensors;
import dev.glimpse.sequence.Vocabulary;
import dev.glimpse.train.LearnedSystem;
import dev.glimpse.train.LearnedSystem.Example;
import dev.glimpse.system.SystemTraining;
import dev.glimpse.train.EpochMetrics;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TranslationTrainingTest {
    private static int threads;

    @TempDir
    Path folder;

    @BeforeAll
    static void oneThread() {
        Libtorch.load();
        threads = torch.get_num_threads();
        torch.set_num_threads(1);
    }

    @AfterAll
    static void allThreads() {
        torch.set_num_threads(threads);
    }

    private static LearnedSystem system(String name) {
        return LearnedSystem.named(name).orElseThrow();
    }

    private static List<EpochMetrics> train(Run run, BooleanSupplier stop) throws IOException {
        return SystemTraining.train(run, SystemTraining.network(run.config()), new Trainer.Checkpoints(0, 3), stop)
                .position().epochs();
    }

    /** Words in another spelling and in reverse order are learned, said greedily and by beams, and looked at where they are. */
    @ParameterizedTest
    @ValueSource(strings = {"seq2seq", "transformer"})
    void aToyLanguageIsLearned(String name) throws IOException {
        Path data = ToyLanguage.write(folder.resolve("data"), 800);
        RunConfig config = ToyLanguage.config(ToyLanguage.SMALL.get(name), data, 14, 0.05);
        try (Run run = Run.create(folder.resolve("run"), config)) {
            EpochMetrics last = train(run, () -> false).getLast();
            assertThat(last.test().get("bleu")).isGreaterThan(0.8);
            assertThat(last.test().get("perplexity")).isCloseTo(Math.exp(last.test().get("loss")), within(1e-9));
            assertThat(last.train()).containsOnlyKeys("loss", "perplexity", "accuracy");

            Layer network = run.network();
            SentenceTranslator translator = SentenceTranslator.of(network, config);
            for (int beams : new int[]{1, 3}) {
                assertThat(translator.translate(List.of("ab ac ad", "aa ab"), beams))
                        .extracting(SentenceTranslator.Translation::text).containsExactly("bd bc bb", "bb ba");
            }
            TranslationScore score = TranslationScore.of(translator, data, "val", 1);
            assertThat(score.bleu().score()).isCloseTo(100 * last.test().get("bleu"), within(5.0));
            assertThat(score.signature()).contains("tok:13a", "case:lc");
            List<Example> examples =
                    config.system().examples(network, config, config.system().material(config.data(), config),
                            () -> false);
            assertThat(examples).hasSize(6).allSatisfy(example -> {
                assertThat(example.truth()).matches("(b. ?)+");
                assertThat(example.pictures()).hasSize(1);
            });
            if (name.equals("seq2seq")) {
                requireReversed(translator);
            } else {
                assertThat(translator.maps(translator.translate(List.of("ab ac"), 1).getFirst())).hasSize(6)
                        .allSatisfy(heads -> assertThat(heads).hasSize(4));
            }
        }
    }

    /** A word is looked for where it stands, or beside: the mean distance is below that of looking anywhere. */
    private static void requireReversed(SentenceTranslator translator) {
        SentenceTranslator.Translation said = translator.translate(List.of("aa ab ac ad ae"), 1).getFirst();
        WordMap map = translator.maps(said).getFirst().getFirst();
        assertThat(map.rows()).hasSize(6);
        assertThat(map.columns()).containsExactly("<s>", "aa", "ab", "ac", "ad", "ae", "</s>");
        double distance = 0;
        for (int row = 0; row < 5; row++) {
            for (int column = 0; column < 7; column++) {
                distance += map.weights()[row * 7 + column] * Math.abs(column - (5 - row)) / 5;
            }
        }
        assertThat(distance).isLessThan(1.5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"seq2seq", "transformer"})
    void stoppedAndResumedIsNotInterrupted(String name) throws IOException {
        Path data = ToyLanguage.write(folder.resolve("data"), 200);
        RunConfig config = ToyLanguage.config(ToyLanguage.SMALL.get(name), data, 2, 0.1);
        Path whole = folder.resolve("whole");
        try (Run run = Run.create(whole, config)) {
            train(run, () -> false);
        }
        Path halves = folder.resolve("halves");
        int[] asked = {0};
        try (Run run = Run.create(halves, config)) {
            train(run, () -> ++asked[0] > 5);
        }
        try (Run run = Run.resume(halves)) {
            assertThat(halves.resolve("last.safetensors")).as("no epoch is done").doesNotExist();
            train(run, () -> false);
        }
        for (String file : new String[]{"best.safetensors", "last.safetensors"}) {
            assertThat(halves.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
        }
    }

    @Test
    void batchesHoldEachPairOnceAndWhatFollowsEachWord() throws IOException {
        Path data = ToyLanguage.write(folder.resolve("data"), 50);
        RunConfig config =
                ToyLanguage.config(ToyLanguage.SMALL.get("seq2seq"), data, 1, 0);
        List<Integer> seen = new ArrayList<>();
        try (Batches batches = config.system().material(config.data(), config).training(config, 1);
                Batches.Pass pass = batches.epoch(1, 0)) {
            while (pass.hasNext()) {
                try (Batch batch = pass.next(); PointerScope _ = new PointerScope()) {
                    Arrays.stream(batch.indices()).forEach(seen::add);
                    long[] target = Arrays
                            .stream(Tensors.toLongs(batch.images().select(1, 1)))
                            .filter(word -> word != Vocabulary.PAD && word != Vocabulary.BEGIN).toArray();
                    assertThat(Arrays.stream(Tensors.toLongs(batch.labels())).filter(word -> word != Vocabulary.END)
                            .toArray()).isEqualTo(target);
                }
            }
            assertThat(pass.position()).isEqualTo(batches.batches());
        }
        assertThat(seen).doesNotHaveDuplicates().hasSize(50);
    }

    @Test
    void oneVocabularyForBothIsAnOption() throws IOException {
        Path data = ToyLanguage.write(folder.resolve("data"), 50);
        RunConfig config = ToyLanguage.config(
                ToyLanguage.SMALL.get("transformer") + ",tie_source=true", data, 1, 0);
        assertThat(config.words().get("source")).isEqualTo(config.words().get("target")).contains("aa", "bb");
        config.network().close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~',
            value = {"seq2seq:layers=2 | seq2seq has no argument 'layers'; it has from, to",
                "transformer:d_model=0 | d_model is 0", "seq2seq:from=en | from and to are both 'en'",
                "seq2seq:from=../de | '../de' is no ending of a file", "transformer:n_position=2 | n_position is 2",
                "seq2seq:min_count=0 | min_count is 0", "transformer:n_src_vocab=5 | 'n_src_vocab' is set by"})
    void aWrongArgumentIsOneLine(String model, String said) throws IOException {
        Path data = ToyLanguage.write(folder.resolve("data"), 5);
        Args args = Args.parse(model);
        assertThatThrownBy(() -> system(args.owner()).prepare(data.toString(), args))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(said);
    }

    @Test
    void wrongDataIsOneLine() throws IOException {
        Path data = ToyLanguage.write(folder.resolve("data"), 5);
        requireFault(IllegalArgumentException.class, folder.resolve("none"), "", "none: no such folder");
        requireFault(IllegalArgumentException.class, data, "from=fr,", "it has neither train.fr nor train.fr.gz");
        requireFault(IOException.class, data, "n_position=4,", "train.de, line ");
        Files.writeString(data.resolve("val.de"), "aa\n\nab\n");
        requireFault(IOException.class, data, "", "val.de, line 2: no sentence");
        Files.writeString(data.resolve("val.de"), "aa\nab\n");
        requireFault(IOException.class, data, "", "val.de has 2 lines, ");
    }

    private void requireFault(Class<? extends Exception> kind, Path data, String more, String said) {
        assertThatThrownBy(
                () -> system("seq2seq").prepare(data.toString(), Args.parse("seq2seq:" + more + "lower=true")))
                .isInstanceOf(kind).hasMessageContaining(said);
    }
}
