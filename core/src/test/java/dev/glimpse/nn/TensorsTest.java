package dev.glimpse.nn;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TensorsTest {
    private final Tensor x = Tensors.of(new float[]{1, 5, 2, -3, 4, 0, 7, 8, 9, 6, -1, -2}, 1, 2, 2, 3);

    @Test
    void poolsOverChannels() {
        assertThat(Tensors.toFloats(Tensors.max(x, 1))).containsExactly(7, 8, 9, 6, 4, 0);
        assertThat(Tensors.toFloats(Tensors.amax(x, 1))).containsExactly(7, 8, 9, 6, 4, 0);
        assertThat(Tensors.toFloats(Tensors.mean(x, 1))).containsExactly(4, 6.5f, 5.5f, 1.5f, 1.5f, -1);
        assertThat(Tensors.shape(Tensors.max(x, 1))).containsExactly(1, 1, 2, 3);
    }

    @Test
    void rowsAreRepeatedOneAfterTheOther() {
        Tensor rows = Tensors.of(new float[]{1, 2, 3, 4}, 2, 1, 2);
        assertThat(Tensors.shape(Tensors.repeated(rows, 2))).containsExactly(4, 1, 2);
        assertThat(Tensors.toFloats(Tensors.repeated(rows, 2))).containsExactly(1, 2, 1, 2, 3, 4, 3, 4);
        assertThat(Tensors.toFloats(Tensors.repeated(rows, 1))).containsExactly(1, 2, 3, 4);
    }

    @Test
    void poolsOverPositions() {
        assertThat(Tensors.toFloats(Tensors.spatialMax(x))).containsExactly(5, 9);
        assertThat(Tensors.toFloats(Tensors.spatialMean(x))).containsExactly(1.5f, 4.5f);
        assertThat(Tensors.toFloats(Tensors.spatialNorm(x))[0]).isEqualTo((float) Math.sqrt(55));
        assertThat(Tensors.shape(Tensors.spatialLogSumExp(x))).containsExactly(1, 2, 1, 1);
    }

    @Test
    void sumsOverPositions() {
        assertThat(Tensors.toFloats(Tensors.spatialSum(x))).containsExactly(9, 27);
        assertThat(Tensors.shape(Tensors.spatialSum(x))).containsExactly(1, 2);
    }

    @Test
    void cellsShareAPositionWhereTheSizeDoesNotDivide() {
        assertThat(Tensors.toFloats(Tensors.cellMeans(5, 2, x)))
                .containsExactly(1 / 3f, 1 / 3f, 1 / 3f, 0, 0, 0, 0, 1 / 3f, 1 / 3f, 1 / 3f);
        assertThat(Tensors.toFloats(Tensors.cellMeans(1, 3, x))).containsExactly(1, 1, 1);
        assertThat(Tensors.cellMeans(5, 2, x.to(ScalarType.Double)).scalar_type().intern())
                .isEqualTo(ScalarType.Double);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 4, 4", "7, 7, 2, 2", "9, 7, 4, 4", "13, 1, 3, 8", "6, 8, 6, 8", "5, 11, 1, 1"})
    void poolsOntoAGridAsLibtorchDoes(long height, long width, long gridHeight, long gridWidth) {
        Tensor ours = random(1, ScalarType.Double, 2, 3, height, width).set_requires_grad(true);
        Tensor theirs = ours.detach().clone().set_requires_grad(true);
        Tensor pooled = Tensors.adaptiveMean(ours, gridHeight, gridWidth);
        Tensor expected = torch.adaptive_avg_pool2d(theirs, gridHeight, gridWidth);
        Tensor cotangent = random(2, ScalarType.Double, 2, 3, gridHeight, gridWidth);
        pooled.mul(cotangent).sum().backward();
        expected.mul(cotangent).sum().backward();
        assertThat(magnitude(pooled.sub(expected))).isLessThan(1e-14);
        assertThat(magnitude(ours.grad().sub(theirs.grad()))).isLessThan(1e-14);
    }

    @Test
    void windowsTakeNoPaddingIn() {
        assertThat(Tensors.toFloats(Tensors.windowMean(x, 3, 2, 1))).containsExactly(1.75f, 2.75f, 5, 3.5f);
        assertThat(Tensors.toFloats(Tensors.windowMax(x.neg(), 3, 2, 1))).containsExactly(3, -0f, 1, 2);
    }

    @Test
    void tiesShareTheGradientWhereSaid() {
        Tensor tied = Tensors.of(new float[]{3, 3}, 1, 1, 1, 2).set_requires_grad(true);
        Tensors.amax(tied, 2, 3).backward();
        assertThat(Tensors.toFloats(tied.grad())).containsExactly(0.5f, 0.5f);
        tied.grad().zero_();
        Tensors.spatialMax(tied).backward();
        assertThat(Tensors.toFloats(tied.grad())).containsExactlyInAnyOrder(1, 0);
    }

    @Test
    void theNormsGradientAtZeroIsZero() {
        Tensor zero = Tensors.zeros(ScalarType.Float, 1, 1, 2, 2).set_requires_grad(true);
        Tensors.spatialNorm(zero).backward();
        assertThat(Tensors.toFloats(zero.grad())).containsOnly(0);
    }

    /** Outside of a scope nothing but the tensor itself keeps its memory. */
    @Test
    void maximaOutliveACollection() {
        List<Tensor> maxima = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            maxima.add(Tensors.max(random(i, ScalarType.Float, 4, 6), 1));
            maxima.add(Tensors.spatialMax(random(i, ScalarType.Float, 1, 4, 2, 3)));
        }
        System.gc();
        for (int i = 0; i < 200; i++) {
            random(i, ScalarType.Float, 4, 1); // takes what was freed too early
        }
        for (int i = 0; i < 200; i++) {
            float[] expected = Tensors.toFloats(Tensors.amax(random(i, ScalarType.Float, 4, 6), 1));
            assertThat(Tensors.toFloats(maxima.get(2 * i))).containsExactly(expected);
            assertThat(Tensors.toFloats(maxima.get(2 * i + 1))).containsExactly(expected);
        }
    }

    @Test
    void inPlaceCallsGiveTheirOwnTensor() {
        Tensor y = x.clone();
        assertThat(y.relu_()).isSameAs(y);
        assertThat(y.set_requires_grad(true)).isSameAs(y);
    }

    @Test
    void refusesToShowTheMemoryOfAView() {
        assertThatThrownBy(() -> Tensors.memory(x.transpose(2, 3))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("not contiguous", "Float", "1x2x3x2");
        assertThat(Tensors.memory(Tensors.zeros(ScalarType.Float, 0)).byteSize()).isZero();
    }

    @Test
    void readsViewsAndOtherTypes() {
        assertThat(Tensors.toFloats(x.to(ScalarType.Double).transpose(2, 3)))
                .containsExactly(1, -3, 5, 4, 2, 0, 7, 6, 8, -1, 9, -2);
    }

    @Test
    void writesShapes() {
        assertThat(Tensors.shapeText(32, 64, 3, 3)).isEqualTo("32x64x3x3");
        assertThat(Tensors.shapeText()).isEqualTo("scalar");
    }
}
