package dev.glimpse.system.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Tensors;
import dev.glimpse.system.SystemTraining;
import dev.glimpse.train.EpochMetrics;
import dev.glimpse.train.LearnedSystem;
import dev.glimpse.train.OptimizerSettings;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Schedule;
import dev.glimpse.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CaptionSystemTest {
    private static final LearnedSystem SYSTEM = LearnedSystem.named("caption").orElseThrow();

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
        return SystemTraining.config(data, model, Recipe.plain(epochs, 8,
                OptimizerSettings.parse("adam", 0.005, 0), Schedule.parse("cosine", 0), 4, 2));
    }

    private static List<EpochMetrics> train(Run run, Layer network, BooleanSupplier stop) throws IOException {
        return SystemTraining.train(run, network, new Trainer.Checkpoints(0, 0), stop).position().epochs();
    }

    @ParameterizedTest
    @ValueSource(strings = {"soft", "hard"})
    void aFewStepsLearn(String kind) throws IOException {
        RunConfig config = config("generated:train=256,test=24,size=32",
                "caption:kind=" + kind + ",attention=48,embed=32,decoder=64", 4);
        try (Run run = Run.create(folder, config)) {
            List<EpochMetrics> epochs = train(run, SystemTraining.network(config), () -> false);
            Map<String, Double> first = epochs.getFirst().test();
            Map<String, Double> last = epochs.getLast().test();
            assertThat(last.keySet()).containsExactly("loss", "perplexity", "bleu", "pointing", "chance");
            assertThat(last.get("perplexity")).isLessThan(first.get("perplexity")).isLessThan(8);
            assertThat(last.get("bleu")).isBetween(0.03, 1.0);
            assertThat(last.get("chance")).isBetween(0.02, 0.2);
            assertThat(epochs.getLast().train().keySet()).containsExactly("loss", "perplexity");
        }
    }

    /** Stopped within an epoch and gone on from the checkpoint: every number is the same, the hard kind's chance too. */
    @ParameterizedTest
    @ValueSource(strings = {"soft", "hard", "hard,draws=1"})
    void resumedIsAsIfNeverStopped(String kind) throws IOException {
        RunConfig config = config("generated:train=80,test=8,size=32", "caption:kind=" + kind
                + ",attention=16,embed=16,decoder=24", 2);
        Map<String, float[]> whole = new HashMap<>();
        try (Run run = Run.create(folder.resolve("whole"), config)) {
            Layer network = SystemTraining.network(config);
            train(run, network, () -> false);
            StateDict.of(network).forEach((key, tensor) -> whole.put(key, Tensors.toFloats(tensor)));
        }
        int[] asked = {0};
        try (Run run = Run.create(folder.resolve("stopped"), config)) {
            train(run, SystemTraining.network(config), () -> ++asked[0] > 14);
        }
        torch.manual_seed(99);
        try (Run run = Run.resume(folder.resolve("stopped"))) {
            Layer network = run.config().network();
            assertThat(train(run, network, () -> false)).hasSize(2);
            Map<String, float[]> resumed = new HashMap<>();
            StateDict.of(network).forEach((key, tensor) -> resumed.put(key, Tensors.toFloats(tensor)));
            assertThat(resumed.keySet()).isEqualTo(whole.keySet()).contains("baseline");
            whole.forEach((key, values) -> assertThat(resumed.get(key)).as(key).isEqualTo(values));
            assertThat(resumed.get("baseline")[0] != 0).isEqualTo(kind.equals("hard,draws=1"));
        }
    }

    @Test
    void aNetworkOfTheTableCanBeTheEncoder() throws IOException {
        RunConfig config = config("generated:train=16,test=4,size=64",
                "caption:encoder=resnet18,stage=3,attention=8,embed=8,decoder=8", 1);
        try (Run run = Run.create(folder, config)) {
            assertThat(train(run, SystemTraining.network(config), () -> false)).hasSize(1);
            Captioner captioner = new Captioner(run.network(), config);
            Captioner.Caption caption = captioner.caption(new Scenes(1, 64, 3, 0).image(0), 3);
            assertThat(caption.words()).isNotEmpty()
                    .allSatisfy(word -> assertThat(word.looked().width()).isEqualTo(4));
            assertThat(CaptionStrip.panels(caption)).hasSize(caption.words().size() + 1);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            caption:kind=firm           | kind is 'firm'; known: soft, hard
            caption:encoder=vgg99       | no network is called 'vgg99'
            caption:encoder=resnet18,stage=5 | stage is 5, but resnet18 has 4
            caption:depth=3             | caption has no argument 'depth'
            caption:gate=both           | gate is 'both'; known: vector, scalar
            caption:mean=2              | mean is 2.0, must be 0 to 1
            caption:kind=hard,draws=0   | draws
            caption:penalty=-1          | penalty is -1.0
            """)
    void aWrongArgumentIsOneLine(String model, String message) {
        assertThatThrownBy(() -> config("generated", model, 1).network())
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }
}
