package dev.glimpse.app;

import static dev.glimpse.app.Launched.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The benchmark command, on small maps. */
class BenchIT {
    @TempDir
    private Path folder;

    private static JsonNode json(Object... args) {
        Launched run = glimpse(args);
        assertThat(run.exit()).as(run.err()).isZero();
        return new JsonMapper().readTree(run.out());
    }

    @Test
    void attentionIsTimed() {
        JsonNode json = json("bench", "attention", "--name", "cbam", "--shape", "2x16x9x7", "--dtype", "fp32",
                "--layout", "nchw", "--pass", "train", "--seconds", "0.2", "--json");
        for (String key : new String[]{"composed_ms", "fused_ms", "copy_ms", "composed_over_fused",
            "fused_over_copy"}) {
            assertThat(json.path(key).asDouble()).as(key).isPositive();
        }
        assertThat(json.path("max_rel_error").asDouble()).isLessThan(1e-4);
        assertThat(json.path("fused_runs").asInt()).isPositive();
        assertThat(json.path("libtorch").asString()).startsWith("2.");
        assertThat(json.path("vector_bits").asInt()).isIn(128, 256, 512);
        assertThat(glimpse("bench", "attention", "--name", "se", "--shape", "1x16x4x4", "--seconds", "0.1").out())
                .startsWith("se 1x16x4x4 fp32 nchw forward: composed ").hasLineCount(1);
    }

    @Test
    void aPartOfTheGridIsTimedAndWritten() {
        Launched run = glimpse("bench", "attention", "--all", "--name", "se", "--shape", "1x64x56x56", "--dtype",
                "bf16", "--seconds", "0.1", "--out", folder);
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.out()).startsWith("name ").contains("se           bf16  nhwc   train");
        assertThat(folder).isDirectoryContaining(
                file -> file.getFileName().toString().startsWith("attention-bf16-nhwc-libtorch2.")
                        && Files.isReadable(file));
    }

    @Test
    void modesAreTimed() {
        JsonNode json = json("bench", "modes", "--input", "3x32x32", "--batch", "2", "--seconds", "0.1", "--json");
        for (String mode : new String[]{"fp32 nchw", "fp32 nhwc", "bf16 nchw", "bf16 nhwc"}) {
            assertThat(json.path("step_ms").path(mode).asDouble()).as(mode).isPositive();
            assertThat(json.path("times_as_fast_as_fp32_nchw").path(mode).asDouble()).as(mode).isPositive();
        }
        assertThat(glimpse("bench", "modes", "--attention", "no").err()).contains("no attention is called 'no'");
    }

    @Test
    void aNetworkIsTimedWithAndWithout() {
        for (String pass : new String[]{"train", "forward"}) {
            JsonNode json = json("bench", "network", "--model", "resnet18", "--attention", "cbam", "--input",
                    "3x32x32", "--batch", "2", "--dtype", "bf16", "--layout", "nhwc", "--pass", pass, "--seconds",
                    "0.1", "--json");
            assertThat(json.path("with_over_without").asDouble()).isPositive();
            assertThat(json.path("images").asString()).isEqualTo("2x3x32x32");
        }
    }

    @Test
    void memoryIsThatOfFreshProcesses() {
        JsonNode json = json("bench", "memory", "--name", "cbam", "--shape", "4x64x64x64", "--processes", "1",
                "--json");
        assertThat(json.path("idle_mb").asDouble()).isGreaterThan(50);
        assertThat(json.path("composed_above_idle_mb").asDouble()).isPositive();
        assertThat(json.path("fused_over_composed").isNumber()).isTrue();
        JsonNode one = json("bench", "memory", "--name", "se", "--shape", "1x16x4x4", "--kernels", "composed",
                "--processes", "1", "--json");
        assertThat(one.has("composed_mb")).isTrue();
        assertThat(one.has("fused_mb")).isFalse();
    }

    @Test
    void theLoaderIsTimed() throws IOException {
        JsonNode json = json("bench", "loader", "--images", "12", "--size", "64", "--batch", "4", "--seconds", "0.3",
                "--json");
        assertThat(json.path("images_per_second").asDouble()).isPositive();
        assertThat(json.path("over_imdecode").asDouble()).isPositive();
        assertThat(json.path("mean_file_bytes").asInt()).isBetween(10_000, 200_000);
        assertThat(json.path("skipped").asInt()).isZero();
        SamplePictures.dataSet(folder, 4, 1);
        assertThat(glimpse("bench", "loader", folder.resolve("train"), "--size", "16", "--crop", "centre", "--seconds",
                "0.3").out()).startsWith("12 images of " + folder).contains(" to 16x16: ").hasLineCount(1);
    }

    @Test
    void doctorSaysWhichKernelsRun() {
        assertThat(json("doctor", "--json").path("attention kernels").asString()).contains("auto", "-bit vectors",
                "threads");
        assertThat(glimpse(Map.of("GLIMPSE_JAVA_OPTS", "-Dglimpse.kernels=composed"), "doctor").out())
                .contains("-Dglimpse.kernels=composed says");
    }
}
