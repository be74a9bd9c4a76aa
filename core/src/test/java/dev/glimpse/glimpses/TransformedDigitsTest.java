package dev.glimpse.glimpses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Support;
import dev.glimpse.attention.Args;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Tensors;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransformedDigitsTest {
    @BeforeAll
    static void load() {
        Libtorch.load();
    }

    private static TransformedDigits network(String args) {
        torch.manual_seed(1);
        Args read = Args.parse(args);
        TransformedDigits network = new TransformedDigits(TransformedDigits.Config.read(read, 10));
        read.requireAllRead();
        network.eval();
        return network;
    }

    /** Of the tutorial, whose weights so fit. */
    @Test
    void keysAndShapesAreTheTutorials() {
        Set<String> keys = new TreeSet<>();
        StateDict.of(network("stn:size=28"))
                .forEach((key, value) -> keys.add(key + " " + Tensors.shapeText(Tensors.shape(value))));
        assertThat(keys).containsExactlyInAnyOrder("conv1.weight 10x1x5x5", "conv1.bias 10", "conv2.weight 20x10x5x5",
                "conv2.bias 20", "fc1.weight 50x320", "fc1.bias 50", "fc2.weight 10x50", "fc2.bias 10",
                "localization.0.weight 8x1x7x7", "localization.0.bias 8", "localization.3.weight 10x8x5x5",
                "localization.3.bias 10", "fc_loc.0.weight 32x90", "fc_loc.0.bias 32", "fc_loc.2.weight 6x32",
                "fc_loc.2.bias 6");
    }

    @ParameterizedTest
    @ValueSource(strings = {"stn:size=42", "stn:size=28,align_corners=true", "stn:size=43"})
    void aNewOneHandsImagesOn(String args) {
        try (PointerScope _ = new PointerScope()) {
            TransformedDigits network = network(args);
            long size = network.config().size();
            Tensor x = Support.random(5, ScalarType.Float, 2, 1, size, size);
            assertThat(Support.magnitude(network.transform(x).sub(x))).isLessThan(1e-4);
            assertThat(Tensors.shape(network.forward(x))).containsExactly(2, 10);
        }
    }

    @Test
    void withoutOneTheNetworkIsTheSame() {
        try (PointerScope _ = new PointerScope()) {
            TransformedDigits with = network("stn");
            TransformedDigits without = network("stn:transform=none");
            Tensor x = Support.random(5, ScalarType.Float, 2, 1, 42, 42);
            assertThat(StateDict.parameters(without)).doesNotContainKeys("fc_loc.0.weight", "localization.0.weight");
            assertThat(Support.magnitude(with.forward(x).sub(without.forward(x)))).isLessThan(1e-4);
            assertThatThrownBy(() -> without.theta(x)).isInstanceOf(IllegalStateException.class);
        }
    }

    /** What is read, pixel by pixel, by what -1 and 1 mean. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void pixelsAreReadWhereThetaSays(boolean alignCorners) {
        try (PointerScope _ = new PointerScope()) {
            int side = 22;
            TransformedDigits network = network("stn:size=" + side + ",align_corners=" + alignCorners);
            float[] theta = {0.5f, -0.25f, 0.125f, 0.25f, 0.75f, -0.5f};
            Init.values(StateDict.parameters(network).get("fc_loc.2.bias"), theta);
            Tensor x = Support.random(9, ScalarType.Float, 1, 1, side, side);
            float[] pixels = Tensors.toFloats(x);
            float[] found = Tensors.toFloats(network.transform(x));
            for (int i = 0; i < found.length; i++) {
                double u = unit(i % side, side, alignCorners);
                double v = unit(i / side, side, alignCorners);
                double column = pixel(theta[0] * u + theta[1] * v + theta[2], side, alignCorners);
                double row = pixel(theta[3] * u + theta[4] * v + theta[5], side, alignCorners);
                assertThat(found[i]).isCloseTo((float) between(pixels, side, column, row), within(1e-4f));
            }
        }
    }

    private static double unit(int pixel, int side, boolean alignCorners) {
        return alignCorners ? 2.0 * pixel / (side - 1) - 1 : (2.0 * pixel + 1) / side - 1;
    }

    private static double pixel(double unit, int side, boolean alignCorners) {
        return alignCorners ? (unit + 1) / 2 * (side - 1) : ((unit + 1) * side - 1) / 2;
    }

    private static double between(float[] pixels, int side, double column, double row) {
        double sum = 0;
        for (int y = (int) Math.floor(row); y <= Math.floor(row) + 1; y++) {
            for (int x = (int) Math.floor(column); x <= Math.floor(column) + 1; x++) {
                boolean inside = x >= 0 && x < side && y >= 0 && y < side;
                sum += inside ? pixels[y * side + x] * (1 - Math.abs(column - x)) * (1 - Math.abs(row - y)) : 0;
            }
        }
        return sum;
    }

    @Test
    void badArguments() {
        assertThatThrownBy(() -> network("stn:size=17")).hasMessage("stn: size is 17, must be 18 to 1024");
        assertThatThrownBy(() -> network("stn:transform=tps"))
                .hasMessage("stn: transform is 'tps'; known: affine, none");
        assertThatThrownBy(() -> network("stn:align=true")).hasMessageContaining("align_corners");
    }
}
