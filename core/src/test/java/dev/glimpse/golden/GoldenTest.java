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

    /** In float32 the U-Net's file does not hold: see UNetTest. */
    static Stream<Path> filesInFloat32() throws IOException {
        return files().filter(file -> !file.endsWith("unet-cbam.safetensors"));
    }

    @ParameterizedTest
    @MethodSource("filesInFloat32")
    void holdsInFloat32(Path file) {
        Verdict verdict = Golden.check(file, true);
        assertThat(verdict.ok()).as(verdict.toString()).isTrue();
    }
}
