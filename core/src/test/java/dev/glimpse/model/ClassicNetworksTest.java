package dev.glimpse.model;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Cost;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Tensors;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What holds for every classifier that is no ResNet. Networks are written as users type them, {@code name:key=value}. */
class ClassicNetworksTest {
    /** torchvision's counts; the hidden linear layers, alike in all, are made small. */
    @ParameterizedTest
    @CsvSource({"vgg11, 132863336", "vgg11_bn, 132868840", "vgg13, 133047848", "vgg13_bn, 133053736",
        "vgg16, 138357544", "vgg16_bn, 138365992", "vgg19, 143667240", "vgg19_bn, 143678248"})
    void vggsHaveAsManyParametersAsTheirOriginals(String network, long parameters) {
        assertThat(StateDict.parameterCount(create(network, "hidden", 1)))
                .isEqualTo(parameters - vggHead(4096) + vggHead(1));
    }

    private static long vggHead(long hidden) {
        return (25_088 + 1) * hidden + (hidden + 1) * hidden + (hidden + 1) * 1000;
    }

    /** MobileNets: osmr/imgclsmob's counts, and those that give the CBAM paper's table; the others torchvision's and timm's. */
    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"mobilenet; 4231976", "mobilenet:width=0.75; 2585560",
        "mobilenet:width=0.5; 1331592", "mobilenet:width=0.25; 470072", "mobilenet:attention=se|bias=true; 5072114",
        "mobilenet:attention=se|bias=true,place=*.dw_conv; 4586046",
        "mobilenet:attention=se|bias=true,place=*.pw_conv; 4718044", "mobilenet:attention=cbam; 5074714",
        "mobilenet:width=0.7; 2302106", "mobilenet:width=0.7,attention=se|bias=true; 2708274",
        "mobilenet:width=0.7,attention=cbam; 2710874", "mobilenet_v2; 3504872", "densenet121; 7978856",
        "googlenet; 6624904", "googlenet:aux=true; 13004888", "xception; 22855952"})
    void networksHaveAsManyParametersAsTheirOriginals(String network, long parameters) {
        assertThat(StateDict.parameterCount(create(network))).isEqualTo(parameters);
    }

    /** Thousand millions, as torchvision and the CBAM paper give them; of xception as added up by hand. */
    @ParameterizedTest
    @CsvSource({"vgg11, 224, 7.61", "mobilenet, 224, 0.57", "mobilenet:width=0.7, 224, 0.28",
        "mobilenet_v2, 224, 0.30", "densenet121, 224, 2.83", "googlenet, 224, 1.50", "xception, 299, 8.36"})
    void networksCostAsMuchAsTheirOriginals(String network, long side, String multiplyAdds) {
        try (PointerScope _ = new PointerScope()) {
            Layer layer = create(network);
            layer.eval();
            Tensor scores = layer.forward(random(1, ScalarType.Float, 1, 3, side, side).set_requires_grad(true));
            assertThat(Math.round(Cost.of(List.of(scores)).multiplyAdds() / 1e7))
                    .isEqualTo(Math.round(Double.parseDouble(multiplyAdds) * 100));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"vgg13:hidden=8; 47x65; 64x23x32 128x11x16 256x5x8 512x2x4 512x1x2",
        "vgg11_bn:hidden=8; 33x32; 64x16x16 128x8x8 256x4x4 512x2x2 512x1x1",
        "mobilenet; 33x47; 64x17x24 128x9x12 256x5x6 512x3x3 1024x2x2",
        "mobilenet:width=0.01; 3x1; 1x2x1 1x1x1 3x1x1 5x1x1 10x1x1",
        "mobilenet_v2; 33x47; 16x17x24 24x9x12 32x5x6 96x3x3 1280x2x2",
        "mobilenet_v2:width=0.35; 1x3; 8x1x2 8x1x1 16x1x1 32x1x1 1280x1x1",
        "densenet121; 65x47; 256x17x12 512x8x6 1024x4x3 1024x2x1",
        "densenet121; 29x30; 256x8x8 512x4x4 1024x2x2 1024x1x1",
        "googlenet; 65x47; 192x16x12 480x8x6 832x4x3 1024x2x2", "googlenet; 15x16; 192x4x4 480x2x2 832x1x1 1024x1x1",
        "xception; 65x47; 128x15x11 256x8x6 728x4x3 2048x2x2", "xception; 7x8; 128x1x1 256x1x1 728x1x1 2048x1x1"})
    void imagesOfAnySizeAndChannelsBecomeMapsAndScores(String network, String size, String stages) {
        Layer layer = create(network, "classes", 7, "input_channels", 4);
        layer.eval();
        ImageNetwork parts = (ImageNetwork) layer;
        long[] side = numbers(size);
        try (PointerScope _ = new PointerScope()) {
            Tensor images = random(1, ScalarType.Float, 2, 4, side[0], side[1]);
            List<Tensor> maps = parts.stages(images);
            assertThat(
                    String.join(" ", maps.stream().map(map -> Tensors.shapeText(Tensors.shape(map.get(0)))).toList()))
                    .isEqualTo(stages);
            Tensor features = parts.features(images);
            assertThat(features.equal(maps.getLast())).isTrue();
            Tensor scores = layer.forward(images);
            assertThat(Tensors.shape(scores)).containsExactly(2, 7);
            assertThat(parts.classify(features).equal(scores)).isTrue();
            Tensor one = layer.forward(images.narrow(0, 1, 1));
            assertThat(magnitude(one.sub(scores.narrow(0, 1, 1)))).isLessThan(1e-4 * magnitude(scores));
        }
    }

    @ParameterizedTest
    @CsvSource({"vgg11:hidden=8, 33", "vgg11_bn:hidden=8, 33", "mobilenet, 33", "mobilenet_v2, 33", "densenet121, 33",
        "googlenet, 33", "xception, 33"})
    void everyParameterIsTrained(String network, long side) {
        Layer layer = create(network, "classes", 3, "attention", "cbam:reduction=8");
        try (PointerScope _ = new PointerScope()) {
            Tensor scores = layer.forward(random(1, ScalarType.Float, 3, 3, side, side));
            scores.mul(random(2, ScalarType.Float, 3, 3)).sum().backward();
            StateDict.parameters(layer).forEach((key, parameter) -> {
                assertThat(parameter.grad().defined()).as(key).isTrue();
                assertThat(magnitude(parameter.grad())).as(key).isFinite();
            });
        }
    }

    @ParameterizedTest
    @CsvSource({"vgg11:hidden=8, 32, classifier.6", "mobilenet, 32, output", "mobilenet_v2, 32, classifier.1",
        "densenet121, 32, classifier", "googlenet, 32, fc", "xception, 32, fc"})
    void aNewClassifierLeavesTheRest(String network, long side, String path) {
        Layer layer = create(network);
        layer.eval();
        Map<String, Tensor> before = StateDict.of(layer);
        ((ImageNetwork) layer).replaceClassifier(5);
        Map<String, Tensor> after = StateDict.of(layer);
        assertThat(after).containsOnlyKeys(before.keySet());
        assertThat(Tensors.shape(after.get(path + ".bias"))).containsExactly(5);
        after.forEach((key, value) -> assertThat(value.data_ptr().address() == before.get(key).data_ptr().address())
                .as(key).isEqualTo(!key.startsWith(path + ".")));
        assertThat(layer.walk()).containsKey(path);
        try (PointerScope _ = new PointerScope()) {
            assertThat(Tensors.shape(layer.forward(random(1, ScalarType.Float, 2, 3, side, side))))
                    .containsExactly(2, 5);
        }
    }

    /** How many attentions stand in all blocks, behind all stages, and at a place named. */
    @ParameterizedTest
    @CsvSource({"vgg11:hidden=8, 5, 4, block5, cbam5",
        "mobilenet, 26, 4, features.stage4, cbam4",
        "mobilenet, 26, 4, features.stage3.unit2.dw_conv, features.stage3.unit2.dw_conv.cbam",
        "mobilenet_v2, 17, 4, features.3, features.3.cbam",
        "mobilenet_v2, 17, 4, stage5, cbam5",
        "densenet121, 58, 3, features.denseblock2.denselayer3, features.denseblock2.denselayer3.cbam",
        "densenet121, 58, 3, features.denseblock4, cbam4", "googlenet, 9, 3, inception4d, inception4d.cbam",
        "googlenet, 9, 3, inception4, cbam3", "xception, 12, 3, block12, block12.cbam",
        "xception, 12, 3, stage4, cbam4"})
    void attentionStandsWhereItIsPut(String network, int blocks, int stages, String place, String path) {
        assertThat(attentions(create(network, "attention", "cbam:reduction=8"))).hasSize(blocks);
        assertThat(attentions(create(network, "attention", "cbam:reduction=8", "place", "stages"))).hasSize(stages);
        assertThat(attentions(create(network, "attention", "cbam:reduction=8", "place", place))).containsExactly(path);
        assertThatThrownBy(() -> create(network, "attention", "cbam", "place", "layer1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no place is called 'layer1'; there are blocks, stages, ");
    }

    /** An attention that gives nothing silences what goes through it. */
    @ParameterizedTest
    @CsvSource({"vgg11:hidden=8, block5, 32, 4", "mobilenet, features.stage2, 32, 1",
        "mobilenet_v2, stage1, 32, 0", "mobilenet_v2, stage4, 32, 3",
        "densenet121, features.denseblock1, 32, 0", "densenet121, features.denseblock4, 32, 3",
        "googlenet, conv3, 32, 0",
        "googlenet, inception4e, 32, 2", "googlenet, inception5, 32, 3", "xception, stage3, 32, 2",
        "xception, stage4, 32, 3"})
    void anAttentionBehindAStageWorksOnItsMaps(String network, String place, long side, int stage) {
        Layer layer = silenced(network, place);
        try (PointerScope _ = new PointerScope()) {
            List<Tensor> maps = ((ImageNetwork) layer).stages(random(1, ScalarType.Float, 1, 3, side, side));
            assertThat(magnitude(maps.get(stage))).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"mobilenet_v2, features.3, 24", "xception, block5, 728"})
    void anAttentionInABlockStandsBeforeTheResidual(String network, String path, long channels) {
        Layer block = (Layer) silenced(network, path).walk().get(path);
        try (PointerScope _ = new PointerScope()) {
            Tensor x = random(1, ScalarType.Float, 1, channels, 5, 6);
            assertThat(block.forward(x).equal(x)).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "vgg11:hidden=8, 31, 'vgg: takes images of (images, 3, height, width) of at least 32x32, got 1x3x31x31'",
        "densenet121, 28, 'densenet: takes images of (images, 3, height, width) of at least 29x29, got 1x3x28x28'",
        "googlenet, 14, 'googlenet: takes images of (images, 3, height, width) of at least 15x15, got 1x3x14x14'",
        "xception, 6, 'xception: takes images of (images, 3, height, width) of at least 7x7, got 1x3x6x6'"})
    void imagesThatAreTooSmallAreNamed(String network, long side, String said) {
        Layer layer = create(network);
        assertThatThrownBy(() -> layer.forward(random(1, ScalarType.Float, 1, 3, side, side)))
                .isInstanceOf(IllegalArgumentException.class).hasMessage(said);
    }

    @ParameterizedTest
    @CsvSource({"vgg11, dropout=1, 'vgg: dropout is 1.0'", "vgg16, hidden=0, 'vgg: hidden is 0'",
        "vgg11, classes=0, 'vgg: classes is 0'", "vgg11, input_channels=0, 'vgg: input_channels is 0'",
        "vgg11, depth=3, 'vgg11 has no argument ''depth''; it has hidden, dropout, classes, input_channels, '",
        "mobilenet, width=-1, 'mobilenet: width is -1.0, must be above 0'",
        "mobilenet, classes=0, 'mobilenet: classes is 0'",
        "mobilenet_v2, width=0, 'mobilenet_v2: width is 0.0, must be above 0'",
        "mobilenet_v2, width=NaN, 'not a number'", "mobilenet_v2, classes=0, 'mobilenet_v2: classes is 0'",
        "densenet121, classes=0, 'densenet: classes is 0'", "googlenet, aux=perhaps, 'not true or false'",
        "'googlenet:transform_input=true', input_channels=1, 'googlenet: transform_input is for 3 input_channels, not 1'",
        "xception, input_channels=0, 'xception: input_channels is 0'"})
    void aNetworkNamesTheWrongValue(String network, String argument, String said) {
        String[] parts = argument.split("=");
        assertThatThrownBy(() -> create(network + (network.startsWith("vgg") && !argument.startsWith("hidden")
                ? ":hidden=1"
                : ""), parts[0], parts[1]))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(said);
    }

    /** With an attention at a place, all of whose weights are zero. */
    private static Layer silenced(String network, String place) {
        Layer layer = create(network, "attention", "se:reduction=8,bias=true", "place", place);
        layer.eval();
        StateDict.parameters(layer).forEach((key, parameter) -> {
            if (key.matches("(.*\\.)?attention\\d*\\.fc\\.2\\.bias")) {
                Init.constant(parameter, -1000);
            }
        });
        return layer;
    }

    private static List<String> attentions(Layer network) {
        return network.walk().keySet().stream().filter(key -> key.matches("(.*\\.)?cbam\\d*")).toList();
    }

    /** From {@code name:key=value,key=value}; an attention's own arguments follow a bar. */
    private static Layer create(String text, Object... more) {
        Map<String, Object> args = new LinkedHashMap<>();
        String[] parts = text.split("[:,]");
        for (int i = 1; i < parts.length; i++) {
            String[] pair = parts[i].split("=", 2);
            args.put(pair[0], pair[1].replace('|', ':'));
        }
        for (int i = 0; i < more.length; i += 2) {
            args.put(more[i].toString(), more[i + 1]);
        }
        return Networks.create(parts[0], args);
    }

    private static long[] numbers(String size) {
        return Arrays.stream(size.split("x")).mapToLong(Long::parseLong).toArray();
    }
}
