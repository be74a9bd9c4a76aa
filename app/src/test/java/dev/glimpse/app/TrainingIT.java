package dev.glimpse.app;

import static dev.glimpse.app.Launched.glimpse;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.glimpse.io.SafeTensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The main job, from a folder of pictures to a contact sheet of attention maps. */
class TrainingIT {
    @TempDir
    static Path folder;

    private static Path data;
    private static Path run;
    private static Launched training;

    @BeforeAll
    static void trainOnce() throws IOException {
        data = SamplePictures.dataSet(folder.resolve("data"), 24, 8);
        Files.write(data.resolve("train/red/broken.jpg"), new byte[]{(byte) 0xff, (byte) 0xd8, (byte) 0xff});
        run = folder.resolve("run");
        training = glimpse("train", data, "--attention", "cbam:reduction=8", "--stem", "cifar", "--size", 16,
                "--epochs", 3,
                "--batch", 8, "--lr", 0.02, "--precision", "fp32", "--layout", "nchw", "--out", run);
    }

    @Test
    void trainingLearnsAndLeavesAWholeRun() throws IOException {
        assertThat(training.exit()).as(training.err()).isZero();
        assertThat(training.out()).startsWith("Best test accuracy");
        assertThat(training.err()).contains("epoch 3/3", "1 image was skipped", "broken.jpg");
        List<String> csv = Files.readAllLines(run.resolve("metrics.csv"));
        assertThat(csv).hasSize(4);
        assertThat(csv.getFirst()).startsWith("epoch,train_loss,train_accuracy,test_loss,test_accuracy");
        try (Stream<Path> files = Files.list(run)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("config.json",
                    "metrics.csv", "best.safetensors", "last.safetensors", "checkpoint.safetensors",
                    "events.out.tfevents.glimpse", "report.html");
        }
        JsonNode config = new JsonMapper().readTree(Files.readString(run.resolve("config.json")));
        assertThat(config.path("classes").valueStream().map(JsonNode::asString)).containsExactly("blue", "green",
                "red");
        assertThat(config.path("args").path("attention").asString()).isEqualTo("cbam:reduction=8");
    }

    @Test
    void colouredSquaresAreToldApart() {
        Launched eval = glimpse("eval", run, data, "--json");
        assertThat(eval.exit()).as(eval.err()).isZero();
        JsonNode json = new JsonMapper().readTree(eval.out());
        assertThat(json.path("images").asInt()).isEqualTo(24);
        assertThat(json.path("accuracy").asDouble()).isGreaterThan(0.9);
        assertThat(glimpse("eval", run, data.resolve("test")).out()).contains("red", "all");
    }

    private static Set<String> names(Path file) {
        try (SafeTensors weights = SafeTensors.open(file)) {
            return weights.entries().keySet();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By way of PyTorch's format, into a network with another attention, at places of the user's choice. */
    @Test
    void trainedWeightsAreStartedFrom() {
        Path weights = folder.resolve("weights.pt");
        Launched convert = glimpse("convert", run.resolve("best.safetensors"), weights);
        assertThat(convert.exit()).as(convert.err()).isZero();
        Path timms = folder.resolve("timm.safetensors");
        assertThat(glimpse("convert", weights, timms, "--to", "timm").exit()).isZero();
        Path back = folder.resolve("back.safetensors");
        assertThat(glimpse("convert", timms, back, "--from", "timm").exit()).isZero();
        assertThat(names(timms)).contains("layer1.0.se.channel.fc1.weight").noneMatch(name -> name.contains("cbam"));
        assertThat(names(back)).contains("layer1.0.cbam.channel.fc1.weight", "fc.bias");
        Path next = folder.resolve("next");
        Launched refused = glimpse("train", data, "--stem", "cifar", "--size", 16, "--attention", "se", "--weights",
                weights, "--out", next);
        assertThat(refused.exit()).isEqualTo(2);
        assertThat(refused.errorLine()).contains("weights.pt", "left over: layer1.0.cbam", "--lenient");
        Launched taken = glimpse("train", data, "--stem", "cifar", "--size", 16, "--attention", "se", "--place",
                "layer4.*", "--start", "identity", "--precision", "fp32", "--layout", "nchw", "--weights", weights,
                "--lenient", "--epochs", 1, "--batch", 8,
                "--lr",
                0.001, "--out", next);
        assertThat(taken.exit()).as(taken.err()).isZero();
        assertThat(taken.err()).contains("matched; missing: layer4.0.attention.alpha");
        assertThat(glimpse("eval", next, data).exit()).isZero();
    }

    @Test
    void predictionsAreRankedAndSumToOne() {
        Path red = data.resolve("test/red/0.png");
        Launched predict = glimpse("predict", run, red, "--json", "--top", 3);
        assertThat(predict.exit()).as(predict.err()).isZero();
        JsonNode top = new JsonMapper().readTree(predict.out()).path("images").get(0).path("top");
        assertThat(top.get(0).path("name").asString()).isEqualTo("red");
        assertThat(top.valueStream().mapToDouble(answer -> answer.path("probability").asDouble()).sum()).isCloseTo(1,
                offset(1e-5));
        assertThat(glimpse("predict", run, red, "--top", 1).out()).contains("0.png", "red").doesNotContain("blue");
    }

    @Test
    void everyGateIsDrawn() throws IOException {
        Launched explain = glimpse("explain", run, data.resolve("test/red/0.png"), data.resolve("test/blue/0.png"),
                "--out", folder.resolve("maps"));
        assertThat(explain.exit()).as(explain.err()).isZero();
        assertThat(folder.resolve("maps/contact-sheet.png")).isNotEmptyFile();
        for (String picture : List.of("0", "0-2")) {
            try (Stream<Path> files = Files.list(folder.resolve("maps").resolve(picture))) {
                assertThat(files.map(file -> file.getFileName().toString()))
                        .contains("Grad-CAM.png", "layer1.0.cbam.png",
                                "layer4.1.cbam.png")
                        .hasSize(9);
            }
        }
    }

    @Test
    void anUnreadablePictureIsNamedAndTheOthersGoOn() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.png"));
        for (String command : List.of("predict", "explain")) {
            Launched result = command.equals("predict")
                    ? glimpse(command, run, empty, data.resolve("test/green/1.png"))
                    : glimpse(command, run, empty, data.resolve("test/green/1.png"), "--out", folder.resolve("some"));
            assertThat(result.exit()).isEqualTo(1);
            assertThat(result.errorLine()).contains("empty.png");
            assertThat(result.out()).isNotEmpty();
        }
    }

    @Test
    void aRunIsNotOverwritten() throws IOException {
        byte[] before = Files.readAllBytes(run.resolve("best.safetensors"));
        Launched again = glimpse("train", data, "--out", run);
        assertThat(again.exit()).isEqualTo(2);
        assertThat(again.errorLine()).contains("holds a run already");
        assertThat(Files.readAllBytes(run.resolve("best.safetensors"))).isEqualTo(before);
    }

    @Test
    void theSameSeedGivesTheSameBits() throws IOException {
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        for (Path out : List.of(first, second)) {
            String workers = out.equals(first) ? "1" : "3";
            glimpse("train", data, "--stem", "cifar", "--size", 16, "--epochs", 1, "--batch", 8, "--seed", 7,
                    "--precision", "fp32", "--layout", "nchw",
                    "--workers",
                    workers, "--out", out);
        }
        assertThat(first.resolve("last.safetensors")).hasSameBinaryContentAs(second.resolve("last.safetensors"));
    }

    @Test
    void ctrlCLeavesTheLastCheckpointWhole() throws IOException, InterruptedException {
        Path out = folder.resolve("interrupted");
        Path errors = folder.resolve("errors");
        Process process = Launched.start(Map.of(), folder.resolve("output"), errors, "train", data, "--precision",
                "fp32", "--layout", "nchw", "--stem", "cifar",
                "--size", 16, "--epochs", 1000, "--batch", 8, "--out", out);
        while (!Files.exists(out.resolve("metrics.csv"))) {
            assertThat(process.waitFor(100, TimeUnit.MILLISECONDS)).as("ended early").isFalse();
        }
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(130);
        assertThat(Files.readString(errors)).contains("stopped after step", "glimpse train --resume " + out);
        Launched eval = glimpse("eval", out, data);
        assertThat(eval.exit()).as(eval.err()).isZero();
        try (Stream<Path> files = Files.list(out)) {
            assertThat(files).noneMatch(file -> file.toString().endsWith(".partial") || file.endsWith(".lock"));
        }
    }
}
