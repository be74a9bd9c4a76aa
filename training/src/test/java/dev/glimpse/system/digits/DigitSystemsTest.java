package dev.glimpse.system.digits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.system.SystemTraining;
import dev.glimpse.train.OptimizerSettings;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.Regularisation;
import dev.glimpse.train.Schedule;
import dev.glimpse.data.Batch;
import dev.glimpse.data.Batches;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.LearnedSystem.Example;
import dev.glimpse.train.Mode;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Both systems that learn from digits: they learn, go on as if nothing had been, and show what they do. */
class DigitSystemsTest {
    private static final String RAM = "ram:hidden=32,glimpse_hidden=24,location_hidden=16,glimpses=4";

    private static int threads;

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path data;

    @BeforeAll
    static void prepare() throws IOException {
        data = TinyDigits.write(shared.resolve("digits"), 256, 64);
        Libtorch.load();
        threads = torch.get_num_threads();
        torch.set_num_threads(1);
    }

    private static RunConfig config(Path data, String model, int epochs, Mode mode) throws IOException {
        return SystemTraining.config(data.toString(), model,
                new Recipe(epochs, 16, 1, OptimizerSettings.parse("adam", 0.003, 0), Schedule.parse("cosine", 0.5),
                        Regularisation.NONE, List.of(), mode, 0, 5, 2));
    }

    @AfterAll
    static void allThreads() {
        torch.set_num_threads(threads);
    }

    /** A quarter would be chance. */
    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {RAM + "; 12",
        "ram:variant=clutter,clutter=1,size=36,hidden=32,glimpses=3; 14", "stn:size=28,largest=1,rotate=20; 12"})
    void itLearns(String model, int epochs) throws IOException {
        RunConfig config = config(data, model, epochs, Mode.PLAIN);
        try (Run run = Run.create(folder.resolve("run"), config)) {
            Trainer trainer = SystemTraining.train(run, () -> false);
            assertThat(trainer.position().epochs().getLast().test().get("accuracy")).isGreaterThan(0.6);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {RAM + ",variant=translated,size=32", "stn:size=28,largest=1"})
    void stoppedAndResumedItEndsAlike(String model) throws IOException {
        RunConfig config = config(data, model, 2, Mode.PLAIN);
        Path whole = folder.resolve("whole");
        try (Run run = Run.create(whole, config)) {
            assertThat(SystemTraining.train(run, () -> false).finished()).isTrue();
        }
        Path halting = folder.resolve("halting");
        Run run = Run.create(halting, config);
        boolean finished = false;
        int starts = 0;
        for (; !finished; starts++) {
            int[] asked = {0};
            finished = SystemTraining.train(run, () -> asked[0]++ > 11).finished();
            run.close();
            run = Run.resume(halting);
        }
        run.close();
        assertThat(starts).isGreaterThan(2);
        for (String weights : List.of("best", "last")) {
            assertThat(halting.resolve(weights + ".safetensors"))
                    .hasSameBinaryContentAs(whole.resolve(weights + ".safetensors"));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {RAM + "; image+path+seen", "stn; before+read+after",
        "stn:transform=none; before"})
    void itIsShown(String model, String titles) throws IOException {
        RunConfig config = config(data, model, 1, Mode.PLAIN);
        Layer network = config.network();
        network.eval();
        List<Example> examples = config.system().examples(network, config,
                config.system().material(config.data(), config), () -> false);
        assertThat(examples).hasSize(12).allSatisfy(example -> {
            assertThat(example.pictures().keySet()).containsExactlyInAnyOrder(titles.split("\\+"));
            assertThat(example.answer()).matches("[0-3] \\d+\\.\\d %");
        });
        assertThat(examples.get(1).truth()).isEqualTo("1");
    }

    /** Training images are others in each epoch, test images never. */
    @ParameterizedTest
    @ValueSource(strings = {RAM + ",variant=translated", "stn"})
    void imagesAreMadeAnewForTrainingAlone(String model) throws IOException {
        RunConfig config = config(data, model, 1, Mode.PLAIN);
        SceneMaterial material = (SceneMaterial) config.system().material(config.data(), config);
        try (Batches test = material.test(config, 2); Batches training = material.training(config, 2)) {
            assertThat(first(test, 0)).isEqualTo(first(test, 1));
            assertThat(first(training, 0)).isEqualTo(first(training, 0)).isNotEqualTo(first(training, 1));
        }
        assertThat(material.identity().train()).isEqualTo(256);
    }

    private static float[] first(Batches batches, int epoch) {
        try (Batches.Pass pass = batches.epoch(epoch, 0); Batch batch = pass.next()) {
            return Tensors.toFloats(batch.images());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            textBlock = """
                    ram:variant=moved           | ram: variant is 'moved'; known: centred, translated, clutter
                    ram:size=60                 | ram: size=60 needs variant=translated or variant=clutter
                    ram:variant=translated,size=20 | ram: size is 20, must be 28 to 512 for digits of 28
                    ram:variant=translated,clutter=2 | ram: clutter=2 needs variant=clutter
                    ram:variant=clutter,clutter=-1 | ram: clutter is -1, must be 0 to 100
                    ram:patch=29                | ram: a retina of patch=29 is larger than images of 28x28
                    ram:glimpses=0              | ram: glimpses is 0, must be at least 1
                    ram:speed=3                 | ram has no argument 'speed'; it has
                    stn:rotate=190              | stn: rotate is 190.0, must be 0 to 180 degrees
                    stn:size=30                 | stn: digits of 28 pixels scaled by smallest=0.7 to largest=1.2 do not fit into size=30
                    stn:transform=tps           | stn: transform is 'tps'; known: affine, none
                    stn:clutter=3               | stn has no argument 'clutter'; it has
                    """)
    void badArguments(String model, String message) {
        assertThatThrownBy(() -> config(data, model, 1, Mode.PLAIN))
                .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith(message);
    }

    @Test
    void ramComputesInFloat32Alone() throws IOException {
        RunConfig config = config(data, RAM, 1, new Mode(Mode.Precision.BF16, Mode.Layout.NCHW));
        assertThatThrownBy(config::network).hasMessage("ram computes in float32 alone: leave --precision away");
    }
}
