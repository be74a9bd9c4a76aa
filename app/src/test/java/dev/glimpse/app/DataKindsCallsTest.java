package dev.glimpse.app;

import static dev.glimpse.app.Called.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Training on other data than folders of classes, and with other changes to it than the usual ones. */
class DataKindsCallsTest {
    private static final List<Object> SMALL = List.of("--model", "mobilenet_v2", "--attention", "none", "--size", 16,
            "--batch", 8, "--precision", "fp32", "--layout", "nchw", "--seed", 4);

    @TempDir
    static Path folder;

    private static Path data;

    @BeforeAll
    static void makeData() throws IOException {
        data = SamplePictures.dataSet(folder.resolve("data"), 12, 4);
    }

    private static Called train(Object what, Path run, Object... more) {
        List<Object> all = new ArrayList<>(List.of("train", what, "--out", run));
        all.addAll(SMALL);
        all.addAll(List.of(more));
        return glimpse(all.toArray());
    }

    private static JsonNode json(Called run) {
        assertThat(run.exit()).as(run.err()).isZero();
        return new JsonMapper().readTree(run.out());
    }

    private static String half(Path images) throws IOException {
        StringBuilder table = new StringBuilder("file,labels\n");
        for (String name : List.of("red", "green", "blue")) {
            for (int i = 0; Files.exists(images.resolve(name).resolve(i + ".png")); i++) {
                String labels = name.equals("green") ? "" : name.equals("red") ? "red;warm" : "blue";
                table.append(images.resolve(name).resolve(i + ".png")).append(',').append(labels).append('\n');
            }
        }
        return table.toString();
    }

    /** Tables with any number of labels an image, by a text that names both; gone on with, and measured. */
    @Test
    void severalLabelsFromTables() throws IOException {
        Path train = Files.writeString(folder.resolve("a.csv"), half(data.resolve("train")));
        Path test = Files.writeString(folder.resolve("b.csv"), half(data.resolve("test")));
        Path run = folder.resolve("several");
        Called training = train("train=" + train + ",test=" + test, run, "--epochs", 2, "--mixup", 0.4);
        assertThat(training.exit()).as(training.err()).isZero();
        assertThat(training.out()).startsWith("Best test mean_average_precision");
        assertThat(glimpse("train", "--resume", run).exit()).isZero();

        JsonNode measured = json(glimpse("eval", run, test, "--json"));
        assertThat(measured.path("images").asInt()).isEqualTo(12);
        assertThat(measured.path("mean_average_precision").asDouble()).isBetween(0.1, 1.0);
        assertThat(measured.path("classes").path("warm").path("images").asInt()).isEqualTo(4);
        assertThat(glimpse("eval", run, test).out()).contains("warm", "AP", "F1");
        JsonNode said = json(glimpse("predict", run, data.resolve("test/red/0.png"), "--json"));
        assertThat(said.path("images").get(0).path("top")).hasSize(3);
        assertThat(glimpse("eval", run, data).errorLine()).contains("green is not one of the classes");
        Path one = Files.writeString(folder.resolve("one.csv"),
                "file,label\n" + data.resolve("test/red/0.png") + ",red\n");
        assertThat(glimpse("eval", run, one).errorLine()).contains("one class an image");
        JsonNode looked = json(glimpse("eval", run, test, "--tta", "ten_crop", "--json"));
        assertThat(looked.path("images").asInt()).isEqualTo(12);
        assertThat(looked.path("mean_average_precision").asDouble()).isBetween(0.1, 1.0);
    }

    @Test
    void everyChangeIsKeptWithTheRun() throws IOException {
        Path run = folder.resolve("changed");
        Called training = train(data, run, "--epochs", 1, "--crop", "resized", "--aa", "rand-m5-n1", "--reprob", 0.3,
                "--mixup", 0.2, "--cutmix", 1, "--balanced", "--max-skipped", 0.2);
        assertThat(training.exit()).as(training.err()).isZero();
        JsonNode feeding = new JsonMapper().readTree(Files.readString(run.resolve("config.json"))).path("feeding");
        assertThat(feeding.path("balanced").asBoolean()).isTrue();
        assertThat(feeding.path("maxSkippedShare").asDouble()).isEqualTo(0.2);
        assertThat(feeding.path("augmentation").path("mixing").path("cutmix").asDouble()).isEqualTo(1);
        assertThat(glimpse("train", "--resume", run).out()).isEqualTo(training.out());
        for (String looks : List.of("none", "flip", "ten_crop")) {
            JsonNode measured = json(glimpse("eval", run, data, "--tta", looks, "--json"));
            assertThat(measured.path("images").asInt()).isEqualTo(12);
            assertThat(measured.path("loss").asDouble()).isPositive();
        }
    }

    @Test
    void tooManyBrokenPicturesEndARun() throws IOException {
        Path bad = SamplePictures.dataSet(folder.resolve("bad"), 12, 4);
        Files.write(bad.resolve("train/red/3.png"), new byte[]{1, 2, 3});
        Called refused = train(bad, folder.resolve("bad-run"), "--epochs", 1, "--max-skipped", 0);
        assertThat(refused.exit()).isEqualTo(Main.FAILED);
        assertThat(refused.err().lines().toList().getLast()).contains("3.png");
    }

    @Test
    void aSegmentationTakesNoneOfIt() {
        Called refused = train(data, folder.resolve("never"), "--task", "segmentation", "--mixup", 0.2);
        assertThat(refused.exit()).isEqualTo(2);
        assertThat(refused.errorLine()).contains("--mixup is for images with classes", "--deform");
    }
}
