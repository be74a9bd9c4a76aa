package dev.glimpse.app;

import static dev.glimpse.app.Launched.glimpse;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** A small part of CIFAR-10, where it is at hand: real pictures are told apart better than by chance. */
class RealPicturesIT {
    private static final Path CIFAR = Path.of(System.getProperty("glimpse.root"), "../shared/data/cifar10");
    private static final List<String> CLASSES = List.of("airplane", "frog", "truck");

    @TempDir
    private Path folder;

    @Test
    void threeKindsOfRealPicturesAreToldApart() throws IOException {
        assumeTrue(Files.isDirectory(CIFAR), () -> "no CIFAR-10 in " + CIFAR);
        Path data = folder.resolve("data");
        for (String name : CLASSES) {
            copy(name, "train", 100, data);
            copy(name, "test", 30, data);
        }
        Launched training = glimpse("train", data, "--size", 32, "--epochs", 4, "--batch", 16, "--precision", "fp32",
                "--layout", "nchw", "--json", "--out", folder.resolve("run"));
        assertThat(training.exit()).as(training.err()).isZero();
        double accuracy = new JsonMapper().readTree(training.out()).path("best_test_accuracy").asDouble();
        assertThat(accuracy).as(training.err()).isGreaterThan(0.45);
    }

    private static void copy(String name, String split, int count, Path data) throws IOException {
        Path to = Files.createDirectories(data.resolve(split).resolve(name));
        try (Stream<Path> files = Files.list(CIFAR.resolve(split).resolve(name))) {
            for (Path file : files.sorted().limit(count).toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }
}
