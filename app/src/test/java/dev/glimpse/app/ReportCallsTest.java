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

/** What runs are reported by, from the command line. */
class ReportCallsTest {
    @TempDir
    static Path folder;

    private static Path data;
    private static Path run;

    @BeforeAll
    static void trainOnce() throws IOException {
        data = SamplePictures.dataSet(folder.resolve("data"), 8, 4);
        run = folder.resolve("run");
        Called training = train("--attention", "cbam:reduction=4", "--out", run);
        assertThat(training.exit()).as(training.err()).isZero();
        assertThat(training.out()).contains("Report: " + run.resolve("report.html"));
    }

    private static Called train(Object... more) {
        List<Object> args = new ArrayList<>(List.of("train", data, "--model", "mobilenet_v2:width=0.25",
                "--size", 32, "--epochs", 2, "--batch", 8, "--precision", "fp32", "--layout", "nchw"));
        args.addAll(List.of(more));
        return glimpse(args.toArray());
    }

    @Test
    void aTrainingEndsWithItsReport() throws IOException {
        String html = Files.readString(run.resolve("report.html")).replace("<span>", "").replace("</span>", "");
        assertThat(html).contains("mobilenet_v2 with cbam:reduction=4", "Class by class", "taken for",
                "features.17.cbam",
                "Grad-CAM", "glimpse train " + data.toAbsolutePath() + " --model mobilenet_v2:width=0.25 --size 32");
        assertThat(run.resolve("events.out.tfevents.glimpse")).isNotEmptyFile();
    }

    @Test
    void theCommandThatIsReportedTrainsTheSameAgain() throws IOException {
        JsonNode config = new JsonMapper().readTree(Files.readString(run.resolve("config.json")));
        List<String> words = new ArrayList<>(config.path("command").valueStream().map(JsonNode::asString)
                .toList());
        Path again = folder.resolve("again");
        words.set(words.indexOf("--out") + 1, again.toString());
        words.addFirst("train");
        Called second = glimpse(words.toArray());
        assertThat(second.exit()).as(second.err()).isZero();
        assertThat(again.resolve("last.safetensors")).hasSameBinaryContentAs(run.resolve("last.safetensors"));
    }

    @Test
    void aRunIsReportedAgain() throws IOException {
        Path file = folder.resolve("elsewhere/page.html");
        Called report = glimpse("report", run, "--out", file, "--json");
        assertThat(report.exit()).as(report.err()).isZero();
        assertThat(new JsonMapper().readTree(report.out()).path("without_images_because").isNull()).isTrue();
        assertThat(Files.readString(file)).isEqualTo(Files.readString(run.resolve("report.html")));
    }

    @Test
    void withoutItsImagesARunIsReportedAnyway() throws IOException {
        Path file = folder.resolve("curves.html");
        Path gone = folder.resolve("gone");
        Called report = glimpse("report", run, gone, "--out", file);
        assertThat(report.exit()).as(report.err()).isZero();
        assertThat(report.errorLine()).contains("without images", gone.toString());
        assertThat(Files.readString(file)).contains("How it learned", gone.toString()).doesNotContain("Class by class");
        Path others = SamplePictures.dataSet(folder.resolve("others"), 3, 2);
        assertThat(glimpse("report", run, others, "--out", file).errorLine()).contains("images are others");
    }

    @Test
    void whatIsNoRunIsSaidInOneLine() throws IOException {
        Called none = glimpse("report", folder.resolve("none"));
        assertThat(none.exit()).isEqualTo(2);
        assertThat(none.errorLine()).contains("none: no such folder");
        Path young = Files.createDirectory(folder.resolve("young"));
        Files.copy(run.resolve("config.json"), young.resolve("config.json"));
        Called early = glimpse("report", young);
        assertThat(early.exit()).isEqualTo(1);
        assertThat(early.errorLine()).contains("young has no metrics yet: no epoch was finished");
        Files.writeString(young.resolve("metrics.csv"), "epoch,train_loss\n1,0.5\n2,oops\n");
        Called damaged = glimpse("report", young);
        assertThat(damaged.exit()).isEqualTo(1);
        assertThat(damaged.errorLine()).contains("metrics.csv: line 3: 'oops' is no number");
        Files.writeString(young.resolve("metrics.csv"), "epoch,train_loss\n1,0.5\n");
        assertThat(glimpse("report", young).errorLine()).contains("it has no test_accuracy");
    }

    @Test
    void runsStandSideBySide() throws IOException {
        Path page = folder.resolve("compare.html");
        Path other = folder.resolve("other");
        assertThat(train("--attention", "none", "--seed", 3, "--out", other).exit()).isZero();
        Called compare = glimpse("compare", run, other, "--out", page, "--json");
        assertThat(compare.exit()).as(compare.err()).isZero();
        JsonNode json = new JsonMapper().readTree(compare.out());
        assertThat(json.path("runs").valueStream().map(one -> one.path("attention").asString()))
                .containsExactly("cbam:reduction=4", "none");
        assertThat(json.path("runs").get(0).path("multiply_adds").asLong())
                .isGreaterThan(json.path("runs").get(1).path("multiply_adds").asLong());
        assertThat(json.path("differences").propertyNames()).containsExactlyInAnyOrder("args.attention",
                "recipe.seed");
        assertThat(Files.readString(page)).contains("Test accuracy", "Best test<br>accuracy");
        assertThat(glimpse("compare", run, folder.resolve("none"), "--out", page).errorLine())
                .contains("no such folder");
        Path odd = Files.createDirectory(folder.resolve("odd"));
        Files.writeString(odd.resolve("config.json"), Files.readString(run.resolve("config.json"))
                .replace("\"kind\" : \"CLASSIFICATION\"", "\"kind\" : \"MULTI_LABEL\""));
        Called unlike = glimpse("compare", run, odd, "--out", page);
        assertThat(unlike.exit()).isEqualTo(2);
        assertThat(unlike.errorLine()).contains("for classification and", "for multi label; compare runs of one task");
    }
}
