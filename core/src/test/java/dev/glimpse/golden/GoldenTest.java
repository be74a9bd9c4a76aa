package dev.glimpse.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GoldenTest {
    static Stream<Path> files() throws IOException {
        try (Stream<Path> found = Files.walk(Path.of("src/test/resources/goldens"))) {
            return found.filter(file -> file.toString().endsWith(".safetensors")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void holdsInDoublePrecision(Path file) {
        Verdict verdict = Golden.check(file, false);
        assertThat(verdict.ok()).as(verdict.toString()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("files")
    void holdsInFloat32(Path file) {
        Verdict verdict = Golden.check(file, true);
        assertThat(verdict.ok()).as(verdict.toString()).isTrue();
    }
}
