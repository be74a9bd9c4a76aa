package dev.glimpse.app;

import static dev.glimpse.app.Launched.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.data.Image;
import dev.glimpse.explain.Pictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What stands out in pictures, from the command line. */
class SaliencyIT {
    @TempDir
    private static Path folder;

    /** Grey with a red square around (232, 72). */
    private static Path picture(String name, int width, int height) throws IOException {
        byte[] rgb = new byte[3 * width * height];
        Arrays.fill(rgb, (byte) 110);
        for (int y = 60; y < 84; y++) {
            for (int x = 220; x < 244; x++) {
                byte[] red = {(byte) 210, 60, 60};
                System.arraycopy(red, 0, rgb, 3 * (y * width + x), 3);
            }
        }
        Path file = folder.resolve(name);
        Pictures.write(new Image(width, height, rgb), file);
        return file;
    }

    @Test
    void mapsAndPathAreWritten() throws IOException {
        Path out = folder.resolve("maps");
        Launched run = glimpse("saliency", picture("red.png", 320, 240), "--fixations", 3, "--out", out, "--json");
        assertThat(run.err()).isEmpty();
        assertThat(run.exit()).isZero();
        JsonNode image = new JsonMapper().readTree(run.out()).path("images").get(0);
        assertThat(image.path("fixations")).hasSize(3);
        assertThat(image.path("fixations").get(0).path("x").asDouble()).isBetween(210.0, 254.0);
        assertThat(image.path("fixations").get(0).path("y").asDouble()).isBetween(50.0, 94.0);
        for (String name : new String[]{"intensity", "colour", "orientation", "saliency", "path"}) {
            assertThat(out.resolve("red/" + name + ".png")).exists();
        }
        JsonNode file = new JsonMapper().readTree(Files.readString(out.resolve("red/saliency.json")));
        assertThat(file.path("map").path("values")).hasSize(20 * 15);
        assertThat(file.path("conspicuity").path("colour").path("values")).hasSize(20 * 15);
        assertThat(out.resolve("contact-sheet.png")).exists();
    }

    @Test
    void whatCannotBeSeenIsALineEach() throws IOException {
        Path out = folder.resolve("some");
        Path text = Files.writeString(folder.resolve("text.png"), "no picture");
        Launched run = glimpse("saliency", text, picture("small.png", 320, 127), folder.resolve("none.png"),
                picture("fine.png", 320, 240), "--normalise", "iterative", "--out", out);
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err().lines()).satisfiesExactly(line -> assertThat(line).contains("text.png"),
                line -> assertThat(line).contains("small.png: 320x127 pixels are too few"),
                line -> assertThat(line).contains("none.png: no such file"));
        assertThat(run.out()).contains("fine: (", " ms", "contact-sheet.png");
    }

    @Test
    void searchReportsItsFigures() {
        Path out = folder.resolve("search");
        Launched run = glimpse("saliency", "--search", "--displays", 4, "--out", out, "--json");
        assertThat(run.exit()).isZero();
        JsonNode json = new JsonMapper().readTree(run.out());
        for (String feature : new String[]{"colour", "intensity", "orientation"}) {
            assertThat(json.path("first_fixation_on_the_odd_one").path(feature).asDouble()).isBetween(0.5, 1.0);
        }
        assertThat(json.path("conjunction")).hasSize(5);
        assertThat(out.resolve("search.png")).exists();
        assertThat(out.resolve("search.json")).exists();
    }

    @Test
    void theSystemsAreListed() {
        Launched text = glimpse("list", "systems");
        assertThat(text.exit()).isZero();
        JsonNode rows = new JsonMapper().readTree(glimpse("list", "systems", "--json").out()).path("systems");
        assertThat(rows).isNotEmpty();
        for (JsonNode row : rows) {
            assertThat(text.out()).contains(row.path("name").asString(), row.path("paper").asString(),
                    row.path("figure").asString());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            saliency                                | --help
            saliency a.png --search                 | --search
            saliency a.png --normalise softmax      | 'softmax' is no normalisation; known: local-max, iterative
            saliency a.png --fixations 0            | --fixations is 0, must be 1 to 1000
            saliency --search --displays 0          | --displays is 0, must be at least 1
            """)
    void aWrongCallIsOneLine(String args, String message) {
        Launched run = glimpse((Object[]) args.split(" +"));
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.errorLine()).contains(message);
        assertThat(run.out()).isEmpty();
    }
}
