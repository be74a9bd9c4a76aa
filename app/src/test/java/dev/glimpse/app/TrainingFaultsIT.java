package dev.glimpse.app;

import static dev.glimpse.app.Launched.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.io.SafeTensors;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Tensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can go wrong while a network is trained: the process says so in one line, and what was reached is kept. */
class TrainingFaultsIT {
    @TempDir
    Path folder;

    private Path data;
    private Path run;

    @BeforeEach
    void makeData() throws IOException {
        data = SamplePictures.dataSet(folder.resolve("data"), 8, 2);
        run = folder.resolve("run");
    }

    private Object[] command(int epochs, Object... more) {
        List<Object> all = new ArrayList<>(List.of("train", data, "--model", "mobilenet_v2", "--attention", "none",
                "--size", 32, "--batch", 8, "--precision", "fp32", "--layout", "nchw", "--epochs", epochs, "--out",
                run));
        all.addAll(List.of(more));
        return all.toArray();
    }

    /** A training that goes on until it is stopped. */
    private final class Running implements AutoCloseable {
        private final Path err = folder.resolve("running.err");
        private final Process process;

        Running(Object... more) throws IOException, InterruptedException {
            process = Launched.start(Map.of(), folder.resolve("running.out"), err, command(1000, more));
            while (!Files.exists(run.resolve("metrics.csv"))) {
                assertThat(process.waitFor(50, TimeUnit.MILLISECONDS)).as("ended early").isFalse();
            }
        }

        void signal(String name) throws IOException, InterruptedException {
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
        }

        int exit() throws InterruptedException {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("does not end").isTrue();
            return process.exitValue();
        }

        String lastLine() throws IOException {
            return Files.readAllLines(err).getLast();
        }

        @Override
        public void close() {
            process.destroyForcibly().onExit().join();
        }
    }

    @Test
    void aSchedulerStopsItAndItGoesOn() throws IOException, InterruptedException {
        Launched whole = glimpse(command(3, "--checkpoint-every", 0));
        assertThat(whole.exit()).as(whole.err()).isZero();
        byte[] expected = Files.readAllBytes(run.resolve("last.safetensors"));
        delete(run);
        Process process = Launched.start(Map.of(), folder.resolve("term.out"), folder.resolve("term.err"), command(3));
        while (!Files.exists(run.resolve("checkpoint.safetensors"))) {
            assertThat(process.waitFor(20, TimeUnit.MILLISECONDS)).as("ended early").isFalse();
        }
        new ProcessBuilder("kill", "-TERM", Long.toString(process.pid())).start().waitFor();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(Files.readAllLines(folder.resolve("term.err")).getLast()).contains("stopped after step",
                "glimpse train --resume " + run);
        Launched resumed = glimpse("train", "--resume", run);
        assertThat(resumed.exit()).as(resumed.err()).isZero();
        assertThat(Files.readAllBytes(run.resolve("last.safetensors"))).isEqualTo(expected);
    }

    @Test
    void aFolderIsTrainedIntoOnce() throws IOException, InterruptedException {
        try (Running running = new Running()) {
            for (Object[] second : List.of(command(1), new Object[]{"train", "--resume", run})) {
                Launched refused = glimpse(second);
                assertThat(refused.exit()).isEqualTo(2);
                assertThat(refused.errorLine()).containsAnyOf("another process", "holds a run already");
            }
            assertThat(glimpse("train", "--resume", run).errorLine()).contains("another process");
            running.signal("INT");
            assertThat(running.exit()).isEqualTo(130);
            assertThat(running.lastLine()).contains("--resume " + run);
        }
        assertThat(run.resolve(".lock")).doesNotExist();
    }

    @Test
    void theFolderIsRemoved() throws IOException, InterruptedException {
        try (Running running = new Running()) {
            delete(run);
            assertThat(running.exit()).isEqualTo(1);
            assertThat(running.lastLine()).startsWith("glimpse: ").contains(run + " was removed");
        }
    }

    @Test
    void picturesAreRemovedAndReplaced() throws IOException, InterruptedException {
        try (Running running = new Running()) {
            Files.delete(data.resolve("train/red/3.png"));
            Files.writeString(data.resolve("train/blue/1.png"), "no picture any more");
            Files.copy(data.resolve("train/green/0.png"), data.resolve("train/green/1.png"),
                    StandardCopyOption.REPLACE_EXISTING);
            int epochs = Files.readAllLines(run.resolve("metrics.csv")).size();
            while (Files.readAllLines(run.resolve("metrics.csv")).size() < epochs + 2) {
                assertThat(running.process.waitFor(50, TimeUnit.MILLISECONDS)).as("ended early").isFalse();
            }
            running.signal("TERM");
            assertThat(running.exit()).isZero();
            assertThat(Files.readString(running.err)).contains("2 images were skipped", "3.png", "1.png");
        }
        Launched resumed = glimpse("train", "--resume", run);
        assertThat(resumed.exit()).isEqualTo(2);
        assertThat(resumed.errorLine()).contains("23 + 6, then 24 + 6", "last.safetensors");
    }

    @Test
    void theLossIsNoNumberAnyMore() throws IOException {
        Launched training =
                glimpse(command(3, "--optimizer", "sgd", "--lr", 1e30, "--warmup", 0, "--checkpoint-steps", 1));
        assertThat(training.exit()).isEqualTo(1);
        assertThat(training.err().lines().toList().getLast()).contains("no number any more at step", "--lr",
                "last good checkpoint is kept in " + run);
        Libtorch.load();
        try (PointerScope _ = new PointerScope();
                SafeTensors checkpoint = SafeTensors.open(run.resolve("checkpoint.safetensors"))) {
            for (float weight : Tensors.toFloats(checkpoint.tensor("network.classifier.1.weight"))) {
                assertThat(weight).isFinite();
            }
        }
    }

    /** The shell's limit on the size of a file stands for the disk: a checkpoint is larger than weights are. */
    @Test
    void theDiskIsFull() throws IOException, InterruptedException {
        try (Running running = new Running()) {
            running.signal("TERM");
            assertThat(running.exit()).isZero();
        }
        byte[] before = Files.readAllBytes(run.resolve("checkpoint.safetensors"));
        Path err = folder.resolve("full.err");
        String launcher = Path.of(System.getProperty("glimpse.root"), "glimpse").toString();
        ProcessBuilder full = new ProcessBuilder("sh", "-c", "ulimit -f 20000; exec \"$@\"", "sh", launcher, "train",
                "--resume", run.toString(), "--checkpoint-steps", "1").redirectError(err.toFile())
                .redirectOutput(folder.resolve("full.out").toFile());
        full.environment().put("GLIMPSE_NO_BUILD", "1");
        assertThat(full.start().waitFor()).isEqualTo(1);
        assertThat(Files.readAllLines(err).getLast()).contains("cannot write", "checkpoint.safetensors",
                "ile too large",
                "glimpse train --resume " + run);
        assertThat(Files.readAllBytes(run.resolve("checkpoint.safetensors"))).isEqualTo(before);
        try (var files = Files.list(run)) {
            assertThat(files).noneMatch(file -> file.toString().endsWith(".partial"));
        }
    }

    @Test
    void moreThanTheMachineHolds() {
        Launched training = glimpse("train", data, "--stem", "cifar", "--batch", 100_000_000, "--precision", "fp32",
                "--layout", "nchw", "--epochs", 1, "--out", run);
        assertThat(training.exit()).as(training.err()).isEqualTo(2);
        assertThat(training.err().lines().toList().getLast()).matches("glimpse: training on 32x32 pixels with --batch "
                + "100000000: this input needs .* GiB of memory, .* are available; take --batch \\d+, .*");
    }

    @Test
    void whatANewerGlimpseWrote() throws IOException {
        assertThat(glimpse(command(1)).exit()).isZero();
        replace(run.resolve("checkpoint.safetensors"), "\"version\":\"1\"", "\"version\":\"9\"");
        Launched checkpoint = glimpse("train", "--resume", run);
        assertThat(checkpoint.exit()).isEqualTo(1);
        assertThat(checkpoint.err().lines().toList().getLast()).contains("checkpoint.safetensors", "newer glimpse");
        replace(run.resolve("config.json"), "\"format\" : 2", "\"format\" : 9");
        Launched config = glimpse("eval", run, data);
        assertThat(config.exit()).isEqualTo(1);
        assertThat(config.errorLine()).contains("config.json", "newer glimpse");
    }

    @Test
    void aRunGoesOnAsItBegan() throws IOException {
        assertThat(glimpse(command(1)).exit()).isZero();
        Launched other = glimpse("train", "--resume", run, "--lr", 1);
        assertThat(other.exit()).isEqualTo(2);
        assertThat(other.errorLine()).contains("leave --lr away");
        Files.delete(run.resolve("checkpoint.safetensors"));
        assertThat(glimpse("train", "--resume", run).errorLine()).contains("no checkpoint.safetensors");
        assertThat(glimpse("train").errorLine()).contains("--out", "--resume");
        assertThat(glimpse("train", "--resume", data).errorLine()).contains("no run");
    }

    private static void replace(Path file, String text, String other) throws IOException {
        String all = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertThat(all).contains(text);
        Files.writeString(file, all.replace(text, other), StandardCharsets.ISO_8859_1);
    }

    private static void delete(Path folder) throws IOException {
        while (Files.exists(folder)) { // who writes into it may be faster
            try (var files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            } catch (IOException | UncheckedIOException _) {
                // something came or went meanwhile
            }
        }
    }
}
