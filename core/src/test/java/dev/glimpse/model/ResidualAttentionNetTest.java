package dev.glimpse.model;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Scopes;
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

class ResidualAttentionNetTest {
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /** The counts are pytorchcv's. */
    @ParameterizedTest
    @CsvSource({"resattnet56, 31810728", "resattnet92, 52466344"})
    void hasAsManyParametersAsItsOriginal(String name, long parameters) {
        assertThat(StateDict.parameterCount(Networks.create(name, Map.of()))).isEqualTo(parameters);
    }

    @Test
    void takesImagesOfAnySizeAndShowsItsMasks() {
        ResidualAttentionNet network = (ResidualAttentionNet) Networks.create("resattnet56",
                Map.of("classes", 7, "input_channels", 1));
        randomise(network, 2);
        network.eval();
        for (long[] size : new long[][]{{64, 64}, {50, 71}, {1, 1}}) {
            Tensor images = random(1, ScalarType.Float, 2, 1, size[0], size[1]);
            List<Tensor> stages = Scopes.noGrad(() -> network.stages(images));
            assertThat(stages).hasSize(4);
            assertThat(stages.getLast().size(1)).isEqualTo(2048);
            Tensor scores = Scopes.noGrad(() -> network.forward(images));
            assertThat(Tensors.shape(scores)).containsExactly(2, 7);
            assertThat(magnitude(scores)).isFinite();
        }
        Tensor image = random(1, ScalarType.Float, 1, 1, 64, 64);
        assertThat(AttentionMaps.during(() -> network.forward(image))).hasSize(3)
                .allMatch(map -> map.kind() == Kind.ELEMENT);
        network.replaceClassifier(3);
        assertThat(Tensors.shape(network.forward(image))).containsExactly(1, 3);
    }

    @Test
    void gradientsReachEverything() {
        Layer network = Networks.create("resattnet56", Map.of("classes", 5, "form", "port"));
        randomise(network, 3);
        network.train(true);
        network.forward(random(1, ScalarType.Float, 2, 3, 64, 64)).mul(random(2, ScalarType.Float, 2, 5)).sum()
                .backward();
        StateDict.parameters(network)
                .forEach((key, parameter) -> assertThat(parameter.grad().defined()).as(key).isTrue());
        assertThat(StateDict.of(network)).containsKeys("conv1.0.weight", "residual_block1.conv4.weight",
                "attention_module1.softmax6_blocks.5.weight", "residual_block6.bn3.weight", "mpool2.0.weight",
                "fc.bias");
    }

    @Test
    void aUsersAttentionStandsBehindBlocksOrStages() {
        assertThat(Networks.create("resattnet92", Map.of("attention", "se", "place", "attention_module2*")).walk())
                .containsKeys("attention_module2_attention", "attention_module2_2_attention")
                .doesNotContainKey("residual_block2_attention");
        assertThat(Networks.create("resattnet56", Map.of("attention", "bam")).walk()).containsKeys("bam1", "bam3")
                .doesNotContainKey("bam4");
        assertThatThrownBy(() -> Networks.create("resattnet56", Map.of("attention", "se", "place", "layer1")))
                .hasMessageContaining("no place is called 'layer1'");
    }
}
