package dev.glimpse.app;

import static dev.glimpse.app.Called.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.data.Image;
import dev.glimpse.explain.Pictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The network that looks closer, trained from the command line. */
class RaCnnCallsTest {
    @TempDir
    private static Path folder;

    @Test
    void itIsTrainedOnGeneratedBeetlesAndShown() throws IOException {
        Path run = folder.resolve("run");
        Called training = glimpse("train", "generated:train=64,test=16,size=48", "--model",
                "racnn:hidden=8,pretrain=1,view=16", "--epochs", 2, "--batch", 16, "--out", run);
        assertThat(training.exit()).as(training.err()).isZero();
        assertThat(training.out()).startsWith("Best test accuracy");
        assertThat(Files.readAllLines(run.resolve("metrics.csv")).getFirst()).contains("test_accuracy_1",
                "test_accuracy_3", "test_area", "test_held");
        assertThat(Files.readString(run.resolve("report.html"))).contains("level-", "data:image/png");
        Called again = glimpse("train", "--resume", run);
        assertThat(again.exit()).as(again.err()).isZero();
        looksAtPictures(run);
    }

    private static void looksAtPictures(Path run) throws IOException {
        Path beetle = folder.resolve("beetle.png");
        byte[] rgb = new byte[3 * 60 * 48];
        new Random(1).nextBytes(rgb);
        Pictures.write(new Image(60, 48, rgb), beetle);
        Path out = folder.resolve("seen");
        Called seen = glimpse("glimpses", run, beetle, folder.resolve("none.png"), "--out", out, "--json");
        assertThat(seen.exit()).isEqualTo(1);
        assertThat(seen.errorLine()).endsWith("none.png: no such file");
        JsonNode image = new JsonMapper().readTree(seen.out()).path("images").get(0);
        assertThat(image.path("file").asString()).isEqualTo(beetle.toString());
        assertThat(image.path("side").asInt()).isEqualTo(48);
        isAnswered(image);
        assertThat(image.has("truth")).isFalse();
        assertThat(out.resolve("beetle/closest.png")).exists();
        assertThat(out.resolve("contact-sheet.png")).exists();

        JsonNode tested = new JsonMapper().readTree(glimpse("glimpses", run, "--test", 2, "--json").out())
                .path("images");
        assertThat(tested).hasSize(2).allSatisfy(RaCnnCallsTest::isAnswered);
        assertThat(tested.get(1).path("name").asString()).isEqualTo("image 1");
        assertThat(tested.get(1).path("truth").asString()).matches("\\w+-(rust|blue)");
        assertThat(glimpse("glimpses", run, "--test", 1).out().lines()).first().asString()
                .matches(".*image-0: \\S+ [0-9.]+ %, is \\S+");
    }

    /** The second box lies in the first, and that in the picture of 48x48 pixels. */
    private static void isAnswered(JsonNode image) {
        assertThat(image.path("answer").asString()).doesNotContain("%");
        assertThat(image.path("probability").asDouble()).isBetween(1.0 / 8, 1.0);
        assertThat(image.path("scales")).hasSize(3)
                .allSatisfy(scale -> assertThat(scale.path("probability").asDouble()).isBetween(1.0 / 8, 1.0));
        assertThat(image.path("boxes")).hasSize(2);
        int from = 0;
        int to = 48;
        for (JsonNode box : image.path("boxes")) {
            int side = box.path("width").asInt();
            assertThat(side).isPositive();
            assertThat(box.path("left").asInt()).isBetween(from, to - side);
            from = box.path("left").asInt();
            to = from + side;
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            generated        | racnn:margin=wide | racnn: margin is 'wide', not a number
            generated:size=9 | racnn             | generated: size is 9, must be at least 48
            nowhere          | racnn             | nowhere: no such folder
            generated        | racnn:size=64     | are for pictures from files
            """)
    void aWrongCallIsOneLine(String data, String model, String message) {
        Called run = Called.glimpse("train", data, "--model", model, "--out", folder.resolve("none"));
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).hasLineCount(1).contains(message);
        assertThat(folder.resolve("none")).doesNotExist();
    }
}
