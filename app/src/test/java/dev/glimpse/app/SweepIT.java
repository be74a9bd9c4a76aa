package dev.glimpse.app;

import static dev.glimpse.app.Launched.glimpse;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One attention after the other, from the command line. */
class SweepIT {
    @TempDir
    static Path folder;

    private static Path data;

    @BeforeAll
    static void pictures() throws IOException {
        data = SamplePictures.dataSet(folder.resolve("data"), 6, 3);
    }

    private static Object[] sweep(Path out, Object... more) {
        List<Object> args = new ArrayList<>(List.of("sweep", data, "--model", "mobilenet_v2:width=0.25", "--size", 32,
                "--batch", 6, "--precision", "fp32", "--layout", "nchw", "--drop-path", 0.1, "--out", out));
        args.addAll(List.of(more));
        return args.toArray();
    }

    @Test
    void attentionsAreTrainedAlikeAndKept() throws IOException {
        Path out = folder.resolve("sweep");
        Object[] command = sweep(out, "--epochs", 1, "--attention", "none,se:reduction=4,residual=false", "--seeds", 2);
        Launched wrong = glimpse(command);
        assertThat(wrong.exit()).isEqualTo(2);
        assertThat(wrong.errorLine()).contains("se has no argument 'residual'");
        command[command.length - 3] = "none,se:reduction=4";
        Launched first = glimpse(command);
        assertThat(first.exit()).as(first.err()).isZero();
        assertThat(first.out()).contains("se:reduction=4", out.resolve("sweep.html").toString());
        JsonNode json = new JsonMapper().readTree(Files.readString(out.resolve("sweep.json")));
        assertThat(json.path("finished").asInt()).isEqualTo(4);
        assertThat(json.path("attentions").get(1).path("best").path("deviation").isNumber()).isTrue();
        assertThat(Files.readString(out.resolve("sweep.md"))).contains("| `none` | 2 |");
        Path run = out.resolve("se-reduction-4-seed1");
        JsonNode config = new JsonMapper().readTree(Files.readString(run.resolve("config.json")));
        assertThat(config.path("recipe").path("seed").asInt()).isEqualTo(1);
        assertThat(config.path("args").path("drop_path").asDouble()).isEqualTo(0.1);
        assertThat(config.path("command").valueStream().map(JsonNode::asString)).containsSubsequence("--attention",
                "se:reduction=4", "--seed", "1").doesNotContain("--seeds");

        FileTime before = Files.getLastModifiedTime(run.resolve("checkpoint.safetensors"));
        Launched again = glimpse(command);
        assertThat(again.exit()).as(again.err()).isZero();
        assertThat(again.err()).contains("it is done already").doesNotContain("epoch 1/1");
        assertThat(Files.getLastModifiedTime(run.resolve("checkpoint.safetensors"))).isEqualTo(before);
        assertThat(again.out()).isEqualTo(first.out());
        Launched otherwise = glimpse(sweep(out, "--epochs", 2, "--attention", "none"));
        assertThat(otherwise.exit()).isEqualTo(2);
        assertThat(otherwise.err()).contains("none-seed0 was started otherwise: recipe.epochs is 1, now 2");
    }

    @Test
    void ctrlCIsGoneOnFrom() throws IOException, InterruptedException {
        Path out = folder.resolve("interrupted");
        Object[] command = sweep(out, "--epochs", 12, "--attention", "none", "--seeds", 1, "--patience", 0);
        Path errors = folder.resolve("errors");
        Process process = Launched.start(Map.of(), folder.resolve("output"), errors, command);
        while (!Files.exists(out.resolve("none-seed0/metrics.csv"))) {
            assertThat(process.waitFor(50, TimeUnit.MILLISECONDS)).as("ended early").isFalse();
        }
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(130);
        assertThat(Files.readString(errors)).contains("stopped; the same command goes on from here");
        Launched rest = glimpse(command);
        assertThat(rest.exit()).as(rest.err()).isZero();
        assertThat(rest.err()).contains("epoch 12/12").doesNotContain("epoch 1/12");
        Path whole = folder.resolve("whole");
        Object[] train = sweep(whole, "--epochs", 12, "--attention", "none");
        train[0] = "train";
        assertThat(glimpse(train).exit()).isZero();
        assertThat(out.resolve("none-seed0/last.safetensors"))
                .hasSameBinaryContentAs(whole.resolve("last.safetensors"));
    }

    @Test
    void whatIsTypedIsSplitBetweenAttentions() {
        assertThat(SweepCommand.split("none,se:reduction=4,cbam:reduction=8,pools=avg+max,eca")).containsExactly("none",
                "se:reduction=4", "cbam:reduction=8,pools=avg+max", "eca");
        assertThatThrownBy(() -> SweepCommand.split("none,,se")).hasMessageContaining("empty name");
        assertThat(glimpse(sweep(folder.resolve("twice"), "--attention", "se,none,se")).errorLine())
                .contains("names one twice");
    }
}
