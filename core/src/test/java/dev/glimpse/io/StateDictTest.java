package dev.glimpse.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.Support;
import dev.glimpse.attention.Cbam;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class StateDictTest {
    private static final String MLP = "ChannelGate.mlp.1.weight";
    private static final String COUNTER = "SpatialGate.spatial.bn.num_batches_tracked";
    private final Cbam module = new Cbam(32);

    @Test
    void hasTheAuthorsKeys() {
        assertThat(StateDict.of(module)).containsOnlyKeys("ChannelGate.mlp.1.weight", "ChannelGate.mlp.1.bias",
                "ChannelGate.mlp.3.weight", "ChannelGate.mlp.3.bias", "SpatialGate.spatial.conv.weight",
                "SpatialGate.spatial.bn.weight", "SpatialGate.spatial.bn.bias", "SpatialGate.spatial.bn.running_mean",
                "SpatialGate.spatial.bn.running_var", COUNTER);
        assertThat(StateDict.parameters(module)).hasSize(7);
        assertThat(StateDict.buffers(module)).hasSize(3);
    }

    @Test
    void takesValuesInTheModulesOwnType() {
        Map<String, Tensor> values = copy();
        values.replaceAll((key, value) -> value.to(ScalarType.Double).add(new org.bytedeco.pytorch.Scalar(1)));
        StateDict.load(module, values);
        StateDict.of(module).forEach((key, own) -> {
            assertThat(own.equal(values.get(key).to(own.scalar_type()))).as(key).isTrue();
            assertThat(own.scalar_type().intern()).isEqualTo(key.equals(COUNTER) ? ScalarType.Long : ScalarType.Float);
        });
        assertThat(StateDict.parameters(module).get(MLP).requires_grad()).isTrue();
    }

    @Test
    void itsTensorsOutliveTheModuleAndACollection() {
        Map<String, Tensor> values = changed();
        for (int i = 0; i < 5; i++) {
            System.gc();
            changed(); // takes what was freed too early
        }
        Map<String, Tensor> same = changed();
        values.forEach((key, value) -> assertThat(value.equal(same.get(key))).as(key).isTrue());
    }

    @Test
    void takesACheckpointWithoutCounters() {
        Map<String, Tensor> values = copy();
        values.remove(COUNTER);
        StateDict.load(module, values);
    }

    @Test
    void namesWhatIsMissing() {
        Map<String, Tensor> values = changed();
        values.remove(MLP);
        assertRefused(values, "missing: " + MLP);
    }

    @Test
    void namesWhatIsLeftOver() {
        Map<String, Tensor> values = changed();
        values.put("module.fc.weight", Tensors.zeros(ScalarType.Float, 1));
        assertRefused(values, "left over: module.fc.weight");
    }

    @Test
    void namesWhatHasAnotherShape() {
        Map<String, Tensor> values = changed();
        values.put(MLP, Tensors.zeros(ScalarType.Float, 32, 2));
        assertRefused(values, "of another shape: " + MLP + " (32x2, not 2x32)");
        values.put(MLP, Tensors.zeros(ScalarType.Float));
        assertRefused(values, MLP + " (scalar, not 2x32)");
    }

    @Test
    void countsWhatItDoesNotName() {
        assertRefused(Map.of("a", Tensors.zeros(ScalarType.Float, 1)), "missing: ", "and 6 more", "left over: a");
    }

    @Test
    void aModuleUnderTwoNamesStandsTwiceInTheStateAndTrainsOnce() {
        Layer twice = new Layer() {
            private final Sequential query = register_module("query",
                    new Sequential(Layers.linear(3, 2), Layers.batchNorm1d(2)));
            private final Sequential key = register_module("key", query);

            @Override
            public Tensor forward(Tensor x) {
                return query.forward(x).add(key.forward(x));
            }
        };
        assertThat(StateDict.of(twice)).containsOnlyKeys("query.0.weight", "query.0.bias", "query.1.weight",
                "query.1.bias", "query.1.running_mean", "query.1.running_var", "query.1.num_batches_tracked",
                "key.0.weight", "key.0.bias", "key.1.weight", "key.1.bias", "key.1.running_mean", "key.1.running_var",
                "key.1.num_batches_tracked");
        assertThat(StateDict.parameters(twice)).containsOnlyKeys("query.0.weight", "query.0.bias", "query.1.weight",
                "query.1.bias");
        assertThat(StateDict.buffers(twice)).containsOnlyKeys("query.1.running_mean", "query.1.running_var",
                "query.1.num_batches_tracked");
        assertThat(StateDict.parameterCount(twice)).isEqualTo(3 * 2 + 2 + 2 + 2);
        StateDict.load(twice, StateDict.of(twice));
    }

    private Map<String, Tensor> copy() {
        Map<String, Tensor> values = new LinkedHashMap<>();
        StateDict.of(module).forEach((key, value) -> values.put(key, value.detach().clone()));
        return values;
    }

    /** Values that would show if even one of them was taken. */
    private Map<String, Tensor> changed() {
        Cbam other = new Cbam(32);
        Support.randomise(other, 5);
        return StateDict.of(other);
    }

    private void assertRefused(Map<String, Tensor> values, String... said) {
        Map<String, Tensor> before = copy();
        assertThatThrownBy(() -> StateDict.load(module, values)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(said).message().doesNotContain("\n");
        StateDict.of(module).forEach((key, value) -> assertThat(value.equal(before.get(key))).as(key).isTrue());
    }
}
