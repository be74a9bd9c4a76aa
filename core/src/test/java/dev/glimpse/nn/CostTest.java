package dev.glimpse.nn;

import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.Layer;
import dev.glimpse.attention.Attentions;
import dev.glimpse.kernel.Kernels;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CostTest {
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @ParameterizedTest
    @CsvSource({"6, 10, 3, 1, 1, 1", "6, 10, 5, 2, 1, 2", "6, 12, 3, 1, 3, 1", "6, 6, 7, 1, 6, 3"})
    void aConvolutionMultipliesItsWeightsAtEveryOutput(long in, long out, long kernel, long stride, long groups,
            long dilation) {
        Conv2dImpl conv = Layers.conv2d(in, out, kernel, Window.padding(dilation * (kernel / 2)).withStride(stride)
                .withGroups(groups).withDilation(dilation));
        Tensor x = variable(2, in, 24, 20);
        Tensor y = conv.forward(x);
        long products = 0; // one by one, as the definition has it
        for (long element = 0; element < y.numel(); element++) {
            products += in / groups * kernel * kernel;
        }
        assertThat(Cost.of(List.of(y))).isEqualTo(new Cost(products,
                4 * (x.numel() + conv.weight().numel() + out), 4 * y.numel()));
    }

    @Test
    void aLinearLayerMultipliesEveryInputWithEveryOutput() {
        LinearImpl linear = Layers.linear(7, 5);
        assertThat(Cost.of(List.of(linear.forward(variable(3, 7)))).multiplyAdds()).isEqualTo(3 * 7 * 5);
        assertThat(Cost.of(List.of(linear.forward(variable(2, 4, 7)))).multiplyAdds()).isEqualTo(2 * 4 * 7 * 5);
    }

    @Test
    void aMatrixProductCountsWithEitherSideConstant() {
        Tensor constant = random(1, ScalarType.Float, 2, 5, 6);
        assertThat(Cost.of(List.of(variable(2, 4, 5).matmul(variable(2, 5, 6)))).multiplyAdds())
                .isEqualTo(2 * 4 * 5 * 6);
        assertThat(Cost.of(List.of(variable(2, 4, 5).matmul(constant))).multiplyAdds()).isEqualTo(2 * 4 * 5 * 6);
        assertThat(Cost.of(List.of(constant.matmul(variable(2, 6, 3)))).multiplyAdds()).isEqualTo(2 * 5 * 6 * 3);
    }

    @Test
    void attentionInOneOperationCostsItsTwoProducts() {
        Tensor q = variable(1, 2, 600, 8);
        Tensor kv = variable(1, 2, 700, 8);
        Tensor y = torch.scaled_dot_product_attention(q, kv, kv, new TensorOptional(), 0, false, new DoubleOptional(),
                false);
        assertThat(y.grad_fn().name().getString()).startsWith("ScaledDotProductFlashAttentionForCpu");
        assertThat(Cost.of(List.of(y)).multiplyAdds()).isEqualTo(2 * 2 * 600 * 700 * 8);
    }

    @Test
    void viewsAreFreeAndWhatIsUsedTwiceIsComputedOnce() {
        Tensor x = variable(2, 3, 4);
        Tensor relu = x.relu();
        Tensor y = relu.transpose(1, 2).add(relu.view(2, 4, 3));
        long bytes = 4 * x.numel();
        assertThat(Cost.of(List.of(y))).isEqualTo(new Cost(0, 3 * bytes, 2 * bytes));
        assertThat(Cost.of(List.of(y, y.transpose(0, 1)))).isEqualTo(new Cost(0, 3 * bytes, 2 * bytes));
        assertThat(Cost.of(List.of(x))).isEqualTo(new Cost(0, 0, 0));
    }

    @Test
    void channelGatesCostTheirMlp() {
        Module cbam = Attentions.create("cbam", Map.of("channels", 64));
        Tensor y = Kernels.with(Kernels.Choice.COMPOSED, () -> ((Layer) cbam).forward(variable(1, 64, 9, 7)));
        long mlp = 2 * 2 * 64 * 4; // two pools, two layers
        assertThat(Cost.of(List.of(y)).multiplyAdds()).isEqualTo(mlp + 2 * 7 * 7 * 9 * 7);
    }

    private static Tensor variable(long... shape) {
        return random(1, ScalarType.Float, shape).set_requires_grad(true);
    }
}
