package dev.glimpse.app;

import static dev.glimpse.app.Launched.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Commands that train nothing. */
class LauncherIT {
    private static final Path GOLDENS = Path.of(System.getProperty("glimpse.root"),
            "core/src/test/resources/goldens/modules");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"--help", "--version", "list models", "profile nonsense", "train --help", "nonsense",
        "train /no/such/folder --out x", "eval /no/such/run x", "predict /no/such/run x", "list nonsense"})
    void whatNeedsNoTensorsLoadsNoLibtorch(String args) throws IOException {
        Launched run = glimpse(Map.of("GLIMPSE_JAVA_OPTS", "-Dorg.bytedeco.javacpp.cachedir=" + folder),
                (Object[]) args.split(" "));
        assertThat(run.exit()).isIn(0, 2);
        try (var files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void helpNamesTheCommands() {
        Launched help = glimpse("--help");
        assertThat(help.exit()).isZero();
        assertThat(help.out()).contains("demo", "train", "eval", "predict", "explain", "verify", "convert", "profile",
                "bench", "list",
                "doctor");
        assertThat(glimpse("--version").out()).startsWith("glimpse 0.");
    }

    @Test
    void anUnknownCommandIsOneLineThatListsTheKnownOnes() {
        Launched run = glimpse("trian");
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.errorLine()).contains("'trian'", "train", "verify");
    }

    @Test
    void verifySaysWhichFilesHold() {
        Launched run = glimpse("verify", GOLDENS.resolve("cbam.safetensors"), GOLDENS.resolve("mha.safetensors"));
        assertThat(run.exit()).isZero();
        assertThat(run.out().lines()).hasSize(2).allMatch(line -> line.startsWith("ok "));
        assertThat(run.err()).isEmpty();
    }

    @Test
    void verifyFailsABadFileByNameAndGoesOn() throws IOException {
        Path truncated = folder.resolve("truncated.safetensors");
        byte[] whole = Files.readAllBytes(GOLDENS.resolve("cbam.safetensors"));
        Files.write(truncated, Arrays.copyOf(whole, whole.length / 2));
        Launched run = glimpse("verify", "--float32", truncated, folder.resolve("missing"),
                GOLDENS.resolve("cbam.safetensors"));
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out().lines().toList()).satisfiesExactly(
                line -> assertThat(line).startsWith("FAIL").contains("truncated.safetensors", "truncated"),
                line -> assertThat(line).startsWith("FAIL").contains("missing", "no such file"),
                line -> assertThat(line).startsWith("ok").contains("cbam"));
    }

    @Test
    void verifyPrintsOneJsonObject() {
        Launched run = glimpse("verify", "--json", GOLDENS.resolve("cbam-plain.safetensors"));
        JsonNode json = new JsonMapper().readTree(run.out());
        assertThat(json.path("failed").asInt()).isZero();
        assertThat(json.path("files").get(0).path("subject").asString()).isEqualTo("cbam-plain");
    }

    @Test
    void doctorFindsNothingMissingUnderTheLauncher() {
        Launched run = glimpse("doctor", "--json");
        JsonNode json = new JsonMapper().readTree(run.out());
        assertThat(run.exit()).isZero();
        assertThat(json.path("missing")).isEmpty();
        assertThat(json.path("libtorch loaded from").asString()).contains("org/bytedeco/pytorch");
        assertThat(json.path("GOMP_SPINCOUNT").asString()).isEqualTo("10000");
    }

    @Test
    void listsArePlainTextOrJson() {
        assertThat(glimpse("list", "models").out()).contains("resnet18", "He et al.");
        JsonNode json = new JsonMapper().readTree(glimpse("list", "models", "--json").out());
        assertThat(json.path("models").get(0).path("name").asString()).isEqualTo("resnet18");
    }
}
