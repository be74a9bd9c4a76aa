package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MhaTest {
    private final Tensor queries = random(1, ScalarType.Float, 2, 5, 16);
    private final Tensor keys = random(2, ScalarType.Float, 2, 3, 16);
    private final Tensor values = random(3, ScalarType.Float, 2, 3, 16);

    @ParameterizedTest
    @CsvSource({"0.5, 0", "0, 0.5"})
    void dropoutActsInTrainingAlone(double dropout, double attentionDropout) {
        Mha mha = new Mha(new Mha.Config(16, 4, 4, 4, dropout, attentionDropout));
        assertThat(run(mha, 1).equal(run(mha, 2))).isFalse();
        assertThat(run(mha, 1).equal(run(mha, 1))).isTrue();
        mha.eval();
        assertThat(run(mha, 1).equal(run(mha, 2))).isTrue();
    }

    @Test
    void withoutDropoutTrainingIsEvaluation() {
        Mha mha = new Mha(new Mha.Config(16, 4, 4, 4, 0, 0));
        Tensor trained = run(mha, 1);
        mha.eval();
        assertThat(run(mha, 2).equal(trained)).isTrue();
    }

    @Test
    void headsMayHaveSizesOfTheirOwn() {
        Mha.Result result = new Mha(new Mha.Config(16, 3, 2, 7, 0, 0)).forward(queries, keys, values);
        assertThat(Tensors.shape(result.output())).containsExactly(2, 5, 16);
        assertThat(Tensors.shape(result.weights())).containsExactly(2, 3, 5, 3);
        assertThat(magnitude(result.weights().sum(3).sub(Tensors.of(new float[]{1}, 1)))).isLessThan(1e-6);
    }

    /** A bare reshape would mix channels with positions: then moving a position would not move the output alike. */
    @Test
    void attentionOverAMapFollowsItsPositions() {
        Mha2d mha = new Mha2d(Mha.Config.even(16, 4));
        mha.eval();
        Tensor x = random(4, ScalarType.Double, 2, 16, 3, 5);
        mha.to(ScalarType.Double, false);
        Tensor flipped = mha.forward(x.flip(3));
        Tensor expected = mha.forward(x).flip(3);
        assertThat(magnitude(flipped.sub(expected))).isLessThan(1e-12);
        assertThat(magnitude(mha.forward(x.transpose(2, 3)).sub(mha.forward(x).transpose(2, 3)))).isLessThan(1e-12);
    }

    /** Inputs without memory of their own, whose weights no machine can hold: refused before anything is computed. */
    @Test
    void weightsThatCannotFitAreRefused() {
        Tensor tokens = random(1, ScalarType.Float, 1, 1, 16).expand(1, 3_000_000, 16);
        assertThatThrownBy(() -> new Mha(16).forward(tokens, tokens, tokens))
                .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("mha: this input needs ")
                .hasMessageContaining("GiB");
        Tensor map = random(1, ScalarType.Float, 1, 8, 1, 1).expand(1, 8, 3000, 1000);
        assertThatThrownBy(() -> AttentionMaps.during(() -> new Conv1dMha(8).forward(map)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("conv1d-mha: this input needs ");
    }

    private Tensor run(Mha mha, long seed) {
        torch.manual_seed(seed);
        return mha.forward(queries, keys, values).output();
    }
}
