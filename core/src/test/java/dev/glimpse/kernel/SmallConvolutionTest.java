package dev.glimpse.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.kernel.Gating.Input;
import dev.glimpse.kernel.Gating.Layout;
import dev.glimpse.kernel.Gating.Parts;
import dev.glimpse.kernel.Kernels.Choice;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The fused convolution of a few maps computes what libtorch's does, forward and backward. */
class SmallConvolutionTest {
    private static final long[][] SIZES = {{1, 1}, {7, 7}, {9, 7}, {13, 1}, {14, 14}, {28, 30}, {56, 56}, {3, 65},
        {1, 3}, {2, 5}, {7, 15}, {16, 16}, {2, 17}, {1, 31}, {7, 33}, {5, 32}, {1, 65}, {2, 1}};

    /** A gradient is a handful of numbers here, all of which may be small sums of thousands of either sign. */
    private static final double FLOAT32 = 3 * Closeness.FLOAT32;

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /** Every other one is convolved with a bias. */
    private static List<Input> inputs(long maps) {
        List<Input> inputs = new ArrayList<>();
        for (long[] size : SIZES) {
            inputs.add(new Input(Layout.CONTIGUOUS, 3, maps, size[0], size[1]));
        }
        for (long[] size : SIZES) {
            inputs.add(new Input(Layout.CHANNELS_LAST, 1, maps, size[0], size[1]));
        }
        for (Layout layout : Layout.values()) {
            inputs.add(new Input(layout, 2, maps, 9, 7));
        }
        return inputs;
    }

    @Tag("widths")
    @ParameterizedTest
    @CsvSource({"1, 1", "1, 7", "2, 1", "2, 3", "2, 5", "2, 7", "2, 11", "2, 15", "3, 5", "3, 7", "4, 1", "4, 3",
        "4, 7", "4, 15"})
    void fusedIsLibtorchs(long maps, long kernel) {
        Closeness.Errors errors = new Closeness.Errors();
        boolean bias = true;
        for (Input input : inputs(maps)) {
            bias = !bias;
            try (PointerScope _ = new PointerScope()) {
                long runs = Kernels.fusedRuns();
                Closeness.require(run(Choice.FUSED, ScalarType.Float, false, kernel, bias, input),
                        run(Choice.COMPOSED, ScalarType.Float, false, kernel, bias, input), FLOAT32);
                assertThat(Kernels.fusedRuns()).isGreaterThan(runs);
                Map<String, Tensor> fused = run(Choice.FUSED, ScalarType.BFloat16, true, kernel, bias, input);
                Map<String, Tensor> composed = run(Choice.COMPOSED, ScalarType.BFloat16, true, kernel, bias, input);
                Closeness.require(fused, composed, Closeness.BFLOAT16);
                errors.add(fused, composed, run(Choice.COMPOSED, ScalarType.Float, true, kernel, bias, input));
            }
        }
        errors.requireNoWorse();
    }

    private static Map<String, Tensor> run(Choice choice, ScalarType type, boolean rounded, long kernel, boolean bias,
            Input input) {
        return Kernels.with(choice, () -> {
            Parts parts = new Parts(type, rounded, input.shape());
            Tensor leaf = parts.values(input.layout().leaf(input.shape())).set_requires_grad(true);
            Conv2dImpl conv = parts.conv(convolution(input.shape()[1], kernel, bias), 0.25);
            return Gating.outcome(SmallConvolution.forward(conv, input.layout().lay(leaf, input.shape())), leaf, parts);
        });
    }

    private static Conv2dImpl convolution(long maps, long kernel, boolean bias) {
        return Layers.conv2d(maps, 1, kernel, Window.padding(kernel / 2).withBias(bias));
    }

    /** What is frozen gets no gradient, all else its own. */
    @ParameterizedTest
    @ValueSource(strings = {"maps", "weight", "bias", "maps, bias", "weight, bias"})
    void partsMayBeFrozen(String frozen) {
        Map<String, Tensor> fused = frozen(Choice.FUSED, frozen);
        Map<String, Tensor> composed = frozen(Choice.COMPOSED, frozen);
        Closeness.require(fused, composed, Closeness.FLOAT32);
    }

    @Test
    void theBiasAloneMayBeLearned() {
        partsMayBeFrozen("maps, weight");
    }

    private static Map<String, Tensor> frozen(Choice choice, String frozen) {
        return Kernels.with(choice, () -> {
            Parts parts = new Parts(ScalarType.Float, false);
            Tensor leaf = parts.values(2, 2, 9, 7).set_requires_grad(!frozen.contains("maps"));
            Conv2dImpl conv = parts.conv(convolution(2, 3, true), 0.25);
            conv.weight().set_requires_grad(!frozen.contains("weight"));
            conv.bias().set_requires_grad(!frozen.contains("bias"));
            return Gating.outcome(SmallConvolution.forward(conv, leaf), leaf, parts);
        });
    }

    @Test
    void whatIsNoFiniteNumberComesOutWhereItDoesComposed() {
        for (double outlier : new double[]{Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            for (long place : new long[]{0, 40, 125}) {
                Parts parts = new Parts(ScalarType.Float, false);
                Tensor x = parts.values(1, 2, 9, 7);
                x.view(x.numel()).narrow(0, place, 1).fill_(new Scalar(outlier));
                Conv2dImpl conv = parts.conv(convolution(2, 3, true), 0.25);
                Closeness.requireSameOutliers(outlier + " at " + place,
                        Kernels.with(Choice.FUSED, () -> SmallConvolution.forward(conv, x)),
                        Kernels.with(Choice.COMPOSED, () -> SmallConvolution.forward(conv, x)));
            }
        }
    }

    /** At a corner too, where a kernel's far places do not meet it. */
    @Test
    void theWeightsThatMeetNoFiniteNumberGetNone() {
        for (double outlier : new double[]{Double.NaN, Double.POSITIVE_INFINITY}) {
            for (long place : new long[]{0, 6, 31, 56, 62, 125}) {
                Parts parts = new Parts(ScalarType.Float, false);
                Tensor x = parts.values(1, 2, 9, 7);
                x.view(x.numel()).narrow(0, place, 1).fill_(new Scalar(outlier));
                Conv2dImpl conv = parts.conv(convolution(2, 7, true), 0.25);
                Closeness.requireSameOutliers(outlier + " at " + place, weightGradient(Choice.FUSED, conv, x),
                        weightGradient(Choice.COMPOSED, conv, x));
            }
        }
    }

    private static Tensor weightGradient(Choice choice, Conv2dImpl conv, Tensor x) {
        conv.zero_grad(true);
        Kernels.with(choice, () -> {
            Tensor y = SmallConvolution.forward(conv, x);
            Tensor ones = torch.ones(Tensors.shape(y));
            y.backward(ones, new BoolOptional(), false, new TensorArrayRefOptional());
        });
        return conv.weight().grad().clone();
    }

    /** Those of another form are libtorch's, whatever is forced. */
    @ParameterizedTest
    @CsvSource({"5, 3", "2, 17", "2, 2"})
    void otherConvolutionsAreLeftToLibtorch(long maps, long kernel) {
        Tensor x = new Parts(ScalarType.Float, false).values(1, maps, 20, 20);
        Conv2dImpl conv = convolution(maps, kernel, true);
        long runs = Kernels.fusedRuns();
        Tensor y = Kernels.with(Choice.FUSED, () -> SmallConvolution.forward(conv, x));
        assertThat(y.equal(conv.forward(x))).isTrue();
        assertThat(Kernels.fusedRuns()).isEqualTo(runs);
        assertThat(Tensors.shape(y)).hasSize(4);
    }
}
