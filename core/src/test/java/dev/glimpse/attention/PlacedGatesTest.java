package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.IntToDoubleFunction;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Gates with a value of their own for each element: {@code coord}, {@code simam}, {@code triplet} and {@code lka}. */
class PlacedGatesTest {
    private static final double TOLERANCE = 1e-12;

    private final Tensor x = random(1, ScalarType.Double, 2, 16, 9, 5);
    private final SlowMaps maps = SlowMaps.of(x);

    @ParameterizedTest
    @CsvSource({"32, 8", "1, 16"})
    void coordinateAttention(int reduction, int hidden) {
        Layer coord = build("coord:reduction=" + reduction, 16);
        Map<String, Tensor> state = StateDict.of(coord);
        assertThat(state.get("conv1.weight").size(0)).isEqualTo(hidden);
        SlowMaps lines = SlowMaps.by(2, 16, 9 + 5, 1, (b, c, i, _) -> {
            double sum = 0;
            if (i < 9) {
                for (int w = 0; w < 5; w++) {
                    sum += maps.at(b, c, i, w);
                }
                return sum / 5;
            }
            for (int h = 0; h < 9; h++) {
                sum += maps.at(b, c, h, i - 9);
            }
            return sum / 9;
        });
        SlowMaps mixed = lines.conv(state, "conv1").norm(state, "bn1")
                .each(v -> v * Math.min(Math.max(v + 3, 0), 6) / 6);
        SlowMaps rows = mixed.conv(state, "conv_h").sigmoid();
        SlowMaps columns = mixed.conv(state, "conv_w").sigmoid();
        SlowMaps expected = maps
                .with((b, c, h, w) -> maps.at(b, c, h, w) * rows.at(b, c, h, 0) * columns.at(b, c, 9 + w, 0));
        assertThat(expected.distance(coord.forward(x))).isLessThan(TOLERANCE);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-4, 0.1})
    void simAm(double lambda) {
        Layer simam = build(lambda == 1e-4 ? "simam" : "simam:lambda=" + lambda, 16);
        SlowMaps means = maps.spatialMean();
        SlowMaps distances = maps.with((b, c, h, w) -> Math.pow(maps.at(b, c, h, w) - means.at(b, c, 0, 0), 2));
        SlowMaps sums = distances.spatialMean().each(mean -> mean * 45);
        SlowMaps expected = maps.with((b, c, h, w) -> {
            double variance = sums.at(b, c, 0, 0) / 44;
            double energy = 4 * (variance + lambda)
                    / (distances.at(b, c, h, w) + 2 * variance + 2 * lambda);
            return maps.at(b, c, h, w) / (1 + Math.exp(-1 / energy));
        });
        assertThat(expected.distance(simam.forward(x))).isLessThan(TOLERANCE);
        assertThat(StateDict.of(simam)).isEmpty();
    }

    @Test
    void simAmTakesALonePosition() {
        Tensor position = random(1, ScalarType.Double, 2, 16, 1, 1);
        Tensor gate = AttentionMaps.during(() -> new SimAm(16).forward(position)).getFirst().values();
        assertThat(gate.min().item_double()).isCloseTo(1 / (1 + Math.exp(-0.5)), within(TOLERANCE));
        assertThat(gate.max().item_double()).isCloseTo(1 / (1 + Math.exp(-0.5)), within(TOLERANCE));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tripletAttention(boolean spatial) {
        Layer triplet = build(spatial ? "triplet" : "triplet:spatial=false", 16);
        Map<String, Tensor> state = StateDict.of(triplet);
        assertThat(StateDict.parameterCount(triplet)).isEqualTo((spatial ? 3 : 2) * (2 * 49 + 2));
        SlowMaps overHeight = pair(16, 5, (pool, b, c, w) -> pool.over(9, h -> maps.at(b, c, h, w)));
        SlowMaps overWidth = pair(9, 16, (pool, b, h, c) -> pool.over(5, w -> maps.at(b, c, h, w)));
        SlowMaps overChannels = pair(9, 5, (pool, b, h, w) -> pool.over(16, c -> maps.at(b, c, h, w)));
        SlowMaps cw = gate(overHeight, state, "cw");
        SlowMaps hc = gate(overWidth, state, "hc");
        SlowMaps hw = spatial ? gate(overChannels, state, "hw") : null;
        SlowMaps expected = maps.with((b, c, h, w) -> {
            double both = cw.at(b, 0, c, w) + hc.at(b, 0, h, c);
            double mean = spatial ? (both + hw.at(b, 0, h, w)) / 3 : both / 2;
            return maps.at(b, c, h, w) * mean;
        });
        assertThat(expected.distance(triplet.forward(x))).isLessThan(TOLERANCE);
        assertThat(state.keySet()).noneMatch(key -> !spatial && key.startsWith("hw"));
    }

    @Test
    void largeKernelAttention() {
        Layer lka = build("lka", 16);
        Map<String, Tensor> state = StateDict.of(lka);
        assertThat(StateDict.parameterCount(lka)).isEqualTo(16 * 26 + 16 * 50 + 16 * 17);
        SlowMaps attention = maps.conv(state, "conv0", 1, 2, 2, 1, 16).conv(state, "conv_spatial", 1, 9, 9, 3, 16)
                .conv(state, "conv1");
        SlowMaps expected = maps.with((b, c, h, w) -> maps.at(b, c, h, w) * attention.at(b, c, h, w));
        assertThat(expected.distance(lka.forward(x))).isLessThan(TOLERANCE);
    }

    /** Normal with variance 2 over the outputs that an input reaches: 25, 49 and the channels. */
    @Test
    void largeKernelAttentionStartsAsTheAuthors() {
        Map<String, Tensor> state = StateDict.of(new LargeKernelAttention(512));
        Map.of("conv0", 25, "conv_spatial", 49, "conv1", 512).forEach((key, outputs) -> {
            double variance = state.get(key + ".weight").square().mean().item_double();
            assertThat(variance).as(key).isCloseTo(2.0 / outputs, within(0.1 * 2.0 / outputs));
            assertThat(magnitude(state.get(key + ".bias"))).isZero();
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"coord", "simam", "triplet", "triplet:spatial=false", "lka"})
    void theGateShownIsTheGateApplied(String name) {
        Layer layer = build(name, 16);
        List<Tensor> outputs = new ArrayList<>();
        List<AttentionMap> shown = AttentionMaps.during(() -> outputs.add(layer.forward(x)));
        assertThat(shown).hasSize(1);
        assertThat(shown.getFirst().kind()).isEqualTo(Kind.ELEMENT);
        assertThat(shown.getFirst().source()).isSameAs(layer);
        assertThat(Tensors.shape(shown.getFirst().values())).containsExactly(2, 16, 9, 5);
        assertThat(x.mul(shown.getFirst().values()).equal(outputs.getFirst())).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"coord:reduction=0 | coord: reduction is 0, must be at least 1",
        "simam:lambda=0 | simam: lambda is 0.0, must be above 0",
        "triplet:spatial=no | triplet: spatial is 'no', not true or false",
        "lka:kernel=3 | lka has no argument 'kernel'; it has channels"})
    void whatDoesNotGoIsSaid(String name, String message) {
        assertThatThrownBy(() -> Attentions.slot(name).create(16)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"coord", "simam", "triplet", "lka"})
    void anotherNumberOfChannelsIsSaid(String name) {
        assertThatThrownBy(() -> build(name, 32).forward(x)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage(name + ": takes maps of (images, 32, height, width), got 2x16x9x5");
    }

    private static Layer build(String name, long channels) {
        Layer layer = Attentions.slot(name).create(channels);
        layer.to(ScalarType.Double, false);
        randomise(layer, 3);
        layer.eval();
        return layer;
    }

    /** The two pools over a line of values. */
    private enum Pool {
        MAX(Math::max), MEAN(Double::sum);

        private final DoubleBinaryOperator join;

        Pool(DoubleBinaryOperator join) {
            this.join = join;
        }

        double over(int count, IntToDoubleFunction values) {
            double joined = values.applyAsDouble(0);
            for (int i = 1; i < count; i++) {
                joined = join.applyAsDouble(joined, values.applyAsDouble(i));
            }
            return this == MAX ? joined : joined / count;
        }
    }

    private interface Pooled {
        double at(Pool pool, int b, int row, int column);
    }

    /** The maximum's plane, then the mean's. */
    private static SlowMaps pair(int rows, int columns, Pooled pooled) {
        return SlowMaps.by(2, 2, rows, columns,
                (b, plane, row, column) -> pooled.at(Pool.values()[plane], b, row, column));
    }

    private static SlowMaps gate(SlowMaps pair, Map<String, Tensor> state, String key) {
        return pair.conv(state, key + ".conv.conv", 1, 3, 3, 1, 1).norm(state, key + ".conv.bn").sigmoid();
    }
}
