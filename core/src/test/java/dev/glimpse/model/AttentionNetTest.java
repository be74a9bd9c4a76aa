package dev.glimpse.model;

import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Layer;
import dev.glimpse.attention.SkTimm;
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
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The networks that the authors of a paper on attention published, and ResNets with their attention. */
class AttentionNetTest {
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /**
     * As osmr/pytorchcv asserts for senet154 and sknet; FcaNet's are those of squeeze-and-excitation without biases, since
     * its filters are no parameters; ECA adds its kernels: 44, 72, 80, 157 and 234 taps.
     */
    @ParameterizedTest
    @CsvSource({"senet154, 115088984", "sknet50, 27479784", "sknet101, 48736040", "fcanet34, 21954856",
        "fcanet50, 28071976", "fcanet101, 49292328", "fcanet152, 66770984", "ecanet18, 11689556", "ecanet34, 21797744",
        "ecanet50, 25557112", "ecanet101, 44549317", "ecanet152, 60193042"})
    void networksHaveAsManyParametersAsTheirOriginals(String name, long parameters) {
        assertThat(StateDict.parameterCount(Networks.create(name, Map.of()))).isEqualTo(parameters);
    }

    /** As osmr/pytorchcv asserts for SE and BAM; the rest follows from the modules' own counts. */
    @ParameterizedTest
    @CsvSource({"resnet18, se:bias=true, 11778592", "resnet34, se:bias=true, 21958868",
        "resnet50, se:bias=true, 28088024", "resnet101, se:bias=true, 49326872", "resnet152, se:bias=true, 66821848",
        "resnext50_32x4d, se:bias=true, 27559896", "resnext101_32x4d, se:bias=true, 48955416",
        "resnext101_64x4d, se:bias=true, 88232984", "resnet18, bam, 11712503", "resnet34, bam, 21820663",
        "resnet50, bam, 25915099", "resnet101, bam, 44907227", "resnet152, bam, 60550875", "resnet50, se, 28071976",
        "resnet50, cbam-timm, 28073576", "resnet50, gc, 28105032", "wide_resnet18_1.5, se:bias=true, 26074716",
        "wide_resnet18_2, se:bias=true, 45970456"})
    void resNetsWithAttentionHaveAsManyParameters(String name, String attention, long parameters) {
        assertThat(StateDict.parameterCount(Networks.create(name, Map.of("attention", attention))))
                .isEqualTo(parameters);
    }

    /** As in FcaNet's paper, where a norm's element counts twice: see {@link TimmTest}. */
    @ParameterizedTest
    @CsvSource({"fcanet34, 3.68, 3.74", "fcanet50, 4.13, 11.11"})
    void networksComputeAsMuchAsTheirPaperSays(String name, double billions, double millionsNormed) {
        Layer network = Networks.create(name, Map.of());
        network.eval();
        Tensor images = random(1, ScalarType.Float, 1, 3, 224, 224).set_requires_grad(true);
        double ours =
                Cost.of(List.of(Kernels.with(Choice.COMPOSED, () -> network.forward(images)))).multiplyAdds() / 1e9
                        + 2e-3 * millionsNormed;
        assertThat(ours).isCloseTo(billions, within(0.02));
    }

    @ParameterizedTest
    @CsvSource({"fcanet34, att, dct_layer.weight fc.0.weight fc.2.weight",
        "fcanet50, att, dct_layer.weight fc.0.weight fc.2.weight", "ecanet50, eca, conv.weight"})
    void keysAreTheAuthors(String name, String key, String inside) {
        Map<String, Tensor> state = StateDict.of(Networks.create(name, Map.of()));
        String prefix = "layer3.2." + key + ".";
        assertThat(state.keySet().stream().filter(k -> k.startsWith(prefix)).map(k -> k.substring(prefix.length())))
                .containsExactlyInAnyOrder(inside.split(" "));
    }

    /** The sides are those of an image of 224 pixels at each stage, whatever the width of the block's end. */
    @Test
    void filtersAreSizedByStage() {
        for (String name : List.of("fcanet34", "fcanet50")) {
            long expansion = name.equals("fcanet34") ? 1 : 4;
            Map<String, Tensor> state = StateDict.of(Networks.create(name, Map.of()));
            Map<String, Tensor> halved = StateDict.of(Networks.create(name, Map.of("attention", "fca:reduction=8")));
            Map<String, Tensor> given =
                    StateDict.of(Networks.create(name, Map.of("attention", "fca:height=16,width=14")));
            for (int stage = 0; stage < 4; stage++) {
                String key = "layer" + (stage + 1) + ".1.att.";
                long channels = expansion * 64 << stage;
                long side = 56 >> stage;
                assertThat(Tensors.shape(state.get(key + "dct_layer.weight"))).containsExactly(channels, side, side);
                assertThat(Tensors.shape(halved.get(key + "dct_layer.weight"))).containsExactly(channels, side, side);
                assertThat(Tensors.shape(halved.get(key + "fc.0.weight"))).containsExactly(channels / 8, channels);
                assertThat(Tensors.shape(given.get(key + "dct_layer.weight"))).containsExactly(channels, 16, 14);
            }
        }
    }

    @Test
    void kernelsAreSizedByStage() {
        assertThat(kernels("ecanet18", "eca")).containsExactly(3L, 5L, 7L, 7L);
        assertThat(kernels("ecanet34", "eca")).containsExactly(3L, 3L, 5L, 7L);
        assertThat(kernels("ecanet50", "eca")).containsExactly(3L, 5L, 5L, 7L);
        assertThat(kernels("ecanet101", "eca")).containsExactly(3L, 3L, 5L, 7L);
        assertThat(kernels("ecanet50", "eca:kernel=9")).containsExactly(9L, 9L, 9L, 9L);
        assertThat(kernels("ecanet50", "ceca:kernel=5")).containsExactly(5L, 5L, 5L, 5L);
    }

    private static List<Long> kernels(String name, String attention) {
        Map<String, Tensor> state = StateDict.of(Networks.create(name, Map.of("attention", attention)));
        return List.of(1, 2, 3, 4).stream().map(i -> state.get("layer" + i + ".1.eca.conv.weight").size(2)).toList();
    }

    @ParameterizedTest
    @CsvSource({"fcanet34, 512", "ecanet18, 512", "sknet50, 2048"})
    void anyImagesAndClassesFit(String name, long channels) {
        Layer network = Networks.create(name, Map.of("classes", 4, "input_channels", 2));
        network.eval();
        ImageNetwork parts = (ImageNetwork) network;
        Tensor images = random(1, ScalarType.Float, 1, 2, 65, 34);
        List<Tensor> stages = parts.stages(images);
        assertThat(Tensors.shape(stages.get(1))).containsExactly(1, channels / 4, 9, 5);
        assertThat(Tensors.shape(stages.getLast())).containsExactly(1, channels, 3, 2);
        Tensor scores = network.forward(images);
        assertThat(scores.equal(parts.classify(parts.features(images)))).isTrue();
        parts.replaceClassifier(9);
        assertThat(Tensors.shape(network.forward(images))).containsExactly(1, 9);
        network.train(true);
        network.forward(random(2, ScalarType.Float, 2, 2, 33, 40)).sum().backward();
        assertThat(StateDict.parameters(network).get("conv1.weight").grad().abs().max().item_float()).isPositive();
    }

    /** One structure under two names; timm's block keys are the only ones that SKNet has in PyTorch. */
    @Test
    void skNet50IsTimms() {
        Map<String, long[]> ours = StateDict.shapes(StateDict.of(Networks.create("sknet50", Map.of())));
        Map<String, long[]> timms =
                StateDict.shapes(StateDict.of(Networks.create("timm/skresnext50_32x4d", Map.of())));
        StateDict.requireFit(ours, timms);
        assertThat(StateDict.of(Networks.create("sknet50", Map.of("attention", "eca", "classes", 2))))
                .containsKey("layer1.0.attention.conv.weight");
    }

    @Test
    void aGatedNetworkIsBuiltWithoutTheTable() {
        Config small = new Config(Unit.NARROW_BOTTLENECK, List.of(1, 1), List.of(32L, 64L), 2, 32, ResNet.Stem.WIDE,
                ResNet.Shortcut.CONVOLUTION_3X3, ResNet.Stride.IN_3X3, false, 3, 1, Placement.NONE, Drops.NONE);
        torch.manual_seed(1);
        SeNet network = new SeNet(SeNet.gated(small));
        randomise(network, 2);
        network.eval();
        assertThat(network.walk()).containsKeys("layer1.0.se_module.fc1", "layer2.0.se_module.fc2", "layer0.relu3");
        assertThat(Tensors.shape(network.forward(random(1, ScalarType.Float, 1, 1, 20, 9)))).containsExactly(1, 3);
        assertThatThrownBy(() -> ResNet.selective(small, SkTimm.Config.DEFAULT))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("no narrow bottleneck");
        SeNet plain = new SeNet(small);
        assertThat(plain.walk()).doesNotContainKey("layer1.0.se_module");
    }
}
