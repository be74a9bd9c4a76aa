package dev.glimpse.app;

import static dev.glimpse.app.Launched.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that is killed and resumed ends with the bits of one that never was. */
class ResumeIT {
    /** Everything that a step can depend on: dropout, momentum, an average of weights, gradients that add up, mixed images. */
    private static final List<Object> RECIPE = List.of("--model", "mobilenet_v2", "--attention", "none", "--size", 32,
            "--batch", 8, "--accumulate", 2, "--ema", 0.9, "--clip-norm", 1, "--label-smoothing", 0.1,
            "--class-weights",
            "balanced", "--mixup", 0.4, "--cutmix", 1, "--mixup-prob", 0.8, "--schedule",
            "plateau:patience=1,factor=0.5", "--lr", 0.003, "--seed", 3, "--precision",
            "fp32",
            "--layout", "nchw");
    private static final List<String> WEIGHTS = List.of("best", "last", "average");

    @TempDir
    static Path folder;

    private static Path data;

    @BeforeAll
    static void makeData() throws IOException {
        data = SamplePictures.dataSet(folder.resolve("data"), 12, 4);
    }

    @Test
    void fourTimesKilledAndResumed() throws IOException, InterruptedException {
        killed(4, 6, 20);
    }

    @Tag("slow")
    @Test
    void twentyTimesKilledAndResumed() throws IOException, InterruptedException {
        killed(20, 40, 30);
    }

    /** Kills at random moments: while it starts, in a step, while a checkpoint is written, between two files. */
    private static void killed(int times, int epochs, long seed) throws IOException, InterruptedException {
        Path whole = folder.resolve("whole-" + times);
        long start = System.nanoTime();
        Launched reference = glimpse(command(whole, epochs));
        assertThat(reference.exit()).as(reference.err()).isZero();
        double seconds = (System.nanoTime() - start) / 1e9;

        Path run = folder.resolve("killed-" + times);
        Random random = new Random(seed);
        Process first = start(command(run, epochs));
        while (!Files.exists(run.resolve("checkpoint.safetensors"))) {
            assertThat(first.waitFor(20, TimeUnit.MILLISECONDS)).as("ended early").isFalse();
        }
        kill(first, 1000 * random.nextDouble() * seconds / (times + 1));
        int kills = 1;
        for (; kills < times; kills++) {
            Process process = start("train", "--resume", run, "--checkpoint-steps", 1 + random.nextInt(3));
            kill(process, 500 + 1000 * random.nextDouble() * (3 + seconds / times));
        }
        assertThat(run.resolve("checkpoint.safetensors")).exists();
        Launched last = glimpse("train", "--resume", run);
        assertThat(last.exit()).as(last.err()).isZero();
        assertThat(last.out()).startsWith("Best test accuracy");
        for (String weights : WEIGHTS) {
            assertThat(run.resolve(weights + ".safetensors"))
                    .hasSameBinaryContentAs(whole.resolve(weights + ".safetensors"));
        }
        assertThat(measured(run)).isEqualTo(measured(whole));
        try (var files = Files.list(run)) {
            assertThat(files).noneMatch(file -> file.toString().endsWith(".partial"));
        }
    }

    private static Object[] command(Path run, int epochs) {
        List<Object> all = new ArrayList<>(List.of("train", data));
        all.addAll(RECIPE);
        all.addAll(List.of("--epochs", epochs, "--checkpoint-steps", 1, "--out", run));
        return all.toArray();
    }

    private static Process start(Object... args) throws IOException {
        return Launched.start(Map.of(), Path.of("/dev/null"), Path.of("/dev/null"), args);
    }

    private static void kill(Process process, double milliseconds) throws InterruptedException {
        process.waitFor((long) milliseconds, TimeUnit.MILLISECONDS);
        process.destroyForcibly();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }

    /** The metrics but for what is a matter of time. */
    private static List<String> measured(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.csv")).stream()
                .map(line -> String.join(",", List.of(line.split(",")).subList(0, 6))).toList();
    }

    /** A finished run is resumed to no effect, and in the mode that was measured when it began. */
    @Test
    void nothingIsLeftToDo() throws IOException {
        Path run = folder.resolve("finished");
        Launched training =
                glimpse("train", data, "--stem", "cifar", "--size", 16, "--batch", 12, "--epochs", 1, "--out",
                        run);
        assertThat(training.exit()).as(training.err()).isZero();
        byte[] before = Files.readAllBytes(run.resolve("checkpoint.safetensors"));
        Launched again = glimpse("train", "--resume", run);
        assertThat(again.exit()).as(again.err()).isZero();
        assertThat(again.out()).isEqualTo(training.out());
        assertThat(Files.readAllBytes(run.resolve("checkpoint.safetensors"))).isEqualTo(before);
    }
}
