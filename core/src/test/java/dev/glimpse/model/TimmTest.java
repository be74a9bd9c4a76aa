package dev.glimpse.model;

import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import dev.glimpse.model.ResNet.Config;
import dev.glimpse.model.ResNet.Shortcut;
import dev.glimpse.model.ResNet.Stem;
import dev.glimpse.model.ResNet.Stride;
import dev.glimpse.model.ResNet.Unit;
import dev.glimpse.kernel.Kernels;
import dev.glimpse.kernel.Kernels.Choice;
import dev.glimpse.nn.Cost;
import dev.glimpse.nn.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** timm's networks: its ResNets, its SK-ResNets and the SENets that it calls legacy. */
class TimmTest {
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /** All of timm's, as timm 1.0.29 counts; the plain ones are torchvision's, some others osmr/pytorchcv's as well. */
    @ParameterizedTest
    @CsvSource({"resnet10t, 5435488", "resnet14t, 10081632", "resnet18, 11689512", "resnet18d, 11708744",
        "resnet26, 15995176", "resnet26d, 16014408", "resnet26t, 16011872", "resnet34, 21797672",
        "resnet34d, 21816904", "resnet50, 25557032", "resnet50c, 25576264", "resnet50d, 25576264",
        "resnet50s, 25680808", "resnet50t, 25573728", "resnet101, 44549160", "resnet101d, 44568392",
        "resnet152, 60192808", "resnet152d, 60212040", "resnet200d, 64693064", "resnext50_32x4d, 25028904",
        "resnext50d_32x4d, 25048136", "resnext101_32x4d, 44177704", "resnext101_32x8d, 88791336",
        "resnext101_64x4d, 83455272", "wide_resnet50_2, 68883240", "wide_resnet101_2, 126886696",
        "seresnet18, 11779624", "seresnet34, 21960416", "seresnet50, 28088024", "seresnet50t, 28104720",
        "seresnet101, 49326872", "seresnet152, 66821848", "seresnet152d, 66841080", "seresnext26d_32x4d, 16809512",
        "seresnext26t_32x4d, 16806976", "seresnext50_32x4d, 27559896", "seresnext101_32x4d, 48955416",
        "seresnext101_32x8d, 93569048", "seresnext101d_32x8d, 93588280", "seresnext101_64x4d, 88232984",
        "senet154, 115088984", "ecaresnet26t, 16011916", "ecaresnet50d, 25576350", "ecaresnet50t, 25573814",
        "ecaresnet101d, 44568563", "ecaresnetlight, 30162046", "ecaresnext26t_32x4d, 15406220",
        "skresnet18, 11958056", "skresnet34, 22282376", "skresnet50, 25803160", "skresnet50d, 25822392",
        "skresnext50_32x4d, 27479784", "resnest14d, 10611688", "resnest26d, 17069448", "resnest50d, 27483240",
        "resnest101e, 48275016", "legacy_seresnet18, 11778592", "legacy_seresnet34, 21958868",
        "legacy_seresnet50, 28088024", "legacy_seresnet101, 49326872", "legacy_seresnet152, 66821848",
        "legacy_seresnext26_32x4d, 16790280", "legacy_seresnext50_32x4d, 27559896",
        "legacy_seresnext101_32x4d, 48955416", "legacy_senet154, 115088984", "resnext26ts, 10297952",
        "seresnext26ts, 10388064", "eca_resnext26ts, 10297988", "gcresnext26ts, 10476600", "resnet33ts, 19676256",
        "seresnet33ts, 19779200", "eca_resnet33ts, 19676302", "gcresnet33ts, 19880698", "gcresnet50t, 25897080",
        "gcresnext50ts, 15667320"})
    void networksHaveExactlyAsManyParameters(String name, long parameters) {
        assertThat(parameters(name)).isEqualTo(parameters);
    }

    @Test
    void everyNetworkIsCounted() throws NoSuchMethodException {
        String[] counted = TimmTest.class
                .getDeclaredMethod("networksHaveExactlyAsManyParameters", String.class, long.class)
                .getAnnotation(CsvSource.class).value();
        assertThat(List.of(counted).stream().map(row -> "timm/" + row.substring(0, row.indexOf(','))))
                .containsExactlyElementsOf(
                        Networks.table().keySet().stream().filter(name -> name.startsWith("timm/")).toList());
    }

    /**
     * timm's {@code infer_gmacs} count two for each element that is normed, of which there are {@code infer_macts} millions;
     * from resnet18 on, these were counted from what timm's convolutions give.
     */
    @Tag("slow")
    @ParameterizedTest
    @CsvSource({"seresnet18, 224, 1.82, 2.49", "resnet26t, 256, 3.35, 10.52", "resnet50s, 224, 5.47, 13.52",
        "resnet50c, 224, 4.35, 11.92", "seresnext26d_32x4d, 224, 2.73, 10.19", "ecaresnetlight, 224, 4.11, 8.42",
        "skresnet18, 224, 1.82, 3.24", "skresnet50d, 224, 4.36, 13.31", "skresnext50_32x4d, 224, 4.50, 17.18",
        "legacy_seresnet50, 224, 3.88, 10.60", "legacy_seresnext26_32x4d, 224, 2.49, 9.39",
        "legacy_senet154, 224, 20.77, 38.69",
        "gcresnext26ts, 256, 2.43, 10.53", "gcresnet33ts, 256, 4.76, 11.68", "gcresnet50t, 256, 5.42, 14.67",
        "resnet18, 224, 1.82, 2.48", "resnet34, 224, 3.67, 3.74", "resnet50, 224, 4.11, 11.11",
        "resnet101, 224, 7.83, 16.23", "legacy_seresnet18, 224, 1.82, 2.49", "legacy_seresnet34, 224, 3.67, 3.74",
        "legacy_seresnet101, 224, 7.61, 15.74", "legacy_seresnet152, 224, 11.33, 22.08",
        "seresnet50, 224, 4.11, 11.13", "seresnext50_32x4d, 224, 4.26, 14.42", "ecaresnet26t, 256, 3.35, 10.53",
        "ecaresnet50d, 224, 4.35, 11.93", "gcresnext50ts, 256, 3.75, 15.46", "skresnet34, 224, 3.67, 5.13"})
    void networksComputeAsMuchAsTimmLists(String name, long side, double billions, double millionsNormed) {
        Layer network = create(name, Map.of());
        network.eval();
        Tensor images = random(1, ScalarType.Float, 1, 3, side, side).set_requires_grad(true);
        double ours =
                Cost.of(List.of(Kernels.with(Choice.COMPOSED, () -> network.forward(images)))).multiplyAdds() / 1e9
                        + 2e-3 * millionsNormed;
        assertThat(ours).isCloseTo(billions, within(0.013));
    }

    @Test
    void aSkBlockHasTimmsKeys() {
        String conv1 = "conv1.paths.0.conv.weight conv1.paths.1.conv.weight conv1.attn.fc_reduce.weight "
                + "conv1.attn.fc_select.weight ";
        String norms = norm("conv1.paths.0.bn") + norm("conv1.paths.1.bn") + norm("conv1.attn.bn");
        assertThat(keys("skresnet18", "layer2.0."))
                .isEqualTo(words(conv1 + norms + "conv2.conv.weight " + norm("conv2.bn")
                        + "downsample.0.weight " + norm("downsample.1")));
        assertThat(keys("skresnext50_32x4d", "layer1.1.")).isEqualTo(words("conv1.conv.weight conv3.conv.weight "
                + norm("conv1.bn") + norm("conv3.bn") + (conv1 + norms).replace("conv1.", "conv2.")));
        assertThat(keys("skresnet50d", "layer1.0.downsample.")).isEqualTo(words("1.weight " + norm("2")));
    }

    @Test
    void aLegacyNetworkHasTimmsKeys() {
        String gate = "se_module.fc1.weight se_module.fc1.bias se_module.fc2.weight se_module.fc2.bias ";
        assertThat(keys("legacy_seresnet18", "layer2.1."))
                .isEqualTo(words("conv1.weight conv2.weight " + norm("bn1") + norm("bn2") + gate));
        Map<String, Tensor> state = StateDict.of(create("legacy_senet154", Map.of()));
        Set<String> outside = state.keySet().stream().filter(key -> !key.matches("layer[1-4].*|.*num_batches_tracked"))
                .collect(Collectors.toSet());
        assertThat(outside).isEqualTo(words("layer0.conv1.weight layer0.conv2.weight layer0.conv3.weight "
                + norm("layer0.bn1") + norm("layer0.bn2") + norm("layer0.bn3")
                + "last_linear.weight last_linear.bias"));
        assertThat(Tensors.shape(state.get("layer0.conv3.weight"))).containsExactly(128, 64, 3, 3);
        assertThat(Tensors.shape(state.get("layer2.0.conv1.weight"))).containsExactly(256, 256, 1, 1);
        assertThat(Tensors.shape(state.get("layer2.0.conv2.weight"))).containsExactly(512, 4, 3, 3);
        assertThat(Tensors.shape(state.get("layer2.0.downsample.0.weight"))).containsExactly(512, 256, 3, 3);
        assertThat(Tensors.shape(state.get("layer1.0.downsample.0.weight"))).containsExactly(256, 128, 1, 1);
        assertThat(Tensors.shape(state.get("layer1.0.se_module.fc1.weight"))).containsExactly(16, 256, 1, 1);
    }

    /** Maps of odd sizes, on which the first pool's last windows reach beyond the border. */
    @ParameterizedTest
    @CsvSource({"legacy_seresnet18, 1", "legacy_seresnet50, 1", "legacy_seresnext26_32x4d, 32",
        "'senet154, shallow', 64"})
    void aLegacyNetworkComputesItsFormula(String name, long groups) {
        Layer network = name.equals("senet154, shallow") ? shallowSeNet154() : create(name, Map.of("classes", 5));
        randomise(network, 3);
        network.to(ScalarType.Double, false);
        network.eval();
        Tensor images = random(1, ScalarType.Double, 2, 3, 43, 34);
        ByKeys n = ByKeys.of(network);
        Tensor x = images;
        for (int i = 1; n.has("layer0.conv" + i + ".weight"); i++) {
            x = n.norm("layer0.bn" + i, n.conv("layer0.conv" + i, x, i == 1 ? 2 : 1, 1)).relu();
        }
        x = ByKeys.maxPool(x, 0, true);
        for (int stage = 1; stage <= 4; stage++) {
            for (int i = 0; n.has("layer" + stage + "." + i + ".conv1.weight"); i++) {
                String block = "layer" + stage + "." + i + ".";
                boolean basic = !n.has(block + "conv3.weight");
                boolean early = basic || name.contains("seresnet"); // the stride stands in the first convolution
                long stride = stage > 1 && i == 0 ? 2 : 1;
                Tensor y = n.norm(block + "bn1", n.conv(block + "conv1", x, early ? stride : 1, 1)).relu();
                y = n.norm(block + "bn2", n.conv(block + "conv2", y, early ? 1 : stride, groups));
                y = y.relu(); // before a basic block's gate as well
                if (!basic) {
                    y = n.norm(block + "bn3", n.conv(block + "conv3", y, 1, 1));
                }
                Tensor shortcut = n.has(block + "downsample.0.weight")
                        ? n.norm(block + "downsample.1", n.conv(block + "downsample.0", x, stride, 1))
                        : x;
                x = n.squeezed(block + "se_module", y).add(shortcut).relu();
            }
        }
        assertClose(network.forward(images), n.head("last_linear", x));
    }

    private static Layer shallowSeNet154() {
        return new SeNet(SeNet.gated(new Config(Unit.NARROW_BOTTLENECK, List.of(1, 2), List.of(64L, 128L), 64, 4,
                Stem.WIDE, Shortcut.CONVOLUTION_3X3, Stride.IN_3X3, false, 5, 3, Placement.NONE, Drops.NONE)));
    }

    @ParameterizedTest
    @CsvSource({"skresnet18, true, 1", "skresnet50d, true, 1", "skresnext50_32x4d, false, 32"})
    void aSkNetworkComputesItsFormula(String name, boolean split, long groups) {
        Layer network = create(name, Map.of("classes", 5));
        randomise(network, 3);
        network.to(ScalarType.Double, false);
        network.eval();
        Tensor images = random(1, ScalarType.Double, 2, 3, 43, 34);
        ByKeys n = ByKeys.of(network);
        Tensor x = images;
        if (n.has("conv1.weight")) {
            x = n.conv("conv1", x, 2, 1);
        } else {
            x = n.norm("conv1.1", n.conv("conv1.0", x, 2, 1)).relu();
            x = n.norm("conv1.4", n.conv("conv1.3", x, 1, 1)).relu();
            x = n.conv("conv1.6", x, 1, 1);
        }
        x = ByKeys.maxPool(n.norm("bn1", x).relu(), 1, false);
        for (int stage = 1; stage <= 4; stage++) {
            for (int i = 0; n.has("layer" + stage + "." + i + ".conv2.bn.weight")
                    || n.has("layer" + stage + "." + i + ".conv3.bn.weight"); i++) {
                String block = "layer" + stage + "." + i + ".";
                long stride = stage > 1 && i == 0 ? 2 : 1;
                boolean basic = !n.has(block + "conv3.bn.weight");
                Tensor y = basic ? x : n.norm(block + "conv1.bn", n.conv(block + "conv1.conv", x, 1, 1)).relu();
                y = selected(n, block + (basic ? "conv1." : "conv2."), y, stride, groups, split);
                String last = block + (basic ? "conv2." : "conv3.");
                y = n.norm(last + "bn", n.conv(last + "conv", y, 1, 1));
                Tensor shortcut = x;
                if (n.has(block + "downsample.0.weight")) {
                    shortcut = n.norm(block + "downsample.1", n.conv(block + "downsample.0", x, stride, 1));
                } else if (n.has(block + "downsample.1.weight")) {
                    Tensor pooled = torch.avg_pool2d(x, new long[]{stride, stride}, new long[]{stride, stride},
                            new long[]{0, 0}, true, false, new LongOptional());
                    shortcut = n.norm(block + "downsample.2", n.conv(block + "downsample.1", pooled, 1, 1));
                }
                x = y.add(shortcut).relu();
            }
        }
        assertClose(network.forward(images), n.head("fc", x));
    }

    private static Tensor selected(ByKeys n, String key, Tensor x, long stride, long groups, boolean split) {
        Tensor[] paths = new Tensor[2];
        for (int i = 0; i < 2; i++) {
            long half = x.size(1) / 2;
            Tensor seen = split ? x.narrow(1, i * half, half) : x;
            String path = key + "paths." + i + ".";
            paths[i] = n.norm(path + "bn", n.conv(path + "conv", seen, stride, groups, 1 + i)).relu();
        }
        Tensor pooled = Tensors.spatialMean(paths[0].add(paths[1]));
        Tensor hidden = n.norm(key + "attn.bn", n.conv(key + "attn.fc_reduce", pooled, 1, 1)).relu();
        Tensor logits = n.conv(key + "attn.fc_select", hidden, 1, 1);
        long channels = paths[0].size(1);
        Tensor ofFirst = logits.narrow(1, 0, channels).sub(logits.narrow(1, channels, channels)).sigmoid();
        return paths[0].mul(ofFirst).add(paths[1]).sub(paths[1].mul(ofFirst)); // a softmax over two is a sigmoid
    }

    @ParameterizedTest
    @CsvSource({"gcresnext26ts, 32", "gcresnet50t, 0", "gcresnet33ts, 0"})
    void aByobNetworkComputesItsFormula(String name, long groupWidth) {
        Layer network = create(name, Map.of("classes", 5));
        randomise(network, 3);
        network.to(ScalarType.Double, false);
        network.eval();
        Tensor images = random(1, ScalarType.Double, 2, 3, 43, 34);
        boolean pooled = name.contains("next");
        UnaryOperator<Tensor> act = name.endsWith("50t") ? Tensor::relu : x -> x.mul(x.sigmoid());
        ByKeys n = ByKeys.of(network);
        Tensor x = images;
        for (int i = 1; i <= 3; i++) {
            x = act.apply(n.normed("stem.conv" + i, x, i == 1 || i == 3 && !pooled ? 2 : 1, 1));
        }
        x = pooled ? ByKeys.maxPool(x, 1, false) : x;
        for (int stage = 0; stage < 4; stage++) {
            for (int i = 0; n.has("stages." + stage + "." + i + ".conv1_1x1.conv.weight"); i++) {
                String block = "stages." + stage + "." + i + ".";
                long stride = stage > 0 && i == 0 ? 2 : 1;
                Tensor y = act.apply(n.normed(block + "conv1_1x1", x, 1, 1));
                long groups = groupWidth == 0 ? 1 : y.size(1) / groupWidth;
                y = act.apply(n.normed(block + "conv2_kxk", y, stride, groups));
                Tensor weights = n.conv(block + "attn.conv_attn", y, 1, 1).flatten(2, 3).softmax(2); // (B, 1, N)
                Tensor context = y.flatten(2, 3).mul(weights).sum(2).unsqueeze(2).unsqueeze(3);
                Tensor hidden = n.conv(block + "attn.mlp_add.fc1", context, 1, 1).flatten(1, 3);
                hidden = n.layerNorm(block + "attn.mlp_add.norm", hidden).relu().unsqueeze(2).unsqueeze(3);
                y = y.add(n.conv(block + "attn.mlp_add.fc2", hidden, 1, 1));
                Tensor shortcut =
                        n.has(block + "shortcut.conv.weight") ? n.normed(block + "shortcut", x, stride, 1) : x;
                x = act.apply(n.normed(block + "conv3_1x1", y, 1, 1).add(shortcut));
            }
        }
        if (n.has("final_conv.conv.weight")) {
            x = act.apply(n.normed("final_conv", x, 1, 1));
        }
        assertClose(network.forward(images), n.head("head.fc", x));
    }

    @Test
    void aByobNetworkHasTimmsKeys() {
        assertThat(keys("gcresnet33ts", "stages.1.0.")).isEqualTo(words(normed("conv1_1x1") + normed("conv2_kxk")
                + normed("conv3_1x1") + normed("shortcut") + "attn.conv_attn.weight attn.conv_attn.bias "
                + "attn.mlp_add.fc1.weight attn.mlp_add.fc1.bias attn.mlp_add.norm.weight attn.mlp_add.norm.bias "
                + "attn.mlp_add.fc2.weight attn.mlp_add.fc2.bias"));
        assertThat(keys("seresnext26ts", "stem."))
                .isEqualTo(words(normed("conv1") + normed("conv2") + normed("conv3")));
        assertThat(keys("resnet33ts", "final_conv.")).isEqualTo(words(normed("").replace(" .", " ").substring(1)));
        assertThat(keys("gcresnet50t", "head.")).isEqualTo(words("fc.weight fc.bias"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"resnet26t", "seresnet18", "ecaresnetlight", "skresnet18", "legacy_seresnet18",
        "legacy_seresnext26_32x4d", "gcresnext26ts", "eca_resnet33ts"})
    void anyImagesAndClassesFit(String name) {
        Layer network = create(name, Map.of("classes", 5, "input_channels", 1));
        ImageNetwork parts = (ImageNetwork) network;
        network.eval();
        long last = name.contains("18") ? 512 : name.contains("33") ? 1280 : 2048;
        Tensor images = random(1, ScalarType.Float, 1, 1, 33, 50);
        List<Tensor> stages = parts.stages(images);
        assertThat(stages).hasSize(4);
        assertThat(Tensors.shape(stages.getFirst())).containsExactly(1, name.contains("33") ? 256 : last / 8,
                name.startsWith("legacy") ? 8 : 9,
                name.startsWith("legacy") ? 12 : 13);
        assertThat(Tensors.shape(stages.getLast())).containsExactly(1, last, name.startsWith("legacy") ? 1 : 2, 2);
        assertThat(stages.getLast().equal(parts.features(images))).isTrue();
        assertThat(parts.classify(stages.getLast()).equal(network.forward(images))).isTrue();
        parts.replaceClassifier(7);
        assertThat(Tensors.shape(network.forward(images))).containsExactly(1, 7);
        assertThat(Tensors.shape(network.forward(random(1, ScalarType.Float, 1, 1, 3, 3)))).containsExactly(1, 7);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ecaresnet26t", "seresnet18", "skresnet18", "legacy_seresnet18", "gcresnext26ts"})
    void everyParameterLearns(String name) {
        Layer network = create(name, Map.of("classes", 3));
        randomise(network, 5); // a block that starts as its shortcut learns nothing but its last norm at first
        Tensor images = random(1, ScalarType.Float, 3, 3, 40, 56);
        network.forward(images).mul(random(2, ScalarType.Float, 3, 3)).sum().backward();
        StateDict.parameters(network).forEach(
                (key, p) -> assertThat(p.grad().abs().max().item_float()).as(key).isFinite().isPositive());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            seresnet18        | cbam                | se.ChannelGate.mlp.1.weight
            resnet18          | se                  | se.fc.0.weight
            ecaresnet26t      | se-timm:rd_ratio=.5 | se.fc1.weight
            skresnet18        | eca                 | se.conv.weight
            legacy_seresnet18 | eca                 | se_module.conv.weight
            gcresnext26ts     | se                  | attn.fc.0.weight
            """)
    void anotherAttentionHasTheSameKey(String name, String attention, String key) {
        Layer network = create(name, Map.of("attention", attention, "classes", 2));
        String stages = key.startsWith("attn") ? "stages." : "layer";
        for (int stage = 1; stage <= 3; stage++) {
            assertThat(StateDict.of(network).keySet()).contains(stages + stage + ".0." + key,
                    stages + stage + ".1." + key);
        }
        network.eval();
        assertThat(Tensors.shape(network.forward(random(1, ScalarType.Float, 1, 3, 32, 32)))).containsExactly(1, 2);
    }

    @Test
    void attentionMayStandElsewhereOrBeLeftOut() {
        assertThat(gates(create("seresnet18", Map.of("attention", "none")))).isEmpty();
        assertThat(gates(create("legacy_seresnet18", Map.of("attention", "none")))).isEmpty();
        assertThat(gates(create("seresnet18", Map.of("place", "layer3.1+layer4"))))
                .containsExactlyInAnyOrder("layer3.1.se", "se4");
        assertThat(gates(create("legacy_seresnet18", Map.of("place", "layer1.0"))))
                .containsExactly("layer1.0.se_module");
        assertThat(gates(create("skresnet18", Map.of("attention", "se-timm", "place", "layer2.*"))))
                .containsExactlyInAnyOrder("layer2.0.se", "layer2.1.se");
        assertThat(gates(create("gcresnext26ts", Map.of("place", "stages.1.*+stages.3"))))
                .containsExactlyInAnyOrder("stages.1.0.attn", "stages.1.1.attn", "attn4");
        assertThat(StateDict.of(create("seresnet18", Map.of("start", "identity")))).containsKey("layer1.0.se.alpha");
    }

    @Test
    void blocksStartAsTheirShortcuts() {
        StateDict.parameters(create("seresnet18", Map.of())).forEach((key, p) -> {
            if (key.matches("layer.*\\.bn\\d\\.weight")) {
                assertThat(p.abs().max().item_float()).as(key).isEqualTo(key.contains(".bn2.") ? 0 : 1);
            }
        });
        StateDict.parameters(create("resnet26", Map.of())).forEach((key, p) -> {
            if (key.endsWith(".bn3.weight")) {
                assertThat(p.abs().max().item_float()).as(key).isZero();
            }
        });
        StateDict.parameters(create("seresnext26ts", Map.of())).forEach((key, p) -> {
            if (key.endsWith(".bn.weight")) {
                assertThat(p.abs().max().item_float()).as(key).isEqualTo(key.contains(".conv3_1x1.") ? 0 : 1);
            }
        });
        StateDict.parameters(create("skresnet18", Map.of())).forEach((key, p) -> {
            if (key.endsWith(".bn.weight")) {
                assertThat(p.min().item_float()).as(key).isOne();
            }
        });
        StateDict.parameters(new ResNet(Config.of(Unit.BASIC, 1, 1, 1, 1))).forEach((key, p) -> {
            if (key.endsWith(".bn2.weight")) {
                assertThat(p.min().item_float()).as(key).isOne();
            }
        });
    }

    /** As timm's own initialiser has it: every convolution's variance is 2 over what goes out. */
    @Test
    void convolutionsStartAsInTimm() {
        for (String name : List.of("seresnet18", "skresnet18", "legacy_seresnet18")) {
            Map<String, Tensor> parameters = new LinkedHashMap<>(StateDict.parameters(create(name, Map.of())));
            parameters.keySet().removeIf(key -> !key.startsWith("layer4"));
            parameters.values().removeIf(p -> p.dim() != 4 || p.numel() < 10000);
            assertThat(parameters).hasSizeGreaterThan(8);
            parameters.forEach((key, p) -> {
                double fanOut = p.size(0) * p.size(2) * p.size(3);
                assertThat(p.detach().std(true).item_float()).as(name + " " + key)
                        .isCloseTo((float) Math.sqrt(2 / fanOut), within((float) (0.03 * Math.sqrt(2 / fanOut))));
            });
        }
    }

    @Test
    void aLegacyNetworkDropsInTrainingAlone() {
        Layer network = create("legacy_seresnet18", Map.of("classes", 4));
        Tensor features = random(1, ScalarType.Float, 2, 512, 3, 3);
        ImageNetwork parts = (ImageNetwork) network;
        assertThat(parts.classify(features).equal(parts.classify(features))).isFalse();
        network.eval();
        assertThat(parts.classify(features).equal(parts.classify(features))).isTrue();
        assertThatThrownBy(() -> network.forward(random(1, ScalarType.Float, 1, 3, 5, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("senet: images are 5x2, must be 3x3 or larger, since the first pool has no padding");
    }

    @Test
    void stemsForSmallImages() {
        for (String name : List.of("seresnet18", "skresnet18", "legacy_seresnet18")) {
            Layer network = create(name, Map.of("stem", "cifar", "classes", 10));
            network.eval();
            Tensor features = ((ImageNetwork) network).features(random(1, ScalarType.Float, 1, 3, 16, 16));
            assertThat(Tensors.shape(features)).as(name).containsExactly(1, 512, 2, 2);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            textBlock = """
                    seresnet18        | stem  | vgg         | timm/seresnet18: stem is 'vgg'; known: imagenet, cifar, deep, tiered, wide
                    seresnet18        | depth | 3           | has no argument 'depth'; it has stem, stride, drop_path, dropout, classes, input_channels, attention, place, start
                    resnet18          | place | layer1      | place is set, but no attention to put there
                    legacy_seresnet18 | place | layer9      | no place is called 'layer9'
                    skresnet50        | stride | 2x2        | stride is '2x2'; known: 3x3, 1x1
                    """)
    void whatIsWrongIsSaid(String name, String argument, String value, String said) {
        assertThatThrownBy(() -> create(name, Map.of(argument, value))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(said);
    }

    private static Layer create(String name, Map<String, ?> args) {
        torch.manual_seed(1);
        return Networks.create("timm/" + name, args);
    }

    private static long parameters(String name) {
        return StateDict.parameterCount(create(name, Map.of()));
    }

    private static Set<String> gates(Layer network) {
        return network.walk().keySet().stream()
                .filter(path -> path.matches("(layer[^.]*\\.\\d\\.)?se(_module)?\\d?|(stages\\.\\d\\.\\d\\.)?attn\\d?"))
                .collect(Collectors.toSet());
    }

    private static Set<String> keys(String name, String prefix) {
        return StateDict.of(create(name, Map.of())).keySet().stream()
                .filter(key -> key.startsWith(prefix) && !key.endsWith("num_batches_tracked"))
                .map(key -> key.substring(prefix.length())).collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> words(String text) {
        return new TreeSet<>(List.of(text.strip().split(" +")));
    }

    private static String norm(String key) {
        return "%1$s.weight %1$s.bias %1$s.running_mean %1$s.running_var ".formatted(key);
    }

    private static String normed(String key) {
        return key + ".conv.weight " + norm(key + ".bn");
    }

    private static void assertClose(Tensor ours, Tensor expected) {
        assertThat(Tensors.shape(ours)).isEqualTo(Tensors.shape(expected));
        double largest = expected.abs().max().item_double();
        assertThat(largest).isPositive();
        assertThat(ours.sub(expected).abs().max().item_double()).isLessThan(1e-10 * largest);
    }
}
