package dev.glimpse.kernel;

import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.FreshProcess;
import dev.glimpse.FreshProcess.Ended;
import dev.glimpse.Layer;
import dev.glimpse.attention.Attentions;
import dev.glimpse.kernel.Kernels.Choice;
import dev.glimpse.nn.Libtorch;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which kernels run, and what is said of it. */
class KernelsTest {
    private static final String WITH_VECTORS = "--add-modules=jdk.incubator.vector";

    /** Those modules that no golden file covers. */
    @ParameterizedTest
    @ValueSource(strings = {"ceca", "ese"})
    void fusedKernelsRunWhereTheyAreForced(String attention) {
        try (PointerScope _ = new PointerScope()) {
            Layer layer = Attentions.slot(attention).create(32);
            long runs = Kernels.fusedRuns();
            Kernels.with(Choice.COMPOSED, () -> layer.forward(random(1, ScalarType.Float, 2, 32, 9, 7)));
            assertThat(Kernels.fusedRuns()).isEqualTo(runs);
            Kernels.with(Choice.FUSED, () -> layer.forward(random(1, ScalarType.Float, 2, 32, 9, 7)));
            assertThat(Kernels.fusedRuns()).isGreaterThan(runs);
        }
    }

    /** Other types, and what is no map, are composed whatever is forced. */
    @Test
    void whatHasNoFusedKernelIsComposed() {
        try (PointerScope _ = new PointerScope()) {
            long runs = Kernels.fusedRuns();
            for (ScalarType type : List.of(ScalarType.Double, ScalarType.Half)) {
                Tensor x = random(1, ScalarType.Float, 2, 6, 9, 7).to(type);
                assertThat(Kernels.with(Choice.FUSED, () -> GatedMap.of(x).mean()).scalar_type().intern())
                        .isEqualTo(type);
            }
            for (long[] empty : new long[][]{{0, 6, 9, 7}, {2, 6, 0, 7}}) {
                Tensor x = random(1, ScalarType.Float, empty);
                Kernels.with(Choice.FUSED, () -> GatedMap.of(x).gatedPositions(x.narrow(1, 0, 1)));
            }
            assertThat(Kernels.fusedRuns()).isEqualTo(runs);
        }
    }

    @ParameterizedTest
    @EnumSource(Choice.class)
    void aChoiceHoldsForItsWorkAlone(Choice choice) {
        Choice before = Kernels.chosen();
        assertThat(Kernels.with(choice, Kernels::chosen)).isEqualTo(choice);
        assertThatThrownBy(() -> Kernels.with(choice, () -> {
            throw new IllegalStateException("thrown");
        })).hasMessage("thrown");
        assertThat(Kernels.chosen()).isEqualTo(before);
    }

    /** In a run of the tests for one width, that width. */
    @Tag("widths")
    @Test
    void theWidthIsTheOneThatWasAskedFor() {
        assertThat(Kernels.vectorBits()).isEqualTo(Integer.getInteger(Kernels.VECTOR_BITS, Kernels.vectorBits()))
                .isIn(128, 256, 512);
    }

    @Test
    void anUnknownChoiceIsRefusedInOneLine() {
        Ended ended = process("2", WITH_VECTORS, "-Dglimpse.kernels=nonsense");
        assertThat(ended.status()).isNotZero();
        assertThat(ended.said()).contains("glimpse.kernels is 'nonsense'; known: auto, fused, composed");
    }

    @Test
    void anUnknownWidthIsRefusedInOneLine() {
        Ended ended = process("2", WITH_VECTORS, "-Dglimpse.kernels.bits=64");
        assertThat(ended.status()).isNotZero();
        assertThat(ended.said()).contains("glimpse.kernels.bits is 64, must be 128, 256 or 512");
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "FUSED"})
    void fusedKernelsRunWithVectors(String choice) {
        Ended ended = process("2", WITH_VECTORS, "-Dglimpse.kernels=" + choice);
        assertThat(ended.status()).as(ended.said()).isZero();
        assertThat(ended.printed().strip()).isEqualTo("fused");
        assertThat(ended.said()).doesNotContain("composed kernels run");
    }

    @Test
    void withoutVectorsItWorksComposedAndSaysSoOnce() {
        Ended ended = process("3");
        assertThat(ended.status()).as(ended.said()).isZero();
        assertThat(ended.printed().strip()).isEqualTo("composed");
        assertThat(ended.said()).containsOnlyOnce("composed kernels run")
                .contains("start Java with --add-modules jdk.incubator.vector");
    }

    /** Whoever asks for composed kernels need not be told. */
    @Test
    void composedOnesNeedNoVectors() {
        Ended ended = process("2", "-Dglimpse.kernels=composed");
        assertThat(ended.status()).as(ended.said()).isZero();
        assertThat(ended.printed().strip()).isEqualTo("composed");
        assertThat(ended.said()).doesNotContain("composed kernels run");
    }

    @Test
    void forcedOnesAreMissedWithoutVectors() {
        Ended ended = process("2", "-Dglimpse.kernels=fused");
        assertThat(ended.status()).isNotZero();
        assertThat(ended.said()).contains("-Dglimpse.kernels=fused, but the JDK's vectors are missing: start Java with "
                + "--add-modules jdk.incubator.vector");
    }

    private static Ended process(String steps, String... options) {
        return FreshProcess.end(List.of(options), KernelsTest.class, steps);
    }

    /** Trains a few steps and prints which kernels ran. */
    public static void main(String[] args) {
        Libtorch.load();
        try (PointerScope _ = new PointerScope()) {
            Layer layer = Attentions.slot("cbam").create(32);
            for (int step = 0; step < Integer.parseInt(args[0]); step++) {
                Tensor x = random(step, ScalarType.Float, 2, 32, 9, 7).set_requires_grad(true);
                layer.forward(x).sum().backward();
                if (!x.grad().defined()) {
                    throw new IllegalStateException("no gradient");
                }
            }
        }
        System.out.println(Kernels.fusedRuns() > 0 ? "fused" : "composed");
    }
}
