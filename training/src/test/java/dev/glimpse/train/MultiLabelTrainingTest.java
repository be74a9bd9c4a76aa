package dev.glimpse.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.Layer;
import dev.glimpse.data.Dataset;
import dev.glimpse.data.Image;
import dev.glimpse.data.Loader;
import dev.glimpse.data.Target;
import dev.glimpse.data.Transform;
import dev.glimpse.nn.Flatten;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Sequential;
import dev.glimpse.train.TaskConfig.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MultiLabelTrainingTest {
    private static final float[] HALF = {0.5f, 0.5f, 0.5f};
    private static final int SIZE = 32;
    private static final List<String> COLOURS = List.of("red", "green", "blue");

    @TempDir
    Path folder;

    /** Pictures in which any of three colours is bright; the bits of a picture's number say which. */
    private record Colours(int size, int first) implements Dataset {
        @Override
        public List<String> classes() {
            return COLOURS;
        }

        @Override
        public boolean multiLabel() {
            return true;
        }

        @Override
        public int label(int index) {
            return Integer.numberOfTrailingZeros(index % 8 | 8) % 4;
        }

        @Override
        public Target target(int index) {
            return new Target.Labels(new float[]{index & 1, index >> 1 & 1, index >> 2 & 1});
        }

        @Override
        public Image image(int index) {
            byte[] rgb = new byte[3 * SIZE * SIZE];
            new Random(first + index).nextBytes(rgb);
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] = (byte) ((rgb[i] & 0x7f) + 0x80 * (index >> i % 3 & 1));
            }
            return new Image(SIZE, SIZE, rgb);
        }

        @Override
        public String name(int index) {
            return Integer.toString(index);
        }
    }

    @Test
    void labelsAreLearntEachOnItsOwn() throws IOException {
        Recipe recipe =
                Recipe.plain(6, 8, OptimizerSettings.parse("adamw", 0.001, 0.01), Schedule.parse("cosine", 0), 3,
                        2);
        RunConfig config = new RunConfig(RunConfig.FORMAT, "test", "mobilenet_v2",
                Map.of("classes", 3, "attention", "none", "width", 0.25), COLOURS, SIZE, HALF, HALF, "", null, recipe,
                new TaskConfig(Kind.MULTI_LABEL, "bce+0.5*dice", null), null);
        torch.manual_seed(recipe.seed());
        Layer network = new Sequential(new Flatten(), Layers.linear(3 * SIZE * SIZE, 3));
        Transform transform = new Transform(SIZE, HALF, HALF, false);
        try (Run run = Run.create(folder.resolve("run"), config);
                Loader training = new Loader(new Colours(64, 0), transform, new Loader.Options(8, true, true, 2, 3));
                Loader test = new Loader(new Colours(16, 1000), transform, new Loader.Options(8, false, false, 1, 0))) {
            Trainer trainer = new Trainer(run, network, config.task().task(3, recipe.regularisation()),
                    new Trainer.Checkpoints(0, 0), Progress.NONE, () -> false);
            trainer.train(training, test);
            Map<String, Double> last = trainer.position().epochs().getLast().test();
            assertThat(last.keySet()).containsExactly("loss", "mean_average_precision", "micro_f1", "macro_f1");
            assertThat(last.get("mean_average_precision")).isGreaterThan(0.9);
            assertThat(last.get("micro_f1")).isGreaterThan(0.8);
            assertThat(Run.open(folder.resolve("run")).config().task()).isEqualTo(config.task());
        }
    }
}
