package dev.glimpse.model;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.io.StateDict;
import dev.glimpse.model.ResNet.Config;
import dev.glimpse.model.ResNet.Unit;
import dev.glimpse.kernel.Kernels;
import dev.glimpse.kernel.Kernels.Choice;
import dev.glimpse.nn.Cost;
import dev.glimpse.nn.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** timm's ResNeSts. */
class ResNestTest {
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /** As timm 1.0.29 counts. */
    @ParameterizedTest
    @CsvSource({"resnest14d, 10611688", "resnest26d, 17069448", "resnest50d, 27483240", "resnest101e, 48275016"})
    void hasExactlyAsManyParameters(String name, long parameters) {
        assertThat(StateDict.parameterCount(create(name, Map.of()))).isEqualTo(parameters);
    }

    /** timm lists 5.4, which counts two for each value normed as well: 14.36 million come out of its convolutions. */
    @Test
    void computesAsMuchAsTimmLists() {
        Layer network = create("resnest50d", Map.of());
        network.eval();
        Tensor images = random(1, ScalarType.Float, 1, 3, 224, 224).set_requires_grad(true);
        double billions =
                Cost.of(List.of(Kernels.with(Choice.COMPOSED, () -> network.forward(images)))).multiplyAdds() / 1e9
                        + 2e-3 * 14.36;
        assertThat(billions).isCloseTo(5.40, within(0.013));
    }

    @Test
    void anyImagesAndClassesFit() {
        ResNet network = (ResNet) create("resnest14d", Map.of("classes", 5, "input_channels", 1));
        network.eval();
        Tensor images = random(1, ScalarType.Float, 1, 1, 33, 50);
        List<Tensor> stages = network.stages(images);
        assertThat(Tensors.shape(stages.getFirst())).containsExactly(1, 256, 9, 13);
        assertThat(Tensors.shape(stages.getLast())).containsExactly(1, 2048, 2, 2);
        assertThat(stages.getLast().equal(network.features(images))).isTrue();
        assertThat(network.classify(stages.getLast()).equal(network.forward(images))).isTrue();
        network.replaceClassifier(7);
        assertThat(Tensors.shape(network.forward(random(1, ScalarType.Float, 1, 1, 3, 3)))).containsExactly(1, 7);
    }

    @Test
    void computesItsFormula() {
        ResNet network = (ResNet) create("resnest14d", Map.of());
        randomise(network, 3);
        network.to(ScalarType.Double, false);
        network.eval();
        ByKeys n = ByKeys.of(network);
        List<Tensor> stages = network.stages(random(1, ScalarType.Double, 2, 3, 43, 34));
        for (int stage = 2; stage <= 4; stage++) {
            Tensor x = stages.get(stage - 2);
            String block = "layer" + stage + ".0.";
            Tensor y = n.norm(block + "bn1", n.conv(block + "conv1", x, 1, 1)).relu();
            long channels = y.size(1);
            y = n.norm(block + "conv2.bn0", n.conv(block + "conv2.conv", y, 1, 2)).relu();
            Tensor first = y.narrow(1, 0, channels);
            Tensor second = y.narrow(1, channels, channels);
            Tensor pooled = Tensors.spatialMean(first).add(Tensors.spatialMean(second));
            Tensor hidden = n.norm(block + "conv2.bn1", n.conv(block + "conv2.fc1", pooled, 1, 1)).relu();
            Tensor logits = n.conv(block + "conv2.fc2", hidden, 1, 1);
            Tensor ofFirst = logits.narrow(1, 0, channels).sub(logits.narrow(1, channels, channels)).sigmoid();
            y = second.add(first.sub(second).mul(ofFirst)); // a softmax over two is a sigmoid
            y = pooled(y, 3, 1, true);
            y = n.norm(block + "bn3", n.conv(block + "conv3", y, 1, 1));
            Tensor shortcut =
                    n.norm(block + "downsample.2", n.conv(block + "downsample.1", pooled(x, 2, 0, false), 1, 1));
            Tensor expected = y.add(shortcut).relu();
            Tensor ours = stages.get(stage - 1);
            assertThat(magnitude(ours.sub(expected))).isLessThan(1e-10 * magnitude(expected));
        }
    }

    private static Tensor pooled(Tensor x, long kernel, long padding, boolean countsPadding) {
        return torch.avg_pool2d(x, new long[]{kernel, kernel}, new long[]{2, 2}, new long[]{padding, padding},
                padding == 0, countsPadding, new LongOptional());
    }

    @Test
    void everyParameterLearnsAndTheChoiceIsSeen() {
        Layer network = create("resnest14d", Map.of("classes", 3, "attention", "eca"));
        assertThat(network.walk()).containsKeys("layer1.0.se", "layer4.0.se", "layer4.0.conv2");
        StateDict.parameters(network).forEach((key, p) -> {
            if (key.endsWith(".bn3.weight")) {
                assertThat(p.abs().max().item_float()).as(key).isZero();
            }
        });
        randomise(network, 5);
        network.forward(random(1, ScalarType.Float, 3, 3, 40, 56)).mul(random(2, ScalarType.Float, 3, 3)).sum()
                .backward();
        StateDict.parameters(network).forEach(
                (key, p) -> assertThat(p.grad().abs().max().item_float()).as(key).isFinite().isPositive());
        network.eval();
        List<AttentionMap> maps =
                AttentionMaps.during(() -> network.forward(random(1, ScalarType.Float, 1, 3, 40, 56)));
        List<Tensor> gates = maps.stream().filter(map -> map.kind() == Kind.CHANNEL && map.values().size(1) == 64)
                .map(AttentionMap::values).toList();
        assertThat(gates).hasSize(2);
        Tensor both = gates.get(0).add(gates.get(1)); // a choice's weights sum to one
        assertThat(both.min().item_double()).isCloseTo(1, within(1e-6));
        assertThat(both.max().item_double()).isCloseTo(1, within(1e-6));
    }

    @Test
    void whatDoesNotFitIsSaid() {
        assertThatThrownBy(() -> ResNet.split(Config.of(Unit.BASIC, 1, 1, 1, 1)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("must be bottlenecks of one group");
        assertThatThrownBy(() -> create("resnest14d", Map.of("stride", "1x1")))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("stride in the 3x3");
    }

    private static Layer create(String name, Map<String, ?> args) {
        torch.manual_seed(1);
        return Networks.create("timm/" + name, args);
    }
}
