package dev.glimpse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.data.Augmentation;
import dev.glimpse.data.Dataset;
import dev.glimpse.data.Image;
import dev.glimpse.data.Loader;
import dev.glimpse.data.Mixing;
import dev.glimpse.data.Transform;
import dev.glimpse.io.StateDict;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Libtorch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTest {
    private static final float[] ZERO = {0, 0, 0};
    private static final float[] ONE = {1, 1, 1};
    private static final int SIZE = 32;

    private static int threads;

    @TempDir
    Path folder;

    /** Operations so small gain nothing by threads, and on a busy machine wait for one another. */
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

    /** Dark pictures and bright ones; some cannot be read. */
    private record Pictures(int size, List<Integer> broken) implements Dataset {
        @Override
        public List<String> classes() {
            return List.of("dark", "bright");
        }

        @Override
        public int label(int index) {
            return index % 2;
        }

        @Override
        public Image image(int index) throws IOException {
            if (broken.contains(index)) {
                throw new IOException(name(index) + ": broken");
            }
            byte[] rgb = new byte[3 * SIZE * SIZE];
            new Random(index).nextBytes(rgb);
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] = (byte) ((rgb[i] & 0x3f) + 0x80 * label(index));
            }
            return new Image(SIZE, SIZE, rgb);
        }

        @Override
        public String name(int index) {
            return Integer.toString(index);
        }
    }

    private static Recipe recipe(int epochs, int patience) {
        return recipe(epochs, patience, 4, 2);
    }

    private static Recipe recipe(int epochs, int patience, int batch, int accumulate) {
        return new Recipe(epochs, batch, accumulate, OptimizerSettings.parse("adamw", 0.01, 0.01),
                Schedule.parse("cosine", 0),
                new Regularisation(0.1, List.of(), 1, 0, 0.9), List.of(), Mode.PLAIN, patience, 5, 2);
    }

    private static RunConfig config(Recipe recipe) {
        return config(recipe, null);
    }

    private static RunConfig config(Recipe recipe, Mixing mixing) {
        Augmentation augmentation = new Augmentation(null, SIZE / 8, 0.5, 0, null, null, null, mixing);
        return new RunConfig(RunConfig.FORMAT, "test", "mobilenet_v2",
                Map.of("classes", 2, "attention", "none", "width", 0.25, "drop_path", 0.2), List.of("dark", "bright"),
                SIZE, ZERO, ONE,
                "", null, recipe, TaskConfig.CLASSIFICATION, new Feeding(augmentation, false, 1));
    }

    private Trainer train(Run run, BooleanSupplier stop, List<Integer> broken) throws IOException {
        Recipe recipe = run.config().recipe();
        torch.manual_seed(recipe.seed());
        Layer network = run.config().network();
        Transform transform = new Transform(SIZE, ZERO, ONE, true);
        try (Loader training = new Loader(new Pictures(19, broken), transform,
                new Loader.Options(recipe.batch(), true, false, recipe.workers(), recipe.seed(), false,
                        run.config().feeding().maxSkippedShare()));
                Loader test = new Loader(new Pictures(6, List.of()), transform,
                        new Loader.Options(recipe.batch(), false, false, 1, 0))) {
            Trainer trainer = new Trainer(run, network, new Classification(recipe.regularisation()),
                    new Trainer.Checkpoints(0, 0), Progress.NONE, stop);
            trainer.train(training, test);
            return trainer;
        }
    }

    /** Asked to stop after every so many questions, again and again: a broken picture, a last batch that is not full, and all. */
    @ParameterizedTest
    @ValueSource(ints = {7, 8, 11})
    void stoppedAndResumedItEndsAlike(int patience) throws IOException {
        Mixing mixing = patience == 11 ? null : new Mixing(0.8, 1, 0.7, 0.5);
        List<Integer> broken = List.of(9);
        Path whole = folder.resolve("whole");
        try (Run run = Run.create(whole, config(recipe(3, 0), mixing))) {
            assertThat(train(run, () -> false, broken).finished()).isTrue();
        }
        Path halting = folder.resolve("halting");
        Run run = Run.create(halting, config(recipe(3, 0), mixing));
        boolean finished = false;
        int starts = 0;
        for (; !finished; starts++) {
            int[] asked = {0};
            finished = train(run, () -> asked[0]++ > patience, broken).finished();
            run.close();
            run = Run.resume(halting);
        }
        run.close();
        assertThat(starts).isGreaterThan(2);
        for (String weights : List.of("best", "last", "average")) {
            assertThat(halting.resolve(weights + ".safetensors"))
                    .hasSameBinaryContentAs(whole.resolve(weights + ".safetensors"));
        }
        assertThat(halting.resolve("events.out.tfevents.glimpse")).as("an event an epoch, of the same size")
                .hasSize(Files.size(whole.resolve("events.out.tfevents.glimpse")));
    }

    /** The network's last maps have one position, where a batch norm has nothing to tell from a single image. */
    @Test
    void anImageLeftOverIsPassedOver() throws IOException {
        try (Run run = Run.create(folder.resolve("run"), config(recipe(2, 0, 18, 1)))) { // 18 and 1
            Trainer trainer = train(run, () -> false, List.of());
            assertThat(trainer.finished()).isTrue();
            assertThat(trainer.position().steps()).isEqualTo(4);
            assertThat(trainer.position().epochs().getLast().train().get("loss")).isFinite();
        }
        try (Run run = Run.create(folder.resolve("single"), config(recipe(1, 0, 1, 1)))) {
            assertThatThrownBy(() -> train(run, () -> false, List.of())).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("take --batch 2 or more, or a larger --size");
            run.discard();
        }
        assertThat(folder.resolve("single")).doesNotExist();
    }

    @Test
    void whatIsMixedIsLearntFrom() throws IOException {
        List<Double> losses = new ArrayList<>();
        for (Mixing mixing : new Mixing[]{null, new Mixing(0, 1, 1, 0)}) {
            try (Run run = Run.create(folder.resolve("run" + losses.size()), config(recipe(1, 0), mixing))) {
                losses.add(train(run, () -> false, List.of()).position().epochs().getFirst().train().get("loss"));
            }
        }
        assertThat(losses.get(1)).isNotNaN().isNotEqualTo(losses.get(0));
    }

    /** What was averaged is what was tested. */
    @Test
    void theBestWeightsAreTheAverage() throws IOException {
        try (Run run = Run.create(folder.resolve("run"), config(recipe(1, 0)))) {
            train(run, () -> false, List.of());
            assertThat(run.folder().resolve("best.safetensors"))
                    .hasSameBinaryContentAs(run.folder().resolve("average.safetensors"));
            try (PointerScope _ = new PointerScope()) {
                Map<String, Tensor> best = StateDict.of(run.network());
                assertThat(best).isNotEmpty();
            }
            List<String> csv = Files.readAllLines(run.folder().resolve("metrics.csv"));
            assertThat(csv).hasSize(2);
            assertThat(csv.getLast().split(",")).hasSameSizeAs(csv.getFirst().split(","));
            assertThat(csv.getFirst()).endsWith("wait_seconds,stall_share,step_ms,step_p99_ms");
        }
    }

    @Test
    void itEndsWhenTheTestGetsNoBetter() throws IOException {
        try (Run run = Run.create(folder.resolve("run"), config(recipe(40, 2)))) {
            Trainer trainer = train(run, () -> false, List.of());
            List<Double> scores = new ArrayList<>();
            trainer.position().epochs().forEach(epoch -> scores.add(epoch.test().get("accuracy")));
            assertThat(scores).hasSizeLessThan(40);
            double best = scores.stream().max(Double::compare).orElseThrow();
            assertThat(scores.indexOf(best)).isEqualTo(scores.size() - 3);
        }
    }

    @Test
    void nothingToRead() throws IOException {
        try (Run run = Run.create(folder.resolve("run"), config(recipe(1, 0)))) {
            List<Integer> all = IntStream.range(0, 19).boxed().toList();
            assertThatThrownBy(() -> train(run, () -> false, all)).isInstanceOf(IOException.class)
                    .hasMessageContaining("none of the training images could be read");
        }
    }

    @Test
    void aLearningRateIsFound() {
        torch.manual_seed(2);
        Layer network = Networks.create("mobilenet_v2", Map.of("classes", 2, "attention", "none", "width", 0.25));
        Recipe recipe = new Recipe(1, 4, 1, OptimizerSettings.parse("sgd", 0.1, 0), Schedule.parse("constant", 0),
                Regularisation.NONE, List.of(), Mode.PLAIN, 0, 5, 2);
        RunConfig config = config(recipe);
        try (Loader images = new Loader(new Pictures(32, List.of()), new Transform(SIZE, ZERO, ONE, true),
                new Loader.Options(4, true, true, 2, 1))) {
            LearningRateFinder.Finding found = LearningRateFinder.find(network, config, images, 40,
                    () -> false);
            assertThat(found.suggestion()).isBetween(1e-5, 10.0);
            assertThat(found.points()).hasSizeBetween(10, 40);
            assertThat(found.csv().lines()).hasSize(found.points().size() + 1);
        }
    }
}
