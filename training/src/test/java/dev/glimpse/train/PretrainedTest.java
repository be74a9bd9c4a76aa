package dev.glimpse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.io.StateDict;
import dev.glimpse.io.StateDict.Match;
import dev.glimpse.model.Networks;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PretrainedTest {
    private static final Map<String, Object> ARGS = Map.of("classes", 5, "attention", "cbam", "start", "identity");

    private PointerScope scope;
    private Layer network;
    private Map<String, Tensor> weights;

    @BeforeEach
    void open() {
        scope = new PointerScope();
        network = Networks.create("resnet18", ARGS);
        weights = StateDict.of(Networks.create("resnet18", Map.of("classes", 1000)));
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private Match load(boolean lenient) {
        return Pretrained.load(network, new Args("resnet18", ARGS), weights, lenient);
    }

    @Test
    void theClassifierAndTheAttentionMayBeNew() {
        Match match = load(false);
        assertThat(match.misshapen()).containsOnlyKeys("fc.weight", "fc.bias");
        assertThat(match.missing()).isNotEmpty().allMatch(key -> key.contains(".cbam."));
        assertThat(match.leftOver()).isEmpty();
        Map<String, Tensor> taken = StateDict.of(network);
        match.matched().forEach(key -> assertThat(taken.get(key).equal(weights.get(key))).as(key).isTrue());
        assertThat(match.matched()).hasSize(weights.size() - 2);
    }

    @Test
    void anythingElseMustFitUnlessToldOtherwise() {
        weights.remove("layer4.1.conv2.weight");
        assertThatThrownBy(() -> load(false)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("missing: layer4.1.conv2.weight").hasMessageNotContaining("cbam");
        assertThat(load(true).missing()).contains("layer4.1.conv2.weight");
        weights = StateDict.of(Networks.create("resnet34", Map.of("classes", 1000)));
        assertThatThrownBy(() -> load(false)).hasMessageContaining("left over: layer1.2.");
        weights.remove("fc.weight");
        assertThatThrownBy(() -> load(false)).hasMessageContaining("missing: fc.weight");
    }

    @Test
    void attentionThatIsThereIsTakenWhole() {
        weights = StateDict.of(Networks.create("resnet18", ARGS));
        Match match = load(false);
        assertThat(match.complete()).isTrue();
        weights.remove("layer2.0.cbam.alpha");
        weights.put("layer2.0.cbam.beta", weights.get("fc.bias"));
        assertThatThrownBy(() -> load(false)).hasMessageContaining("left over: layer2.0.cbam.beta");
    }

    @Test
    void theClassifierStaysAsItWasMade() {
        Tensor head = StateDict.of(network).get("fc.weight").detach().clone();
        load(false);
        assertThat(StateDict.of(network).get("fc.weight").equal(head)).isTrue();
    }

    @Test
    void weightsOfWhichNothingFits() {
        weights = Map.of("features.0.weight", weights.get("fc.bias"));
        assertThatThrownBy(() -> load(true)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("none of these 1 tensors fits resnet18");
    }

    /** Each network whose weights are its own takes them, and those of other classes but for the head. */
    @ParameterizedTest
    @ValueSource(strings = {"vgg11", "mobilenet_v2", "densenet121", "googlenet", "timm/seresnet18", "unet", "xception",
        "senet154"})
    void anyNetworksHeadMayBeNew(String name) {
        Args three = new Args(name, Map.of("classes", 3));
        Layer other = Networks.create(three);
        Match match = Pretrained.load(other, three, StateDict.of(Networks.create(name, Map.of("classes", 4))), false);
        assertThat(match.missing()).isEmpty();
        assertThat(match.misshapen()).isNotEmpty();
        match.misshapen().keySet().forEach(key -> assertThat(StateDict.of(other).get(key).size(0)).isEqualTo(3));
    }
}
