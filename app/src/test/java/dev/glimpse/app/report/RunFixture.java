package dev.glimpse.app.report;

import dev.glimpse.app.report.TestFindings.Mistake;
import dev.glimpse.data.Image;
import dev.glimpse.data.Legend;
import dev.glimpse.train.Mode;
import dev.glimpse.train.OptimizerSettings;
import dev.glimpse.train.Recipe;
import dev.glimpse.train.Regularisation;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.RunMetrics;
import dev.glimpse.train.Schedule;
import dev.glimpse.train.TaskConfig;
import dev.glimpse.train.metric.ConfusionMatrix;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Made-up runs. */
final class RunFixture {
    static final List<String> CLASSES = List.of("a <b>bold</b> & 'quoted' class", "dog", "tree");

    private RunFixture() {}

    static RunSummary summary(String name, String attention, int epochs, double best) {
        return summary(name, attention, epochs, best, TaskConfig.CLASSIFICATION, "accuracy", CLASSES);
    }

    static RunSummary summary(String name, String attention, int epochs, double best, TaskConfig task, String measure,
            List<String> classes) {
        Recipe recipe = new Recipe(10, 8, 2, OptimizerSettings.parse("sgd:nesterov=true", 0.1, 0.01),
                Schedule.parse("cosine", 1), new Regularisation(0.1, List.of(), 1, 0, 0), List.of("conv1"),
                Mode.PLAIN, 0, 7, 3);
        Map<String, Object> args = new LinkedHashMap<>(Map.of("classes", classes.size()));
        args.put("attention", attention);
        RunConfig config = new RunConfig(RunConfig.FORMAT, "glimpse 1", "resnet18", args, classes, 32,
                new float[]{0, 0, 0}, new float[]{1, 1, 1}, "/data", new RunConfig.Images(300, 40, "ab"), recipe, task,
                null, List.of("/my data", "--attention", attention, "--out", name));
        return new RunSummary(name, "runs/" + name, config, metrics(epochs, measure, best), measure, 11_263_842,
                556_000_000);
    }

    /** The best epoch is the last but one, or the only one. */
    private static RunMetrics metrics(int epochs, String measure, double best) {
        List<double[]> rows = new ArrayList<>();
        for (int i = 1; i <= epochs; i++) {
            double score = best - 0.01 * Math.abs(Math.max(1, epochs - 1) - i);
            rows.add(new double[]{i, 2.0 / i, score, 2.5 / i, score, 0.001 / i, 12, 100 + i, 0.1, 0.01, 20, 30});
        }
        return new RunMetrics(List.of("epoch", "train_loss", "train_" + measure, "test_loss", "test_" + measure,
                "learning_rate", "seconds", "images_per_second", "wait_seconds", "stall_share", "step_ms",
                "step_p99_ms"), rows);
    }

    static TaskConfig segmentation() {
        return new TaskConfig(TaskConfig.Kind.SEGMENTATION, "ce+dice", new TaskConfig.Masks(
                new Legend(false, List.of(new Legend.Entry("back", 0), new Legend.Entry("cell", 255)), List.of()), 0,
                null));
    }

    static Mistake mistake(String name, String truth) {
        byte[] rgb = new byte[3 * 16 * 16];
        new Random(name.hashCode()).nextBytes(rgb);
        Map<String, Image> pictures = new LinkedHashMap<>();
        pictures.put("image", new Image(16, 16, rgb));
        pictures.put("layer4.1.cbam", new Image(16, 16, rgb));
        return new Mistake(name, "dog 93.0 %", truth, pictures);
    }

    static ConfusionMatrix matrix(int classes) {
        long[][] counts = new long[classes][classes];
        for (int i = 0; i < classes; i++) {
            counts[i][i] = 10;
            counts[i][(i + 1) % classes] += i;
        }
        return new ConfusionMatrix(counts);
    }
}
