package dev.glimpse.nn;

import static dev.glimpse.Support.growth;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.scoped;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.model.Networks;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class ScopesTest {
    /** Less than 200 of the first blocks' maps (2 x 64 x 16 x 16 floats) take. */
    private static final long BOUND = 16L << 20;

    @Test
    void theResultLivesUntilTheOuterScopeEnds() {
        List<Tensor> made = new ArrayList<>();
        Tensor result;
        try (PointerScope _ = new PointerScope()) {
            result = Scopes.noGrad(() -> Scopes.freeing(() -> {
                made.add(random(1, ScalarType.Float, 100));
                made.add(made.getFirst().add(made.getFirst()));
                return made.get(1);
            }));
            assertThat(made.getFirst().isNull()).as("freed with the inner scope").isTrue();
            assertThat(result).isSameAs(made.get(1));
            assertThat(Tensors.toFloats(result)).hasSize(100);
        }
        assertThat(result.isNull()).as("freed with the outer scope").isTrue();
    }

    @Test
    void theResultLivesWithoutAnOuterScope() {
        List<Tensor> made = new ArrayList<>();
        Tensor result = Scopes.noGrad(() -> Scopes.freeing(() -> {
            made.add(random(1, ScalarType.Float, 100));
            return made.getFirst().neg();
        }));
        assertThat(made.getFirst().isNull()).isTrue();
        assertThat(result.equal(random(1, ScalarType.Float, 100).neg())).isTrue();
    }

    @Test
    void whatComesFromOutsideStays() {
        try (PointerScope _ = new PointerScope()) {
            Tensor x = random(1, ScalarType.Float, 3);
            Tensor same = Scopes.noGrad(() -> Scopes.freeing(() -> x));
            Tensor again = Scopes.noGrad(() -> Scopes.freeing(x::relu_));
            assertThat(same).isSameAs(x);
            assertThat(again).isSameAs(x);
            assertThat(Tensors.toFloats(x)).hasSize(3);
        }
    }

    @Test
    void nestedResultsClimbOneScopeAtATime() {
        List<Tensor> made = new ArrayList<>();
        try (PointerScope _ = new PointerScope()) {
            Tensor result = Scopes.noGrad(() -> Scopes.freeing(() -> {
                made.add(Scopes.freeing(() -> random(1, ScalarType.Float, 3)));
                return made.getFirst().exp();
            }));
            assertThat(made.getFirst().isNull()).isTrue();
            assertThat(result.isNull()).isFalse();
        }
    }

    @Test
    void workThatThrowsFreesWhatItMade() {
        List<Tensor> made = new ArrayList<>();
        assertThatThrownBy(() -> Scopes.noGrad(() -> Scopes.freeing(() -> {
            made.add(random(1, ScalarType.Float, 3));
            throw new IllegalStateException("no");
        }))).hasMessage("no");
        assertThat(made.getFirst().isNull()).isTrue();
        assertThat(GradMode.is_enabled()).isTrue();
    }

    @Test
    void withGradientsBackwardWorks() {
        try (PointerScope _ = new PointerScope()) {
            Tensor x = random(1, ScalarType.Float, 3).set_requires_grad(true);
            Tensor y = Scopes.freeing(() -> Scopes.freeing(() -> x.mul(x)).exp());
            y.sum().backward();
            assertThat(x.grad().allclose(x.mul(y).add(x.mul(y)))).isTrue();
        }
    }

    @Test
    void noGradLeavesTheModeAsItWas() {
        Scopes.noGrad(() -> {
            assertThat(GradMode.is_enabled()).isFalse();
            Scopes.noGrad(() -> null);
            assertThat(GradMode.is_enabled()).isFalse();
            return null;
        });
        assertThat(GradMode.is_enabled()).isTrue();
        try (PointerScope _ = new PointerScope()) {
            Scopes.noGrad(() -> null);
            assertThat(GradMode.is_enabled()).isTrue();
        }
        assertThat(GradMode.is_enabled()).isTrue();
    }

    @Test
    void forwardsLeaveNothingBehind() {
        Runnable forward = forward();
        assertThat(growth(200, scoped(forward))).isLessThan(BOUND);
    }

    /** What is made outside of any scope is the collector's to free: each block's result. */
    @Test
    void forwardsWithoutAScopeAreCollected() {
        Runnable forward = forward();
        assertThat(growth(200, forward)).isLessThan(BOUND);
    }

    private static Runnable forward() {
        Layer network = Networks.create("resnet18", Map.of("attention", "cbam", "stem", "cifar"));
        network.eval();
        Tensor images = random(1, ScalarType.Float, 2, 3, 16, 16);
        return () -> Scopes.noGrad(() -> network.forward(images));
    }
}
