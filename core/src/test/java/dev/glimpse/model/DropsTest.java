package dev.glimpse.model;

import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Dropping;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.Arrays;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DropsTest {
    private static final int IMAGES = 4000;

    @BeforeAll
    static void load() {
        Libtorch.load();
    }

    @Test
    void wholeImagesAreLeftOutAndTheMeanStays() {
        try (PointerScope _ = new PointerScope()) {
            torch.manual_seed(3);
            Tensor ones = torch.ones(IMAGES, 2, 3);
            float[] kept = Tensors.toFloats(Dropping.path(ones, 0.25, true));
            int images = 0;
            for (int i = 0; i < IMAGES; i++) {
                float[] image = Arrays.copyOfRange(kept, 6 * i, 6 * i + 6);
                assertThat(image).containsOnly(image[0]);
                assertThat(image[0]).isIn(0f, 4f / 3);
                images += image[0] > 0 ? 1 : 0;
            }
            assertThat((double) images / IMAGES).isCloseTo(0.75, within(0.03));
            assertThat(Dropping.path(ones, 0.25, false)).isSameAs(ones);
            assertThat(Dropping.path(ones, 0, true)).isSameAs(ones);
            assertThat(Dropping.path(ones.to(ScalarType.BFloat16), 0.5, true).scalar_type().intern())
                    .isEqualTo(ScalarType.BFloat16);
        }
    }

    @Test
    void theChanceGrowsWithDepth() {
        Drops drops = new Drops(0.3, 0.1);
        assertThat(drops.at(0, 4).path()).isZero();
        assertThat(drops.at(1, 4).path()).isCloseTo(0.1, within(1e-12));
        assertThat(drops.at(3, 4)).isEqualTo(drops);
        assertThat(drops.at(0, 1).path()).isEqualTo(0.3);
        for (double wrong : new double[]{-0.1, 1, Double.NaN}) {
            assertThatThrownBy(() -> new Drops(wrong, 0)).hasMessageContaining("drop_path is " + wrong);
            assertThatThrownBy(() -> new Drops(0, wrong)).hasMessageContaining("dropout is " + wrong);
        }
    }

    /** In training both leave something out; in inference neither does, whatever weights there are. */
    @ParameterizedTest
    @CsvSource({"resnet18, 32", "resnet50, 32", "timm/resnest14d, 32", "timm/legacy_seresnet18, 32",
        "timm/gcresnext26ts, 32", "mobilenet_v2, 32", "xception, 64", "ecanet18, 32", "timm/skresnet18, 32"})
    void networksDropInTrainingAlone(String name, long side) {
        try (PointerScope _ = new PointerScope()) {
            Map<String, Object> small = Map.of("classes", 5, "dropout", 0);
            Layer plain = Networks.create(name, small);
            Layer dropping = Networks.create(name, Map.of("classes", 5, "drop_path", 0.5, "dropout", 0));
            Layer dropout = Networks.create(name, Map.of("classes", 5, "dropout", 0.5));
            Map<String, Tensor> weights = StateDict.of(plain);
            for (Layer other : new Layer[]{dropping, dropout}) {
                assertThat(StateDict.of(other).keySet()).containsExactlyElementsOf(weights.keySet());
                StateDict.load(other, weights);
            }
            startBlocks(plain);
            startBlocks(dropping);
            startBlocks(dropout);
            Tensor images = random(1, ScalarType.Float, 8, 3, side, side);
            float[] expected = forward(plain, images, false);
            assertThat(forward(dropping, images, false)).isEqualTo(expected);
            assertThat(forward(dropout, images, false)).isEqualTo(expected);
            float[] trained = forward(plain, images, true);
            assertThat(forward(plain, images, true)).isEqualTo(trained);
            for (Layer other : new Layer[]{dropping, dropout}) {
                float[] once = forward(other, images, true);
                assertThat(once).isNotEqualTo(trained);
                assertThat(forward(other, images, true)).as("the same draws").isEqualTo(once);
            }
        }
    }

    /** Blocks that start as their shortcuts have nothing to leave out. */
    private static void startBlocks(Layer network) {
        Scopes.noGrad(() -> {
            StateDict.parameters(network).forEach((name, parameter) -> {
                if (parameter.dim() == 1 && name.endsWith("weight")) {
                    parameter.fill_(new Scalar(1));
                }
            });
            return null;
        });
    }

    private static float[] forward(Layer network, Tensor images, boolean training) {
        network.train(training);
        torch.manual_seed(11);
        return Tensors.toFloats(Scopes.noGrad(() -> network.forward(images)));
    }

    @Test
    void networksWithoutThemSaySo() {
        assertThatThrownBy(() -> Networks.create("unet", Map.of("drop_path", 0.1)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("drop_path");
        assertThatThrownBy(() -> Networks.create("resnet18", Map.of("drop_path", 1.0)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("drop_path is 1.0");
    }
}
