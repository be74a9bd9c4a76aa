package dev.glimpse.app;

import static dev.glimpse.app.Called.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.data.Image;
import dev.glimpse.explain.Pictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Captions are learned, said and drawn, from the command line. */
class CaptionCallsTest {
    @TempDir
    private static Path folder;

    private static Path run;

    @BeforeAll
    static void train() {
        run = folder.resolve("run");
        Called trained = glimpse("train", "generated:train=128,test=8,size=32", "--model",
                "caption:attention=24,embed=16,decoder=32", "--epochs", 2, "--batch", 16, "--out", run, "--json");
        assertThat(trained.exit()).as(trained.err()).isZero();
        assertThat(trained.err()).contains("perplexity", "bleu", "pointing", "chance").doesNotContain("no report");
        assertThat(new JsonMapper().readTree(trained.out()).path("best_test_bleu").asDouble()).isBetween(0.0, 1.0);
    }

    private static Path picture(String name, int width, int height) throws IOException {
        byte[] rgb = new byte[3 * width * height];
        Arrays.fill(rgb, (byte) 110);
        Path file = folder.resolve(name);
        Pictures.write(new Image(width, height, rgb), file);
        return file;
    }

    @Test
    void theReportShowsPanels() throws IOException {
        assertThat(Files.readString(run.resolve("report.html"))).contains("What it does", "test scene 0 of seed 0",
                "data:image/png;base64");
    }

    @Test
    void picturesAreCaptionedAndDrawn() throws IOException {
        Path strip = folder.resolve("strip.png");
        Path text = Files.writeString(folder.resolve("text.png"), "no picture");
        Called said = glimpse("caption", run, picture("grey.png", 50, 40), text, "--beam", 3, "--strip", strip,
                "--json");
        assertThat(said.exit()).isEqualTo(1);
        assertThat(said.errorLine()).contains("text.png");
        JsonNode json = new JsonMapper().readTree(said.out());
        assertThat(json.path("unread").asInt()).isEqualTo(1);
        JsonNode image = json.path("images").get(0);
        assertThat(image.path("caption").asString()).isNotEmpty();
        assertThat(image.path("log_probability").asDouble()).isNegative();
        JsonNode looked = image.path("words").get(0).path("looked");
        assertThat(looked.path("width").asInt()).isEqualTo(4);
        assertThat(looked.path("values")).hasSize(16);
        assertThat(strip).exists();
        assertThat(glimpse("caption", run, "--test", 2).out().lines()).satisfiesExactly(
                line -> assertThat(line).startsWith("test scene 0 of seed 0: "),
                line -> assertThat(line).startsWith("test scene 1 of seed 0: "));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            caption RUN                             | 2 | give IMAGE..., or --test N
            caption RUN --test 2 --beam 0           | 2 | --beam is 0, must be 1 to 100
            caption nowhere --test 2                | 2 | nowhere: no such folder
            predict RUN a.png                       | 2 | is a training of the system 'caption'
            train generated:size=9 --model caption --out OUT      | 2 | generated: size is 9, must be 32 to 512
            train generated --model caption:kind=x --out OUT      | 2 | caption: kind is 'x'; known: soft, hard
            train none.json --model caption --out OUT             | 2 | none.json: no such file
            """)
    void aWrongCallIsOneLine(String args, int exit, String message) {
        Called wrong = Called.glimpse((Object[]) args.replace("RUN", run.toString())
                .replace("OUT", folder.resolve("none").toString()).split(" +"));
        assertThat(wrong.err()).startsWith("glimpse: ").hasLineCount(1).contains(message);
        assertThat(wrong.exit()).isEqualTo(exit);
        assertThat(wrong.out()).isEmpty();
    }
}
