package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.attention.AsymmetricNonLocal.Afnb;
import dev.glimpse.attention.AsymmetricNonLocal.Apnb;
import dev.glimpse.attention.AsymmetricNonLocal.Config;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AsymmetricNonLocalTest {
    private static final double EPSILON = 1e-5;
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
    @CsvSource({"9, 7, 1+3+6+8", "5, 12, 2+5", "1, 1, 1+3+6+8", "2, 3, 4"})
    void positionsAttendToTheMeansOfCells(long height, long width, String sizes) {
        Module module = Attentions.create("apnb",
                Map.of("channels", 6, "out_channels", 5, "key_channels", 4, "value_channels", 3, "sizes", sizes));
        Tensor x = prepared(module, height, width);
        Tensor expected = slow(module, x, x, sizes, true);
        Tensor output = ((Apnb) module).forward(x);
        assertThat(Tensors.shape(output)).containsExactly(2, 5, height, width);
        assertThat(magnitude(output.sub(expected))).isLessThan(1e-12 * magnitude(expected));
    }

    @ParameterizedTest
    @CsvSource({"9, 7, 1+3+6+8", "1, 1, 1+3+6+8", "5, 12, 2+5"})
    void theFusionAttendsToAnotherMapAndEndsWithoutRelu(long height, long width, String sizes) {
        Module module = Attentions.create("afnb", Map.of("low_channels", 4, "high_channels", 6, "out_channels", 5,
                "key_channels", 4, "value_channels", 3, "sizes", sizes));
        Tensor high = prepared(module, height, width);
        Tensor low = random(3, ScalarType.Double, 2, 4, 2 * height, width + 1);
        Tensor expected = slow(module, low, high, sizes, false);
        Tensor output = ((Afnb) module).forward(low, high);
        assertThat(Tensors.shape(output)).containsExactly(2, 5, height, width);
        assertThat(magnitude(output.sub(expected))).isLessThan(1e-12 * magnitude(expected));
        assertThat(output.min().item_double()).isNegative();
    }

    @Test
    void queryAndKeyAreOneModuleInApnbAlone() {
        Apnb apnb = new Apnb(8);
        assertThat(StateDict.of(apnb)).containsKeys("stages.0.f_key.0.weight", "stages.0.f_query.0.weight",
                "stages.0.f_query.1.0.running_mean");
        assertThat(StateDict.parameters(apnb)).containsKey("stages.0.f_key.0.weight");
        assertThat(StateDict.parameters(apnb).keySet()).noneMatch(key -> key.contains("f_query"));
        assertThat(StateDict.parameters(new Afnb(4, 8))).containsKeys("stages.0.f_key.0.weight",
                "stages.0.f_query.0.weight");
    }

    @Test
    void theDefaultsAreTheAuthorsNetworks() {
        long projection = 512 * 256 + 256;
        assertThat(StateDict.parameterCount(new Apnb(512)))
                .isEqualTo(2 * projection + 2 * 256 + 256 * 512 + 512 + 1024 * 512 + 512 + 2 * 512);
        assertThat(StateDict.parameterCount(new Afnb(1024, 2048)))
                .isEqualTo(2 * (1024 * 256 + 256) + 2048 * 256 + 256 + 4 * 256 + 256 * 2048 + 2048 + 4096 * 2048 + 2048
                        + 2 * 2048);
        assertThat(StateDict.of(new Apnb(1)).get("stages.0.f_value.weight").size(0)).isEqualTo(1);
        assertThat(magnitude(StateDict.of(new Apnb(8)).get("stages.0.W.weight"))).isZero();
        assertThat(magnitude(StateDict.of(new Apnb(8)).get("stages.0.W.bias"))).isZero();
    }

    @Test
    void dropoutActsInTrainingAlone() {
        Module module = Attentions.create("apnb", Map.of("channels", 64, "dropout", 0.5));
        Tensor x = random(1, ScalarType.Float, 2, 64, 9, 7);
        assertThat(run(module, x, 1).equal(run(module, x, 2))).isFalse();
        assertThat(Tensors.amax(run(module, x, 1), 2, 3).eq(new Scalar(0)).sum().item_int()).as("dropped").isBetween(30,
                98);
        module.eval();
        assertThat(run(module, x, 1).equal(run(module, x, 2))).isTrue();
        Module without = Attentions.create("apnb", Map.of("channels", 64, "dropout", 0));
        assertThat(run(without, x, 1).equal(run(without, x, 2))).isTrue();
    }

    @Test
    void whatIsWrongIsNamed() {
        Afnb afnb = new Afnb(4, 8);
        Tensor low = random(1, ScalarType.Float, 2, 4, 5, 7);
        Tensor high = random(1, ScalarType.Float, 2, 8, 3, 2);
        assertMessage(() -> afnb.forward(high, high), "afnb: takes low maps of (2, 4, height, width), got 2x8x3x2");
        assertMessage(() -> afnb.forward(low.narrow(0, 0, 1), high), "afnb: takes low maps of (2, 4, ", "got 1x4x5x7");
        assertMessage(() -> afnb.forward(low, low), "afnb: takes high maps", "8", "2x4x5x7");
        assertMessage(() -> new Apnb(8).forward(low), "apnb: ", "8", "2x4x5x7");
        assertMessage(() -> afnb.forward(low.narrow(0, 0, 1), high.narrow(0, 0, 1).narrow(2, 0, 1).narrow(3, 0, 1)),
                "afnb: ", "batch norm", "eval()");
        assertMessage(() -> new Apnb(0), "apnb: channels is 0, must be at least 1");
        assertMessage(() -> new Afnb(4, 0), "afnb: high_channels is 0, must be at least 1");
        assertMessage(() -> new Config(8, 0, 1, 0, List.of(1L)), "apnb/afnb: key_channels is 0, must be at least 1");
        assertMessage(() -> new Config(8, 1, 0, 0, List.of(1L)), "apnb/afnb: value_channels is 0, must be at least 1");
        assertMessage(() -> new Config(0, 1, 1, 0, List.of(1L)), "apnb/afnb: out_channels is 0, must be at least 1");
        assertMessage(() -> new Config(8, 1, 1, 1, List.of(1L)), "apnb/afnb: dropout is 1.0, must be");
        assertMessage(() -> new Config(8, 1, 1, 0, List.of(1L, 0L)), "apnb/afnb: one of sizes is 0, must be");
        assertMessage(() -> new Config(8, 1, 1, 0, List.of()), "apnb/afnb: sizes are none, must be one or more");
        assertMessage(() -> Attentions.create("apnb", Map.of("channels", 8, "sizes", "1+x")),
                "apnb: sizes is 'x', not a whole number");
    }

    private static void assertMessage(Runnable work, String... parts) {
        assertThatThrownBy(work::run).isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll(parts)
                .message().doesNotContain("\n");
    }

    private static Tensor run(Module module, Tensor x, long seed) {
        torch.manual_seed(seed);
        return ((Apnb) module).forward(x);
    }

    private static Tensor prepared(Module module, long height, long width) {
        randomise(module, 5);
        module.to(ScalarType.Double, false);
        module.eval();
        return random(1, ScalarType.Double, 2, 6, height, width);
    }

    /** The formula, position by position and anchor by anchor. */
    private static Tensor slow(Module module, Tensor low, Tensor high, String sizes, boolean relu) {
        Map<String, Tensor> state = StateDict.of(module);
        Tensor queries = norm(state, "stages.0.f_query.1.0", conv(state, "stages.0.f_query.0", high)).relu();
        Tensor keys = norm(state, "stages.0.f_key.1.0", conv(state, "stages.0.f_key.0", low)).relu();
        Tensor values = conv(state, "stages.0.f_value", low);
        List<Tensor> rows = new ArrayList<>();
        for (long y = 0; y < high.size(2); y++) {
            List<Tensor> row = new ArrayList<>();
            for (long x = 0; x < high.size(3); x++) {
                Tensor query = queries.select(3, x).select(2, y); // (B, K)
                Tensor sum = Tensors.zeros(ScalarType.Double, high.size(0), 1);
                Tensor mixed = Tensors.zeros(ScalarType.Double, high.size(0), values.size(1));
                for (String size : sizes.split("\\+")) {
                    long cells = Long.parseLong(size);
                    for (long cell = 0; cell < cells * cells; cell++) {
                        Tensor energy = query.mul(mean(keys, cell / cells, cell % cells, cells)).sum(1).unsqueeze(1);
                        Tensor weight = energy.div(new Scalar(Math.sqrt(keys.size(1)))).exp(); // (B, 1)
                        sum = sum.add(weight);
                        mixed = mixed.add(weight.mul(mean(values, cell / cells, cell % cells, cells)));
                    }
                }
                row.add(mixed.div(sum));
            }
            rows.add(Tensors.stack(2, row.toArray(Tensor[]::new))); // (B, V, W)
        }
        Tensor context = conv(state, "stages.0.W", Tensors.stack(2, rows.toArray(Tensor[]::new)));
        Tensor joined = conv(state, "conv_bn_dropout.0", Tensors.cat(1, context, high));
        return relu ? norm(state, "conv_bn_dropout.1.0", joined).relu() : norm(state, "conv_bn_dropout.1", joined);
    }

    /** The mean over one cell of a grid: (B, C). Where the cells do not divide the map, neighbours overlap. */
    private static Tensor mean(Tensor x, long down, long across, long cells) {
        long top = down * x.size(2) / cells;
        long bottom = Math.ceilDiv((down + 1) * x.size(2), cells);
        long left = across * x.size(3) / cells;
        long right = Math.ceilDiv((across + 1) * x.size(3), cells);
        return x.narrow(2, top, bottom - top).narrow(3, left, right - left).mean(2, 3);
    }

    private static Tensor conv(Map<String, Tensor> state, String key, Tensor x) {
        Tensor weight = state.get(key + ".weight").flatten(1, 3);
        Tensor projected = weight.matmul(x.flatten(2, 3)).add(state.get(key + ".bias").unsqueeze(1));
        return projected.view(x.size(0), weight.size(0), x.size(2), x.size(3));
    }

    private static Tensor norm(Map<String, Tensor> state, String key, Tensor x) {
        Tensor deviation = state.get(key + ".running_var").add(new Scalar(EPSILON)).sqrt();
        Tensor scaled = x.sub(planes(state.get(key + ".running_mean"))).div(planes(deviation));
        return scaled.mul(planes(state.get(key + ".weight"))).add(planes(state.get(key + ".bias")));
    }

    private static Tensor planes(Tensor vector) {
        return vector.view(1, -1, 1, 1);
    }
}
