package dev.glimpse.io;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.Layer;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Tensors;
import java.util.LinkedHashMap;
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
