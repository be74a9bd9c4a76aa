package dev.glimpse.app;

import static dev.glimpse.app.Launched.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "attention | --name is missing",
        "attention --name cbma | no attention is called 'cbma'",
        "attention --name ca_map | takes more than one map",
        "attention --name cbam --shape 3x4 | --shape is '3x4', not BxCxHxW",
        "attention --name cbam --shape 99999x99999x999x999 | GiB",
        "attention --name cbam --dtype fp8 | --dtype",
        "attention --name cbam --layout chwn | --layout",
        "attention --name cbam --pass backward | --pass",
        "attention --name cbam --seconds 0 | --seconds is 0.0",
        "attention --name cbam --out x | --out is for --all",
        "attention --name cbam:reduction=0 --shape 1x64x8x8 | reduction is 0",
        "attention --name bam --shape 1x64x8x8 --pass train | batch norm",
        "attention --all --name ra | nothing of the grid",
        "network --model lenet | no network is called 'lenet'",
        "network --attention cbma | no attention is called 'cbma'",
        "network --input 3x32 | --input is '3x32'",
        "network --batch 0 | --batch is 0",
        "network --model unet --pass train | no classifier",
        "memory | --name",
        "memory --name cc --processes 0 | --processes is 0",
        "memory --name bam --shape 1x64x8x8 | batch norm",
        "loader --size 0 | --size is 0", "loader --quality 0 | --quality 0", "loader --workers 0 | --workers is 0",
        "loader /nowhere | /nowhere: no such folder", "loader --crop no | --crop",
        "attentoin | no command is called 'attentoin'"})
    void whatIsTypedWrongIsOneLine(String args, String said) {
        Launched run = glimpse((Object[]) ("bench " + args).split(" "));
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.errorLine()).startsWith("glimpse: ").contains(said);
    }
}
