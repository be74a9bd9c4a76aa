package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GlobalContextTest {
    private static final long CHANNELS = 12;
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @ParameterizedTest
    @CsvSource({"att, channel_add", "att, channel_mul", "avg, channel_add", "avg, channel_mul",
        "att, channel_add+channel_mul", "avg, channel_mul+channel_add"})
    void theGateComesBeforeTheSum(String pooling, String fusions) {
        Layer module = Attentions.slot("gc:ratio=0.34,pooling=" + pooling + ",fusions=" + fusions).create(CHANNELS);
        Tensor x = prepared(module);
        Map<String, Tensor> state = StateDict.of(module);
        assertThat(state.containsKey("conv_mask.weight")).isEqualTo(pooling.equals("att"));
        Tensor context = context(state, "conv_mask", x);
        Tensor expected = x;
        if (fusions.contains("mul")) {
            expected = expected.mul(transform(state, "channel_mul_conv.", "0", "1", "3", 1e-5, context).sigmoid());
        }
        if (fusions.contains("add")) {
            expected = expected.add(transform(state, "channel_add_conv.", "0", "1", "3", 1e-5, context));
        }
        assertThat(magnitude(module.forward(x).sub(expected))).isLessThan(1e-12 * magnitude(expected));
    }

    @ParameterizedTest
    @ValueSource(strings = {"use_attn=true", "use_attn=false", "fuse_add=true", "fuse_add=true,fuse_scale=false",
        "rd_ratio=0.34", "rd_channels=5", "rd_divisor=8", "init_last_zero=true"})
    void timmsOptions(String options) {
        Layer module = Attentions.slot("gc-timm:" + options).create(CHANNELS);
        Tensor x = prepared(module);
        Map<String, Tensor> state = StateDict.of(module);
        assertThat(state.containsKey("conv_attn.weight")).isEqualTo(!options.contains("use_attn=false"));
        Tensor context = context(state, "conv_attn", x);
        Tensor expected = x;
        if (!options.contains("fuse_scale=false")) {
            expected = expected.mul(transform(state, "mlp_scale.", "fc1", "norm", "fc2", 1e-6, context).sigmoid());
        }
        if (options.contains("fuse_add=true")) {
            expected = expected.add(transform(state, "mlp_add.", "fc1", "norm", "fc2", 1e-6, context));
        }
        assertThat(magnitude(module.forward(x).sub(expected))).isLessThan(1e-12 * magnitude(expected));
    }

    @ParameterizedTest
    @CsvSource({"32, 199, 601", "64, 653, 2225", "128, 2329, 8545", "256, 8753, 33473", "512, 33889, 132481",
        "1024, 133313, 527105", "2048, 528769, 2102785"})
    void itHasTheAuthorsNumberOfParameters(long channels, long sixteenth, long quarter) {
        assertThat(StateDict.parameterCount(new GlobalContext(channels))).isEqualTo(sixteenth);
        assertThat(StateDict.parameterCount(Attentions.slot("gc:ratio=0.25").create(channels))).isEqualTo(quarter);
    }

    @ParameterizedTest
    @CsvSource({"'', 12, 2", "'', 11, 1", "'', 20, 3", "rd_ratio=0.5, 12, 6", "rd_divisor=8, 12, 8",
        "'rd_ratio=1,rd_divisor=8', 12, 16",
        "'rd_ratio=1,rd_divisor=8', 11, 8", "rd_channels=5, 12, 5"})
    void timmRoundsTheHiddenWidth(String options, long channels, long hidden) {
        Layer module = Attentions.slot("gc-timm" + (options.isEmpty() ? "" : ":" + options)).create(channels);
        assertThat(StateDict.of(module).get("mlp_scale.fc1.weight").size(0)).isEqualTo(hidden);
    }

    @Test
    void theAuthorsStartsAsTheIdentityOrAsOneHalf() {
        Tensor x = random(1, ScalarType.Float, 2, 32, 9, 7);
        assertThat(new GlobalContext(32).forward(x).equal(x)).isTrue();
        Tensor half = x.mul(new Scalar(0.5));
        assertThat(Attentions.slot("gc:fusions=channel_mul").create(32).forward(x).equal(half)).isTrue();
        assertThat(Attentions.slot("gc:fusions=channel_mul+channel_add").create(32).forward(x).equal(half)).isTrue();
        assertThat(Attentions.slot("gc-timm:init_last_zero=true").create(32).forward(x).equal(half)).isTrue();
        assertThat(magnitude(StateDict.of(new GlobalContext(32)).get("conv_mask.bias"))).isZero();
        Layer added = Attentions.slot("gc-timm:fuse_add=true,fuse_scale=false").create(32);
        assertThat(magnitude(StateDict.of(added).get("mlp_add.fc2.weight"))).isZero();
        Tensor bias = StateDict.of(added).get("mlp_add.fc2.bias").view(1, 32, 1, 1);
        assertThat(added.forward(x).equal(x.add(bias))).isTrue();
        for (String name : List.of("gc conv_mask.weight", "gc-timm conv_attn.weight")) {
            Tensor weight = StateDict.of(Attentions.slot(name.split(" ")[0]).create(4096)).get(name.split(" ")[1]);
            assertThat(weight.std().item_double() * Math.sqrt(4096 / 2.0)).as(name).isBetween(0.9, 1.1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gc:fusions=channel_mul", "gc-timm"})
    void thePoolAndTheGateAreShown(String attention) {
        Layer module = Attentions.slot(attention).create(32);
        randomise(module, 2);
        Tensor x = random(1, ScalarType.Float, 2, 32, 9, 7);
        List<AttentionMap> maps = AttentionMaps.during(() -> module.forward(x));
        assertThat(maps).extracting(AttentionMap::kind).containsExactly(Kind.SPATIAL, Kind.CHANNEL);
        assertThat(maps).allMatch(map -> map.source() == module);
        Tensor pool = maps.get(0).values();
        assertThat(Tensors.shape(pool)).containsExactly(2, 1, 9, 7);
        assertThat(magnitude(pool.sum(2, 3).sub(Tensors.of(new float[]{1}, 1)))).isLessThan(1e-5);
        assertThat(Tensors.shape(maps.get(1).values())).containsExactly(2, 32, 1, 1);
        assertThat(x.mul(maps.get(1).values()).equal(module.forward(x))).isTrue();
    }

    @Test
    void whatIsWrongIsNamed() {
        assertMessage("gc", 8, "gc: ratio=0.0625 leaves no hidden unit for 8 channels; give a ratio of at least 0.125");
        assertMessage("gc:ratio=0", 64, "gc: ratio is 0.0, must be above 0");
        assertMessage("gc:pooling=max", 64, "gc: pooling is 'max'; known: att, avg");
        assertMessage("gc:fusions=add", 64, "gc: fusions is 'add'; known: channel_add, channel_mul");
        assertMessage("gc:fusions=channel_add+channel_add", 64,
                "gc: fusions are 'channel_add+channel_add', must be one or more, each once");
        assertMessage("gc-timm:fuse_scale=false", 64,
                "gc-timm: fuse_add and fuse_scale are both false, so it would do nothing; set one");
        assertMessage("gc-timm:rd_divisor=0", 64, "gc-timm: rd_divisor is 0, must be at least 1");
        for (String name : List.of("gc", "gc-timm")) {
            assertThatThrownBy(
                    () -> Attentions.slot(name).create(32).forward(random(1, ScalarType.Float, 2, 16, 3, 3)))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith(name + ": ")
                    .hasMessageContainingAll("32", "2x16x3x3");
        }
    }

    private static void assertMessage(String attention, long channels, String message) {
        assertThatThrownBy(() -> Attentions.slot(attention).create(channels))
                .isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    private static Tensor prepared(Layer module) {
        randomise(module, 5);
        module.to(ScalarType.Double, false);
        return random(1, ScalarType.Double, 2, CHANNELS, 5, 4);
    }

    /** The weighted sum over positions, or the mean where no convolution weights them: (B, C). */
    private static Tensor context(Map<String, Tensor> state, String key, Tensor x) {
        Tensor weight = state.get(key + ".weight");
        if (weight == null) {
            return x.mean(2, 3);
        }
        Tensor sum = Tensors.zeros(ScalarType.Double, x.size(0), 1);
        Tensor mixed = Tensors.zeros(ScalarType.Double, x.size(0), x.size(1));
        for (long position = 0; position < x.size(2) * x.size(3); position++) {
            Tensor features = x.flatten(2, 3).select(2, position); // (B, C)
            Tensor exponential = features.mul(weight.view(1, -1)).sum(1).unsqueeze(1).exp();
            sum = sum.add(exponential);
            mixed = mixed.add(features.mul(exponential));
        }
        return mixed.div(sum);
    }

    private static Tensor transform(Map<String, Tensor> state, String prefix, String first, String norm, String last,
            double epsilon, Tensor context) {
        Tensor hidden = linear(state, prefix + first, context); // (B, m)
        Tensor centred = hidden.sub(Tensors.mean(hidden, 1));
        Tensor deviation = Tensors.mean(centred.mul(centred), 1).add(new Scalar(epsilon)).sqrt();
        Tensor normed = centred.div(deviation).mul(state.get(prefix + norm + ".weight").view(1, -1))
                .add(state.get(prefix + norm + ".bias").view(1, -1));
        return linear(state, prefix + last, normed.relu()).unsqueeze(2).unsqueeze(3);
    }

    private static Tensor linear(Map<String, Tensor> state, String key, Tensor x) {
        return x.matmul(state.get(key + ".weight").flatten(1, 3).t()).add(state.get(key + ".bias"));
    }
}
