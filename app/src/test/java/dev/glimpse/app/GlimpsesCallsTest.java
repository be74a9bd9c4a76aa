package dev.glimpse.app;

import static dev.glimpse.app.Called.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.data.Image;
import dev.glimpse.explain.Pictures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The systems that look at parts of pictures, from the command line: trained and used. */
class GlimpsesCallsTest {
    private static final int SIDE = 28;

    @TempDir
    private static Path folder;

    private static Path ram;

    /** Bars across and down, in MNIST's files. */
    @BeforeAll
    static void train() throws IOException {
        half("train", 64);
        half("t10k", 16);
        ram = folder.resolve("ram");
        Called run = glimpse("train", folder, "--model", "ram:hidden=32,glimpses=3", "--epochs", 2, "--batch", 16,
                "--out", ram, "--json");
        assertThat(run.exit()).as(run.err()).isZero();
        JsonNode result = new JsonMapper().readTree(run.out());
        assertThat(result.path("best_test_accuracy").asDouble()).isBetween(0.0, 1.0);
        assertThat(Files.readString(ram.resolve("report.html"))).contains("data:image/png", "test digit 3");
        assertThat(Files.readString(ram.resolve("metrics.csv"))).contains("test_covered", "test_on_digit");
    }

    private static void half(String name, int count) throws IOException {
        ByteBuffer images = ByteBuffer.allocate(16 + count * SIDE * SIDE).putInt(0x803).putInt(count).putInt(SIDE)
                .putInt(SIDE);
        ByteBuffer labels = ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count);
        for (int i = 0; i < count; i++) {
            for (int p = 0; p < SIDE * SIDE; p++) {
                int across = i % 2 == 0 ? p / SIDE : p % SIDE;
                images.put((byte) (Math.abs(across - 12 - i % 5) < 2 ? 255 - i : 0));
            }
            labels.put((byte) (i % 2));
        }
        Files.write(folder.resolve(name + "-images-idx3-ubyte"), images.array());
        Files.write(folder.resolve(name + "-labels-idx1-ubyte"), labels.array());
    }

    private static Path picture(String name, int side) throws IOException {
        byte[] rgb = new byte[3 * side * side];
        Arrays.fill(rgb, side * side, 2 * side * side, (byte) 250);
        Path file = folder.resolve(name);
        Pictures.write(new Image(side, side, rgb), file);
        return file;
    }

    @Test
    void itsGlimpsesAreShown() throws IOException {
        Path out = folder.resolve("seen");
        Called run = glimpse("glimpses", ram, picture("bar.png", 56), picture("tiny.png", 7), "--out", out,
                "--json");
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.errorLine())
                .endsWith("tiny.png: 7x7 pixels are fewer than the model's retina has, 8x8");
        JsonNode image = new JsonMapper().readTree(run.out()).path("images").get(0);
        assertThat(image.path("answer").asString()).isIn("0", "1");
        assertThat(image.path("probability").asDouble()).isBetween(0.5, 1.0);
        assertThat(image.path("glimpses")).hasSize(3)
                .allSatisfy(at -> assertThat(at.path("x").asInt()).isBetween(0, SIDE));
        assertThat(out.resolve("bar/path.png")).exists();
        assertThat(out.resolve("contact-sheet.png")).exists();
        Called again = glimpse("glimpses", ram, folder.resolve("bar.png"), "--out", out, "--json");
        assertThat(new JsonMapper().readTree(again.out()).path("images").get(0)).as("the same glimpses")
                .isEqualTo(image);
    }

    @Test
    void testImagesAreToldAsPicturesAre() {
        Called run = glimpse("glimpses", ram, "--test", 2, "--out", folder.resolve("tests"), "--json");
        assertThat(run.exit()).as(run.err()).isZero();
        JsonNode image = new JsonMapper().readTree(run.out()).path("images").get(1);
        assertThat(image.path("name").asString()).isEqualTo("test digit 1");
        assertThat(image.path("truth").asString()).isEqualTo("1");
        assertThat(image.path("answer").asString()).isIn("0", "1");
        assertThat(image.path("probability").asDouble()).isBetween(0.5, 1.0);
        assertThat(image.path("side").asInt()).isEqualTo(SIDE);
        assertThat(image.path("glimpses")).hasSize(3)
                .allSatisfy(at -> assertThat(at.path("y").asInt()).isBetween(0, SIDE));
        assertThat(glimpse("glimpses", ram, "--test", 2, "--out", folder.resolve("tests")).out().lines().toList()
                .get(1)).matches(".*test-digit-1: [01] [0-9.]+ %, is 1");
    }

    @Test
    void aSpatialTransformerIsTrainedAndShown() {
        Path stn = folder.resolve("stn");
        Called run = glimpse("train", folder, "--model", "stn:size=28,largest=1", "--epochs", 1, "--batch", 16,
                "--out", stn);
        assertThat(run.exit()).as(run.err()).isZero();
        Called shown = glimpse("glimpses", stn, "--test", 3);
        assertThat(shown.err()).isEmpty();
        assertThat(shown.exit()).isZero();
        assertThat(shown.out().lines()).hasSize(4);
        assertThat(stn.resolve("glimpses/test-digit-2/after.png")).exists();
        JsonNode told = new JsonMapper().readTree(glimpse("glimpses", stn, "--test", 1, "--json").out());
        assertThat(told.path("images").get(0).path("answer").asString()).isIn("0", "1");
        assertThat(told.path("images").get(0).path("probability").asDouble()).isBetween(0.5, 1.0);
        assertThat(Called.glimpse("glimpses", stn, "--test", 0).err()).contains("--test is 0, must be 1 to 12");
        assertThat(Called.glimpse("glimpses", stn).err()).contains("give pictures, or --test N");
        assertThat(Called.glimpse("glimpses", stn, "a.png").err()).contains("'stn' shows test images alone");
    }
}
