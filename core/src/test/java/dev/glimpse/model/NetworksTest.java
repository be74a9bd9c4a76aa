package dev.glimpse.model;

import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.Attentions;
import dev.glimpse.attention.Attentions.Slot;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetworksTest {
    /** Channels, the authors' CBAM, timm's. */
    @ParameterizedTest
    @CsvSource({"32, 262, 228", "64, 680, 612", "128, 2284, 2148", "256, 8564, 8292", "512, 33412, 32868",
        "1024, 132260, 131172", "2048, 526564, 524388"})
    void cbamsHaveAsManyParametersAsTheirOriginals(long channels, long authors, long timm) {
        assertThat(parameters("cbam", channels)).isEqualTo(authors);
        assertThat(parameters("cbam:spatial=false", channels)).isEqualTo(authors - 100);
        assertThat(parameters("cbam-timm", channels)).isEqualTo(timm);
        assertThat(parameters("cbam-plain", channels)).isEqualTo(2 * channels * (channels / 16) + 98);
        assertThat(parameters("cbam-plain:spatial_bias=true,kernel=3", channels))
                .isEqualTo(2 * channels * (channels / 16) + 19);
        long hidden = channels / 16;
        assertThat(parameters("cbam-independent", channels))
                .isEqualTo(2 * (2 * channels * hidden + 2 * hidden + 2 * channels) + 4770);
    }

    @ParameterizedTest
    @CsvSource({"resnet50, none, 25557032", "resnet101, none, 44549160", "resnet152, none, 60192808",
        "resnet50, cbam, 28089624", "resnet101, cbam, 49330172", "resnet152, cbam, 66826848",
        "resnext50_32x4d, none, 25028904", "resnext101_32x4d, none, 44177704", "wide_resnet18_1.5, none, 25875816",
        "wide_resnet18_1.5, cbam, 26075516", "wide_resnet18_2, none, 45618216", "wide_resnet18_2, cbam, 45971256",
        "resnext50_32x4d, cbam, 27561496", "resnext101_32x4d, cbam, 48958716", "resnext101_32x8d, none, 88791336",
        "wide_resnet50_2, none, 68883240", "resnext101_64x4d, none, 83455272", "resnet18, none, 11689512",
        "resnet34, none, 21797672", "resnet18, cbam, 11779392",
        "resnet34, cbam, 21960468", "white-patch, none, 53857", "white-patch, mha2d, 58017",
        "white-patch, cbam, 54119", "white-patch, cbam:spatial=false, 54019", "white-patch, conv1d-mha, 72897"})
    void networksHaveAsManyParametersAsTheirOriginals(String name, String attention, long parameters) {
        Layer network = Networks.create(name, Map.of("attention", attention));
        assertThat(StateDict.parameterCount(network)).isEqualTo(parameters);
    }

    @Test
    void theSpatialGateStartsAtOneHalf() {
        for (Layer network : List.of(Networks.create("resnet18", Map.of("attention", "cbam")),
                Attentions.slot("cbam").create(64))) {
            Map<String, Tensor> weights = StateDict.parameters(network);
            weights.keySet().removeIf(key -> !key.endsWith("SpatialGate.spatial.bn.weight"));
            assertThat(weights).hasSize(network instanceof ResNet ? 8 : 1);
            weights.forEach((key, weight) -> assertThat(Tensors.toFloats(weight)).as(key).containsExactly(0));
        }
        Layer cbam = Attentions.slot("cbam").create(64);
        Layer channelGate = (Layer) cbam.parts().get("ChannelGate");
        Tensor x = random(1, ScalarType.Float, 2, 64, 5, 5);
        assertThat(cbam.forward(x).equal(channelGate.forward(x).mul(Tensors.of(new float[]{0.5f}, 1)))).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"resnet18, 3, 64, 2, 2", "resnet34, 1, 50, 2, 2"})
    void aResNetGivesScores(String name, long planes, long side, long featureSide, long batch) {
        Layer network = Networks.create(name, Map.of("attention", "cbam:reduction=8", "classes", 7, "input_channels",
                planes));
        network.eval();
        try (PointerScope _ = new PointerScope()) {
            Tensor images = random(1, ScalarType.Float, batch, planes, side, side);
            Tensor features = ((ImageNetwork) network).features(images);
            assertThat(Tensors.shape(features)).containsExactly(batch, 512, featureSide, featureSide);
            Tensor scores = network.forward(images);
            assertThat(Tensors.shape(scores)).containsExactly(batch, 7);
            assertThat(scores.equal(((ImageNetwork) network).classify(features))).isTrue();
        }
    }

    @Test
    void theStemForSmallImagesKeepsTheirSize() {
        Layer network = Networks.create("resnet18", Map.of("stem", "cifar", "classes", 10));
        network.eval();
        assertThat(network.parts()).doesNotContainKey("maxpool");
        Tensor features = ((ImageNetwork) network).features(random(1, ScalarType.Float, 1, 3, 16, 16));
        assertThat(Tensors.shape(features)).containsExactly(1, 512, 2, 2);
    }

    @ParameterizedTest
    @CsvSource({"none", "mha2d", "cbam", "conv1d-mha"})
    void aWhitePatchNetGivesAScore(String attention) {
        Layer network = Networks.create("white-patch", Map.of("attention", attention));
        try (PointerScope _ = new PointerScope()) {
            assertThat(Tensors.shape(network.forward(random(1, ScalarType.Float, 2, 3, 24, 24)))).containsExactly(2, 1);
        }
    }

    @Test
    void oneSeedGivesOneNetwork() {
        torch.manual_seed(5);
        Layer first = Networks.create("white-patch", Map.of("attention", "cbam"));
        torch.manual_seed(5);
        Layer second = Networks.create("white-patch", Map.of("attention", "cbam"));
        Map<String, Tensor> others = StateDict.of(second);
        StateDict.of(first).forEach((key, value) -> assertThat(value.equal(others.get(key))).as(key).isTrue());
    }

    @Test
    void aModuleFromOutsidePlugsIn() {
        Slot mine = new Slot("mine", _ -> new Layer() {
            @Override
            public Tensor forward(Tensor x) {
                return x.neg();
            }
        });
        ResNet network =
                new ResNet(ResNet.Config.of(ResNet.Unit.BASIC, 1, 1, 1, 1).withAttention(Placement.inBlocks(mine)));
        assertThat(network.walk()).containsKeys("layer1.0.mine", "layer4.0.mine", "layer2.0.downsample.1");
    }

    @ParameterizedTest
    @CsvSource({"classes=0, 'resnet: classes is 0'", "input_channels=0, 'input_channels is 0'",
        "stem=vgg, 'stem is ''vgg''; known: imagenet, cifar, deep, tiered'",
        "attention=cbam:reduction=65, reduction=65",
        "attention=cbum, 'no attention is called ''cbum''; known: cbam, '", "attention=mha, 'fits no slot'",
        "attention=cbam:kernel=3, 'cbam has no argument ''kernel'''",
        "depth=18, 'resnet18 has no argument ''depth''; it has stem, stride, drop_path, dropout, classes, input_channels, attention, place, start'"})
    void aNetworkNamesTheWrongValue(String argument, String said) {
        int equals = argument.indexOf('=');
        assertThatThrownBy(() -> Networks.create("resnet18",
                Map.of(argument.substring(0, equals), argument.substring(equals + 1))))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(said);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            resnet          | resnet18, resnet34, resnet50, resnet101, resnet152,
            wideresnet      | wide_resnet50_2, wide_resnet18_1.5, wide_resnet18_2,
            timm/seresnet19 | timm/seresnet18, timm/seresnet101, timm/seresnet152, timm/seresnet152d, timm/seresnet34,
            ''              | resnet18, resnet34,
            """)
    void anUnknownNetworkListsThoseThatBeginAlike(String name, String first) {
        int others = Networks.table().size() - 12;
        assertThatThrownBy(() -> Networks.create(name, Map.of())).isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("no network is called '" + name + "'; known: " + first)
                .hasMessageEndingWith(" and " + others + " more").message().hasSizeLessThan(400);
    }

    private static long parameters(String attention, long channels) {
        return StateDict.parameterCount(Attentions.slot(attention).create(channels));
    }
}
