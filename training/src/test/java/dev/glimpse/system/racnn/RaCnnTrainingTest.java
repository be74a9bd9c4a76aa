package dev.glimpse.system.racnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.data.Image;
import dev.glimpse.explain.Pictures;
import dev.glimpse.glimpses.RaCnn.Learner;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Tensors;
import dev.glimpse.system.SystemTraining;
import dev.glimpse.train.EpochMetrics;
import dev.glimpse.train.LearnedSystem;
import dev.glimpse.train.OptimizerSettings;
import dev.glimpse.train.Position;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The system in the trainer's hands. */
class RaCnnTrainingTest {
    private static final LearnedSystem SYSTEM = LearnedSystem.named("racnn").orElseThrow();
    private static final String TINY = "racnn:hidden=8,pretrain=1,alternate=2+1,view=16";

    private static int threads;

    @TempDir
    private Path folder;

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

    private static RunConfig config(String data, String model, int epochs) throws IOException {
        return SystemTraining.config(data, model, Recipe.plain(epochs, 16,
                OptimizerSettings.parse("adamw", 0.005, 0.0005), Schedule.parse("cosine", 0), 4, 2));
    }

    private static Position train(Run run, BooleanSupplier stop) throws IOException {
        return SystemTraining.train(run, stop).position();
    }

    @Test
    void itLearnsAndAStoppedTrainingGoesOnAsIfItHadNot() throws IOException {
        RunConfig config = config("generated:train=160,test=32,size=48", TINY, 4);
        Position whole;
        try (Run run = Run.create(folder.resolve("whole"), config)) {
            whole = train(run, () -> false);
        }
        int[] asked = {0};
        try (Run run = Run.create(folder.resolve("parts"), config)) {
            train(run, () -> ++asked[0] > 26); // in the middle of an epoch, and of a turn
        }
        try (Run run = Run.resume(folder.resolve("parts"))) {
            Position rest = train(run, () -> false);
            assertThat(rest.steps()).isEqualTo(whole.steps()).isEqualTo(40);
            assertThat(rest.epochs().getLast().test()).isEqualTo(whole.epochs().getLast().test());
        }
        assertThat(folder.resolve("parts/last.safetensors"))
                .hasSameBinaryContentAs(folder.resolve("whole/last.safetensors"));
        List<EpochMetrics> epochs = whole.epochs();
        assertThat(epochs.getLast().train().get("loss")).isLessThan(epochs.getFirst().train().get("loss"));
        assertThat(epochs.getLast().test()).containsKeys("accuracy", "accuracy_1", "accuracy_2", "accuracy_3", "area",
                "held_2", "held");
    }

    @Test
    void examplesShowTheScales() throws IOException {
        RunConfig config = config("generated:train=16,test=3,size=48", TINY, 1);
        Layer network = config.network();
        network.eval();
        List<LearnedSystem.Example> examples = SYSTEM.examples(network, config,
                SYSTEM.material(config.data(), config), () -> false);
        assertThat(examples).hasSize(3);
        assertThat(examples.getFirst().truth()).isIn(Beetles.SPECIES);
        assertThat(examples.getFirst().pictures()).containsOnlyKeys("whole", "closer", "closest")
                .allSatisfy((_, view) -> assertThat(view.width()).isGreaterThan(160));
    }

    @Test
    void turnsFollowFromTheStep() {
        RaCnnOptions options = RaCnnOptions.read(Args.parse("racnn:pretrain=0.5,alternate=2+1"), 3, 48);
        assertThat(IntStream.range(0, 9).mapToObj(step -> options.learner(step, 6))).containsExactly(Learner.EACH,
                Learner.EACH, Learner.EACH, Learner.CLASSIFIERS, Learner.CLASSIFIERS, Learner.ATTENTION,
                Learner.CLASSIFIERS, Learner.CLASSIFIERS, Learner.ATTENTION);
    }

    /** Two pictures: boxes of scale three from 12 to 36 and from 0 to 24, of 48 pixels. */
    @Test
    void whatIsHeldIsCounted() {
        try (PointerScope _ = new PointerScope()) {
            Tensor scores = Tensors.of(new float[]{0, 9, 9, 0, 0, 9, 0, 9, 9, 0, 9, 0, 9, 0, 0, 9}, 2, 8);
            Tensor boxes = Tensors.of(new float[]{0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.25f, 0.5f, 0.5f, 0.5f, 0.25f, 0.25f,
                0.25f}, 2, 6);
            Tensor output = Tensors.cat(1, scores, boxes.mul(boxes), boxes, torch.zeros(2, 4));
            Tensor target = Tensors.of(new long[]{1, 28, 12, 8, 8, 0, 17, 3, 8, 8}, 2, 5);
            RaCnnTally tally = new RaCnnTally(2, 48);
            tally.add(output, target, 3);
            RaCnnTally again = new RaCnnTally(2, 48);
            again.restore(tally.state());
            assertThat(again.values()).isEqualTo(tally.values()).containsEntry("loss", 3.0)
                    .containsEntry("accuracy", 1.0).containsEntry("accuracy_1", 0.5)
                    .containsEntry("accuracy_2", 1.0).containsEntry("accuracy_3", 0.5).containsEntry("held_2", 1.0)
                    .containsEntry("held", 0.5);
            assertThat(again.values().get("area")).isCloseTo(0.25, within(1e-6));
        }
    }

    @Test
    void aFolderOfImagesIsLearnedFrom() throws IOException {
        Random random = new Random(1);
        for (String half : List.of("train", "test")) {
            for (int i = 0; i < 32; i++) {
                byte[] rgb = new byte[3 * 50 * 40];
                random.nextBytes(rgb);
                for (int p = 0; p < rgb.length; p++) {
                    rgb[p] = (byte) ((rgb[p] & 0x3f) + 0x80 * (i % 2));
                }
                Pictures.write(new Image(50, 40, rgb),
                        folder.resolve("data").resolve(half).resolve(i % 2 == 0 ? "dark" : "light")
                                .resolve(i + ".png"));
            }
        }
        RunConfig config = config(folder.resolve("data").toString(), TINY + ",size=36,ranking=logits,gradient=both", 3);
        assertThat(config.size()).isEqualTo(36);
        try (Run run = Run.create(folder.resolve("run"), config)) {
            Map<String, Double> tested = train(run, () -> false).epochs().getLast().test();
            assertThat(tested).doesNotContainKey("held");
            assertThat(tested.get("accuracy")).isGreaterThan(0.8);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            generated | racnn:size=64          | size and cropped are for pictures from files; write generated:size=96
            generated | racnn:ranking=scores   | ranking is 'scores'; known: probabilities, logits
            generated | racnn:alternate=3      | expected steps of the classifiers and of the proposal networks, as 1+1
            generated | racnn:alternate=0+0    | expected steps of the classifiers
            generated | racnn:margin=-1        | margin is -1.0, must be at least 0
            generated | racnn:anchor=-1        | anchor is -1.0, must be at least 0
            generated | racnn:pretrain=-1      | pretrain is -1.0 epochs, must be at least 0
            generated | racnn:scales=4         | racnn has no argument 'scales'
            nowhere   | racnn                  | nowhere: no such folder
            """)
    void mistakesAreNamed(String data, String model, String message) {
        assertThatThrownBy(() -> SYSTEM.prepare(data, Args.parse(model))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message).message().doesNotContain("\n");
    }

    @Test
    void croppingNeedsBoxes() throws IOException {
        Files.createDirectories(folder.resolve("train"));
        assertThatThrownBy(() -> SYSTEM.prepare(folder.toString(), Args.parse("racnn:cropped=true")))
                .hasMessageContaining("cropped=true needs the bounding_boxes.txt of CUB-200-2011");
    }
}
