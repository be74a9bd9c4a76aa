package dev.glimpse.app;

import static dev.glimpse.app.Called.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What can be typed of translation, and how its texts are read; {@link TranslationIT} tries what it learns. */
class TranslationCallsTest {
    private static final String TINY = "transformer:d_model=8,d_inner=8,n_layers=1,n_head=2,n_position=20";

    @TempDir
    private static Path folder;
    private static Path data;
    private static Path run;

    /** With a byte order mark before each file, as some editors write it. */
    @BeforeAll
    static void train() throws IOException {
        data = Files.createDirectory(folder.resolve("data"));
        for (String set : List.of("train", "val")) {
            Files.writeString(data.resolve(set + ".de"), "\ufeff" + "ein hund\nzwei hunde\n".repeat(10));
            Files.writeString(data.resolve(set + ".en"), "\ufeff" + "a dog\ntwo dogs\n".repeat(10));
        }
        run = folder.resolve("run");
        trained(run, 1);
    }

    private static JsonNode trained(Path to, int epochs, Object... more) throws IOException {
        List<Object> args = new ArrayList<>(
                List.of("train", data, "--model", TINY, "--epochs", epochs, "--batch", 8, "--out", to));
        args.addAll(List.of(more));
        Called training = glimpse(args.toArray());
        assertThat(training.exit()).as(training.err()).isZero();
        return new JsonMapper().readTree(Files.readString(to.resolve("config.json")));
    }

    @Test
    void theUsualWarmUpTakesHalfOfAShortTraining() throws IOException {
        for (int epochs : new int[]{2, 5}) {
            JsonNode recipe = trained(folder.resolve("short" + epochs), epochs).path("recipe");
            assertThat(recipe.path("schedule").path("warmup").asDouble()).isEqualTo(Math.min(2, epochs / 2.0));
        }
        Called typed = glimpse("train", data, "--model", TINY, "--epochs", 2, "--warmup", 2, "--out",
                folder.resolve("typed"));
        assertThat(typed.exit()).isEqualTo(2);
        assertThat(typed.errorLine()).contains("the warm-up is 2.0 epochs, must be below the 2 epochs");
    }

    @Test
    void aByteOrderMarkIsNoWord() throws IOException {
        JsonNode words = new JsonMapper().readTree(Files.readString(run.resolve("config.json"))).path("words");
        assertThat(words.path("source").valueStream().map(JsonNode::asString)).contains("hund", "ein")
                .noneMatch(word -> word.contains("\ufeff"));
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream("\ufeffein hund\n".getBytes(StandardCharsets.UTF_8)));
        try {
            Called said = glimpse("translate", run, "--beam", 1, "--json");
            assertThat(said.exit()).as(said.err()).isZero();
            assertThat(said.err()).isEmpty();
            assertThat(new JsonMapper().readTree(said.out()).path("translations").get(0).path("unknown")).isEmpty();
        } finally {
            System.setIn(before);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"transformer", "seq2seq"})
    void dataThatIsNotThereIsAWrongCall(String model) throws IOException {
        Path hollow = Files.createDirectories(folder.resolve("hollow"));
        for (Path none : List.of(folder.resolve("nowhere"), hollow)) {
            Called refused = glimpse("train", none, "--model", model, "--out", folder.resolve("never"));
            assertThat(refused.exit()).isEqualTo(2);
            assertThat(refused.errorLine()).startsWith("glimpse: " + none);
        }
        assertThat(folder.resolve("never")).doesNotExist();
    }
}
