package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RgaTest {
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
    @CsvSource({"16, 5, 3, true, false, 8, 4, 2", "16, 5, 3, false, true, 8, 4, 2", "16, 5, 3, true, true, 4, 4, 2",
        "4, 1, 1, true, true, 8, 8, 8", "3, 7, 2, true, true, 1, 1, 1", "24, 3, 8, true, true, 8, 8, 8"})
    void everyFormIsItsFormula(long channels, long height, long width, boolean spatial, boolean channel,
            long channelRatio, long spatialRatio, long downRatio) {
        Rga rga = build(channels, height, width,
                new Rga.Config(spatial, channel, channelRatio, spatialRatio, downRatio));
        Map<String, Tensor> state = StateDict.of(rga);
        Tensor x = random(1, ScalarType.Double, 3, channels, height, width);
        Tensor expected = x.flatten(2, 3); // (B, C, N)
        if (spatial) {
            expected = expected.mul(gate(state, "_spatial", expected));
        }
        if (channel) {
            expected = expected.mul(gate(state, "_channel", expected.transpose(1, 2)).transpose(1, 2));
        }
        Tensor y = rga.forward(x);
        assertThat(magnitude(y.sub(expected.view_as(x)))).isLessThan(1e-12 * magnitude(expected));
        assertThat(magnitude(rga.forward(x.contiguous(MemoryFormat.ChannelsLast)).sub(y)))
                .isLessThan(1e-12 * magnitude(expected));
    }

    /** Each node's gate, (B, features, M) to (B, 1, M), with all relations between nodes written out. */
    private static Tensor gate(Map<String, Tensor> state, String suffix, Tensor x) {
        Plain plain = new Plain(state);
        Tensor theta = embedded(plain, "theta" + suffix, x);
        Tensor phi = embedded(plain, "phi" + suffix, x);
        List<Tensor> columns = new ArrayList<>();
        for (long i = 0; i < x.size(2); i++) {
            List<Tensor> relations = new ArrayList<>();
            for (long j = 0; j < x.size(2); j++) {
                relations.add(theta.select(2, i).mul(phi.select(2, j)).sum(1)); // i's with j
            }
            for (long j = 0; j < x.size(2); j++) {
                relations.add(theta.select(2, j).mul(phi.select(2, i)).sum(1)); // j's with i
            }
            columns.add(Tensors.stack(1, relations.toArray(Tensor[]::new))); // (B, 2M)
        }
        Tensor related = embedded(plain, "gg" + suffix, Tensors.stack(2, columns.toArray(Tensor[]::new)));
        Tensor own = Tensors.mean(embedded(plain, "gx" + suffix, x), 1);
        Tensor hidden = embedded(plain, "W" + suffix, Tensors.cat(1, own, related));
        return plain.norm("W" + suffix + ".4", plain.conv("W" + suffix + ".3", hidden)).sigmoid();
    }

    private static Tensor embedded(Plain plain, String key, Tensor x) {
        return plain.norm(key + ".1", plain.conv(key + ".0", x)).relu();
    }

    @Test
    void theGatesShownAreTheGatesApplied() {
        Rga rga = build(16, 5, 3, Rga.Config.DEFAULT);
        Tensor x = random(1, ScalarType.Double, 2, 16, 5, 3);
        List<Tensor> outputs = new ArrayList<>();
        List<AttentionMap> maps = AttentionMaps.during(() -> outputs.add(rga.forward(x)));
        assertThat(maps).extracting(AttentionMap::kind).containsExactly(Kind.SPATIAL, Kind.CHANNEL);
        assertThat(Tensors.shape(maps.get(0).values())).containsExactly(2, 1, 5, 3);
        assertThat(Tensors.shape(maps.get(1).values())).containsExactly(2, 16, 1, 1);
        assertThat(x.mul(maps.get(0).values()).mul(maps.get(1).values()).equal(outputs.getFirst())).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"true, false, 1", "false, true, 1", "true, true, 2"})
    void aGateThatIsOffHasNoParameters(boolean spatial, boolean channel, int gates) {
        Map<String, Tensor> state = StateDict.parameters(build(16, 5, 3, new Rga.Config(spatial, channel, 8, 8, 8)));
        assertThat(state).hasSize(gates * 18);
        assertThat(state.keySet()).allMatch(key -> spatial && key.contains("_spatial.")
                || channel && key.contains("_channel."));
    }

    @Test
    void widthsAreRoundedDownButNotToNothing() {
        Map<String, long[]> shapes = StateDict.shapes(StateDict.parameters(build(17, 5, 3, Rga.Config.DEFAULT)));
        assertThat(shapes.get("theta_spatial.0.weight")).containsExactly(2, 17, 1, 1);
        assertThat(shapes.get("gg_spatial.0.weight")).containsExactly(1, 30, 1, 1);
        assertThat(shapes.get("W_spatial.0.weight")).containsExactly(1, 2, 1, 1);
        assertThat(shapes.get("gg_channel.0.weight")).containsExactly(2, 34, 1, 1);
        assertThat(shapes.get("W_channel.0.weight")).containsExactly(1, 3, 1, 1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "channels | 0 | rga: channels is 0, must be at least 1",
        "height | 0 | rga: height is 0, must be at least 1",
        "width | -7 | rga: width is -7, must be at least 1",
        "channel_ratio | 0 | rga: channel_ratio is 0, must be at least 1",
        "spatial_ratio | 0 | rga: spatial_ratio is 0, must be at least 1",
        "down_ratio | -1 | rga: down_ratio is -1, must be at least 1",
        "reduction | 4 | rga has no argument 'reduction'; it has channels, height, width, spatial, channel, "
                + "channel_ratio, spatial_ratio, down_ratio"})
    void aWrongArgumentIsNamedWithItsValue(String name, String value, String message) {
        Map<String, Object> args = new HashMap<>(Map.of("channels", 16, "height", 5, "width", 3));
        args.put(name, value);
        assertThatThrownBy(() -> Attentions.create("rga", args)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void noGateAtAllIsRefused() {
        assertThatThrownBy(() -> new Rga.Config(false, false, 8, 8, 8)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rga: spatial is false and channel is false, must be one at least");
        assertThatThrownBy(() -> Attentions.create("rga", Map.of("channels", 16)))
                .hasMessage("rga needs the argument 'height'");
    }

    @ParameterizedTest
    @CsvSource({"2000, 2000", "100000, 100000", "3000000000, 3000000000"})
    void mapsWhoseWeightsCannotFitAreRefused(long height, long width) {
        for (boolean spatial : new boolean[]{true, false}) {
            assertThatThrownBy(() -> new Rga(8, height, width, new Rga.Config(spatial, !spatial, 8, 8, 8)))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("rga: this input needs ")
                    .hasMessageEndingWith("; build it for smaller maps or with larger ratios")
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void moreImagesThanCanFitAreRefused() {
        Rga rga = new Rga(1, 64, 64);
        Tensor images = random(1, ScalarType.Float, 1, 1, 64, 64).expand(1_000_000, 1, 64, 64);
        for (boolean training : new boolean[]{true, false}) {
            rga.train(training);
            assertThatThrownBy(() -> rga.forward(images)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("rga: this input needs ").hasMessageEndingWith(
                            "; give fewer images, or build it for smaller maps or with larger ratios");
        }
    }

    private static Rga build(long channels, long height, long width, Rga.Config config) {
        Rga rga = new Rga(channels, height, width, config);
        rga.to(ScalarType.Double, false);
        randomise(rga, 7);
        rga.eval();
        return rga;
    }
}
