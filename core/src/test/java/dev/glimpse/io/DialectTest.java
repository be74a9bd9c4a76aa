package dev.glimpse.io;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.Layer;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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

class DialectTest {
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /** A network's own attention, timm's form of it, and the arguments under which timm's form can hold its weights. */
    @ParameterizedTest
    @CsvSource({"cbam, cbam-timm:mlp_bias=true", "se, se-timm:rd_divisor=1", "se:bias=true, se-timm:rd_divisor=1",
        "se-timm, se-timm", "eca, eca"})
    void weightsGoToTimmsFormAndComputeTheSame(String ours, String timms) {
        Layer network = Networks.create("resnet18", Map.of("attention", ours, "classes", 10));
        randomise(network, 3);
        network.eval();
        Map<String, Tensor> theirs = Dialect.TIMM.fromGlimpse(StateDict.of(network));
        assertThat(theirs.keySet()).noneMatch(key -> key.contains("cbam") || key.contains("attention"))
                .anyMatch(key -> key.startsWith("layer1.0.se."));
        Layer other = Networks.create("resnet18", Map.of("attention", timms, "classes", 10));
        StateDict.load(other, Dialect.TIMM.toGlimpse(theirs));
        other.eval();
        Tensor images = random(1, ScalarType.Float, 2, 3, 64, 64);
        Tensor expected = network.forward(images);
        assertThat(magnitude(other.forward(images).sub(expected))).isLessThan(1e-4 * magnitude(expected));
    }

    /** The keys as timm's EfficientNet registers them for mobilenetv2_100, in the order in which torchvision has the same. */
    @Test
    void mobileNetsNamesAreTimms() {
        List<String> theirs = new ArrayList<>(List.of("conv_stem.weight"));
        theirs.addAll(norm("bn1"));
        int[] blocks = {1, 2, 3, 4, 3, 3, 1};
        for (int stage = 0; stage < blocks.length; stage++) {
            for (int i = 0; i < blocks[stage]; i++) {
                List<String> convs =
                        stage == 0 ? List.of("conv_dw", "conv_pw") : List.of("conv_pw", "conv_dw", "conv_pwl");
                for (String conv : convs) {
                    String block = "blocks." + stage + "." + i + ".";
                    theirs.add(block + conv + ".weight");
                    theirs.addAll(norm(block + "bn" + (convs.indexOf(conv) + 1)));
                }
            }
        }
        theirs.add("conv_head.weight");
        theirs.addAll(norm("bn2"));
        theirs.addAll(List.of("classifier.weight", "classifier.bias"));
        assertThat(theirs).hasSize(262);
        List<String> torchvisions = new ArrayList<>(List.of("features.0.0.weight"));
        torchvisions.addAll(norm("features.0.1"));
        for (int number = 1; number <= 17; number++) {
            String conv = "features." + number + ".conv.";
            for (int i = 0; i < (number == 1 ? 1 : 2); i++) {
                torchvisions.add(conv + i + ".0.weight");
                torchvisions.addAll(norm(conv + i + ".1"));
            }
            torchvisions.add(conv + (number == 1 ? 1 : 2) + ".weight");
            torchvisions.addAll(norm(conv + (number == 1 ? 2 : 3)));
        }
        torchvisions.add("features.18.0.weight");
        torchvisions.addAll(norm("features.18.1"));
        torchvisions.addAll(List.of("classifier.1.weight", "classifier.1.bias"));
        Map<String, Tensor> ours = new LinkedHashMap<>();
        Map<String, Tensor> state = StateDict.of(Networks.create("mobilenet_v2", Map.of("width", 0.35)));
        state.keySet().removeIf(key -> key.endsWith("num_batches_tracked"));
        torchvisions.forEach(key -> ours.put(key, state.get(key)));
        assertThat(ours.keySet()).containsExactlyInAnyOrderElementsOf(state.keySet());
        Map<String, Tensor> translated = Dialect.TIMM.fromGlimpse(ours);
        assertThat(translated.keySet()).containsExactlyElementsOf(theirs);
        Map<String, Tensor> back = Dialect.TIMM.toGlimpse(translated);
        assertThat(back.keySet()).containsExactlyElementsOf(torchvisions);
        back.forEach((key, value) -> assertThat(value).as(key).isSameAs(ours.get(key)));
    }

    @Test
    void vggsHeadIsMadeOfConvolutionsInTimm() {
        Map<String, Tensor> ours = new LinkedHashMap<>();
        for (String key : List.of("features.0.weight", "features.0.bias")) {
            ours.put(key, random(1, ScalarType.Float, 4));
        }
        ours.put("classifier.0.weight", random(2, ScalarType.Float, 5, 3 * 49));
        ours.put("classifier.0.bias", random(3, ScalarType.Float, 5));
        ours.put("classifier.3.weight", random(4, ScalarType.Float, 5, 5));
        ours.put("classifier.3.bias", random(5, ScalarType.Float, 5));
        ours.put("classifier.6.weight", random(6, ScalarType.Float, 2, 5));
        ours.put("classifier.6.bias", random(7, ScalarType.Float, 2));
        Map<String, Tensor> theirs = Dialect.TIMM.fromGlimpse(ours);
        assertThat(theirs.keySet()).containsExactly("features.0.weight", "features.0.bias", "pre_logits.fc1.weight",
                "pre_logits.fc1.bias", "pre_logits.fc2.weight", "pre_logits.fc2.bias", "head.fc.weight",
                "head.fc.bias");
        assertThat(Tensors.shape(theirs.get("pre_logits.fc1.weight"))).containsExactly(5, 3, 7, 7);
        assertThat(Tensors.shape(theirs.get("pre_logits.fc2.weight"))).containsExactly(5, 5, 1, 1);
        assertThat(Tensors.shape(theirs.get("head.fc.weight"))).containsExactly(2, 5);
        Map<String, Tensor> back = Dialect.TIMM.toGlimpse(theirs);
        assertThat(back.keySet()).containsExactlyElementsOf(ours.keySet());
        back.forEach((key, value) -> assertThat(value.equal(ours.get(key))).as(key).isTrue());
    }

    /** Neither of the two renames them. */
    @ParameterizedTest
    @CsvSource({"densenet121", "xception", "resnet18"})
    void othersAreNamedAlike(String name) {
        Map<String, Tensor> weights = StateDict.of(Networks.create(name, Map.of("classes", 2)));
        assertThat(Dialect.TIMM.fromGlimpse(weights).keySet()).isEqualTo(weights.keySet());
        assertThat(Dialect.TIMM.toGlimpse(weights).keySet()).isEqualTo(weights.keySet());
    }

    private static List<String> norm(String key) {
        return List.of(key + ".weight", key + ".bias", key + ".running_mean", key + ".running_var");
    }

    @Test
    void whatIsWrappedIsUnwrapped() {
        Layer network = Networks.create("resnet18", Map.of("attention", "cbam"));
        Map<String, Tensor> weights = StateDict.of(network);
        Map<String, Tensor> theirs = Dialect.ATTENTION_MODULE.fromGlimpse(weights);
        assertThat(theirs.keySet()).allMatch(key -> key.startsWith("module."))
                .contains("module.layer1.0.cbam.ChannelGate.mlp.1.weight");
        for (Dialect dialect : Dialect.values()) {
            Map<String, Tensor> twice = new LinkedHashMap<>();
            theirs.forEach((key, value) -> twice.put("_orig_mod." + key, value));
            if (dialect != Dialect.TIMM) {
                assertThat(dialect.toGlimpse(twice).keySet()).containsExactlyElementsOf(weights.keySet());
            }
        }
    }

    @Test
    void anOldDenseNetsNamesAreToday() {
        Tensor value = Tensors.zeros(ScalarType.Float, 1);
        assertThat(Dialect.TORCHVISION.toGlimpse(Map.of("features.denseblock1.denselayer12.norm.1.weight", value)))
                .containsKey("features.denseblock1.denselayer12.norm1.weight");
        assertThat(Dialect.TORCHVISION.toGlimpse(Map.of("features.denseblock1.denselayer1.conv2.weight", value)))
                .containsKey("features.denseblock1.denselayer1.conv2.weight");
    }

    @Test
    void whatMatchesIsTakenAndTheRestIsSaid() {
        Layer pretrained = Networks.create("resnet18", Map.of("classes", 1000));
        randomise(pretrained, 3);
        Layer network = Networks.create("resnet18", Map.of("classes", 10, "attention", "cbam"));
        StateDict.Match match = StateDict.loadMatching(network, StateDict.of(pretrained));
        assertThat(match.complete()).isFalse();
        assertThat(match.matched()).contains("conv1.weight", "layer4.1.bn2.running_var").doesNotContain("fc.weight");
        assertThat(match.missing()).allMatch(key -> key.contains(".cbam.")).hasSize(8 * 9);
        assertThat(match.leftOver()).isEmpty();
        assertThat(match.misshapen()).containsOnlyKeys("fc.weight", "fc.bias");
        assertThat(match).hasToString("120 matched; missing: layer1.0.cbam.ChannelGate.mlp.1.bias, "
                + "layer1.0.cbam.ChannelGate.mlp.1.weight, layer1.0.cbam.ChannelGate.mlp.3.bias and 69 more; "
                + "of another shape: fc.weight (1000x512, not 10x512), fc.bias (1000, not 10)");
        assertThat(StateDict.of(network).get("conv1.weight").equal(StateDict.of(pretrained).get("conv1.weight")))
                .isTrue();
    }
}
