package dev.glimpse.model;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.attention.DaNet.Result;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DualAttentionNetTest {
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /** As osmr/pytorchcv asserts. */
    @ParameterizedTest
    @CsvSource({"danet_resnetd50b, 47586427", "danet_resnetd101b, 66578555"})
    void hasExactlyAsManyParameters(String name, long parameters) {
        assertThat(StateDict.parameterCount(Networks.create(name, Map.of()))).isEqualTo(parameters);
    }

    @Test
    void hasTheAuthorsKeys() {
        assertThat(StateDict.of(network(Map.of())).keySet())
                .contains("pretrained.conv1.6.weight", "pretrained.bn1.running_var", "pretrained.layer4.2.conv3.weight",
                        "pretrained.layer3.0.downsample.1.bias", "head.conv5a.0.weight", "head.conv5c.1.running_mean",
                        "head.sa.query_conv.bias", "head.sa.gamma", "head.sc.gamma", "head.conv52.1.weight",
                        "head.conv6.1.weight", "head.conv7.1.bias", "head.conv8.1.weight")
                .noneMatch(key -> key.contains("fc"));
    }

    @ParameterizedTest
    @CsvSource({"48, 64, 1", "33, 50, 3", "9, 1, 2"})
    void scoresEveryPixelOfAnyImage(long height, long width, long planes) {
        DualAttentionNet network = network(Map.of("classes", 5, "input_channels", planes));
        network.eval();
        Tensor images = random(1, ScalarType.Float, 1, planes, height, width);
        assertThat(Tensors.shape(network.forward(images))).containsExactly(1, 5, height, width);
        List<Tensor> stages = network.stages(images);
        long h = (height + 7) / 8;
        long w = (width + 7) / 8;
        assertThat(stages).hasSize(4);
        assertThat(Tensors.shape(stages.get(0))).containsExactly(1, 256, (height + 3) / 4, (width + 3) / 4);
        assertThat(Tensors.shape(stages.get(1))).containsExactly(1, 512, h, w);
        assertThat(Tensors.shape(stages.get(2))).containsExactly(1, 1024, h, w);
        assertThat(Tensors.shape(stages.get(3))).containsExactly(1, 2048, h, w);
        assertThat(stages.get(3).equal(network.features(images))).isTrue();
        Tensor enlarged = network.classify(stages.get(3));
        assertThat(Tensors.shape(enlarged)).containsExactly(1, 5, 8 * h, 8 * w);
        if (height % 8 == 0 && width % 8 == 0) {
            assertThat(enlarged.equal(network.forward(images))).isTrue();
        }
        network.replaceClassifier(3);
        assertThat(Tensors.shape(network.forward(images))).containsExactly(1, 3, height, width);
    }

    /** A stage of a dilated network sees as far as one that halves: a tap of its convolutions is as many pixels away. */
    @Test
    void theLastStagesAreDilated() {
        DualAttentionNet network = network(Map.of());
        randomise(network, 3);
        network.eval();
        ByKeys n = ByKeys.of(network);
        List<Tensor> stages = network.stages(random(1, ScalarType.Float, 1, 3, 40, 72));
        for (int stage = 3; stage <= 4; stage++) {
            Tensor x = stages.get(stage - 2);
            for (int i = 0; i < (stage == 3 ? 6 : 3); i++) {
                String block = "pretrained.layer" + stage + "." + i + ".";
                long dilation = stage == 3 ? i == 0 ? 1 : 2 : i == 0 ? 2 : 4;
                Tensor y = n.norm(block + "bn1", n.conv(block + "conv1", x, 1, 1)).relu();
                y = n.norm(block + "bn2", n.conv(block + "conv2", y, 1, 1, dilation)).relu();
                y = n.norm(block + "bn3", n.conv(block + "conv3", y, 1, 1));
                Tensor shortcut =
                        i > 0 ? x : n.norm(block + "downsample.1", n.conv(block + "downsample.0", x, 1, 1));
                x = y.add(shortcut).relu();
            }
            Tensor ours = stages.get(stage - 1);
            assertThat(magnitude(ours.sub(x))).isLessThan(1e-5 * magnitude(x));
        }
    }

    @Test
    void everyBranchLearns() {
        DualAttentionNet network = network(Map.of("classes", 4));
        randomise(network, 5); // gammas start at zero, behind which nothing learns at first
        Tensor images = random(1, ScalarType.Float, 2, 3, 32, 40);
        Result result = network.branches(images);
        Tensor loss = result.sum().mul(random(2, ScalarType.Float, 2, 4, 32, 40)).sum()
                .add(result.position().mul(random(3, ScalarType.Float, 2, 4, 32, 40)).sum())
                .add(result.channel().mul(random(4, ScalarType.Float, 2, 4, 32, 40)).sum());
        loss.backward();
        StateDict.parameters(network).forEach((key, p) -> {
            assertThat(p.grad().defined()).as(key).isTrue();
            if (!key.equals("head.sa.key_conv.bias")) { // drops out of the softmax
                assertThat(p.grad().abs().max().item_float()).as(key).isFinite().isPositive();
            }
        });
        network.eval();
        assertThat(network.branches(images).sum().equal(network.forward(images))).isTrue();
    }

    @Test
    void itsOwnAttentionIsSeenAndAnotherStandsInItsBlocks() {
        DualAttentionNet network = network(Map.of("attention", "se", "place", "layer4.*"));
        network.eval();
        assertThat(network.walk()).containsKeys("pretrained.layer4.0.attention", "pretrained.layer4.2.attention")
                .doesNotContainKey("pretrained.layer3.0.attention");
        Tensor images = random(1, ScalarType.Float, 1, 3, 32, 48);
        assertThat(AttentionMaps.during(() -> network.forward(images)))
                .anyMatch(map -> map.kind() == AttentionMaps.Kind.PAIRS
                        && Tensors.shape(map.values())[3] == 4 * 6);
        assertThatThrownBy(() -> network(Map.of("attention", "se", "place", "layer5")))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("no place is called 'layer5'");
        assertThatThrownBy(() -> network(Map.of("classes", 0))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("classes is 0");
    }

    private static DualAttentionNet network(Map<String, ?> args) {
        Layer network = Networks.create("danet_resnetd50b", args);
        return (DualAttentionNet) network;
    }
}
