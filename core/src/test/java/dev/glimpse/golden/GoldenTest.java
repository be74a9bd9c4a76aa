package dev.glimpse.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.kernel.Kernels;
import dev.glimpse.kernel.Kernels.Choice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoldenTest {
    private static final Path MODULES = Path.of("src/test/resources/goldens/modules");

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

    /**
     * With fused kernels that of the SENet-154 does not either: one number that goes into a ReLU, in layer3.29 behind bn2, is
     * within float32's rounding of zero and falls on the other side, so its gradient and those before it differ; the
     * output holds, and so do all gradients behind it.
     */
    static Stream<Arguments> choicesInFloat32() throws IOException {
        return filesInFloat32().flatMap(file -> Stream.of(Choice.COMPOSED, Choice.FUSED)
                .filter(choice -> choice == Choice.COMPOSED || !file.endsWith("timm-legacy_senet154.safetensors"))
                .map(choice -> Arguments.of(choice, file)));
    }

    @ParameterizedTest
    @MethodSource("choicesInFloat32")
    void holdsInFloat32(Choice choice, Path file) {
        Verdict verdict = Kernels.with(choice, () -> Golden.check(file, true));
        assertThat(verdict.ok()).as(verdict.toString()).isTrue();
    }

    /** What was forced did run: where the map is gated by fused kernels, and where it is not. */
    @ParameterizedTest
    @ValueSource(strings = {"cbam", "cbam-all-pools", "cbam-independent", "cbam-no-spatial", "cbam-parallel",
        "cbam-plain", "cbam-plain-bias", "cbam-train", "cc", "cse", "eca", "gc", "gc-avg", "gc-timm", "scse",
        "scse-max",
        "se", "se-timm", "sse"})
    void fusedKernelsRunWhereTheyAreForced(String name) {
        Path file = MODULES.resolve(name + ".safetensors");
        long runs = Kernels.fusedRuns();
        Kernels.with(Choice.COMPOSED, () -> Golden.check(file, true));
        assertThat(Kernels.fusedRuns()).isEqualTo(runs);
        Kernels.with(Choice.FUSED, () -> Golden.check(file, true));
        assertThat(Kernels.fusedRuns()).isGreaterThan(runs);
    }
}
