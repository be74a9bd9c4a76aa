package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static dev.glimpse.attention.SpatialFormulas.linear;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.io.StateDict;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScseTest {
    private static final long CHANNELS = 32;
    private final Tensor x = random(1, ScalarType.Double, 3, CHANNELS, 9, 7);

    @ParameterizedTest
    @ValueSource(strings = {"add", "max", "mult"})
    void joinsTheHalvesElementByElement(String combine) {
        for (String maps : new String[]{"one", "all"}) {
            Layer scse = build("scse:combine=" + combine + ",reduction=4,maps=" + maps);
            Map<String, Tensor> state = StateDict.of(scse);
            Tensor c = x.mul(channelGate(state, "cSE.1", "cSE.3"));
            Tensor s = x.mul(spatialGate(state, "sSE.0"));
            Tensor expected = switch (combine) {
                case "add" -> c.add(s);
                case "max" -> c.add(s).add(c.sub(s).abs()).div(new Scalar(2.0));
                default -> c.mul(s);
            };
            assertThat(magnitude(scse.forward(x).sub(expected))).isLessThan(1e-12);
        }
    }

    @Test
    void theHalvesStandAlone() {
        Layer scse = build("scse");
        Layer cse = build("cse");
        Layer sse = build("sse");
        Map<String, Tensor> state = StateDict.of(scse);
        StateDict.load(cse, Map.of("cSE.1.weight", state.get("cSE.1.weight"), "cSE.1.bias", state.get("cSE.1.bias"),
                "cSE.3.weight", state.get("cSE.3.weight"), "cSE.3.bias", state.get("cSE.3.bias")));
        StateDict.load(sse, Map.of("sSE.0.weight", state.get("sSE.0.weight"), "sSE.0.bias", state.get("sSE.0.bias")));
        assertThat(magnitude(cse.forward(x).add(sse.forward(x)).sub(scse.forward(x)))).isLessThan(1e-12);
    }

    @Test
    void theSurveysSpatialHalfHasAMapForEachChannel() {
        Layer sse = build("sse:maps=all");
        Tensor expected = x.mul(spatialGate(StateDict.of(sse), "sSE.0"));
        assertThat(magnitude(sse.forward(x).sub(expected))).isLessThan(1e-12);
        assertThat(StateDict.parameterCount(sse)).isEqualTo(CHANNELS * CHANNELS + CHANNELS);
    }

    @ParameterizedTest
    @CsvSource({"32, 1105, 195, 1218", "64, 4257, 645, 4740", "128, 16705, 2313, 18696", "256, 66177, 8721, 74256",
        "512, 263425, 33825, 295968", "1024, 1051137, 133185, 1181760", "2048, 4199425, 528513, 4722816"})
    void hasTheNumberOfParametersOfEachForm(long channels, long authors, long plain, long survey) {
        assertThat(StateDict.parameterCount(new Scse.Max(channels))).isEqualTo(authors);
        assertThat(StateDict.parameterCount(new Scse(channels))).isEqualTo(plain);
        assertThat(StateDict.parameterCount(Attentions.slot("scse:maps=all").create(channels))).isEqualTo(survey);
    }

    @ParameterizedTest
    @CsvSource({"scse, CHANNEL+SPATIAL", "scse:maps=all, CHANNEL+ELEMENT", "scse-max, CHANNEL+SPATIAL", "cse, CHANNEL",
        "sse, SPATIAL", "sse:maps=all, ELEMENT"})
    void theGatesShownAreTheGatesApplied(String text, String kinds) {
        Layer layer = build(text);
        List<Tensor> outputs = new ArrayList<>();
        List<AttentionMap> maps = AttentionMaps.during(() -> outputs.add(layer.forward(x)));
        assertThat(maps).extracting(AttentionMap::kind)
                .containsExactly(List.of(kinds.split("\\+")).stream().map(Kind::valueOf).toArray(Kind[]::new));
        Tensor expected = x.mul(maps.getFirst().values());
        if (maps.size() == 2) {
            Tensor other = x.mul(maps.get(1).values());
            expected = text.startsWith("scse-max") ? expected.maximum(other) : expected.add(other);
        }
        assertThat(expected.equal(outputs.getFirst())).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"scse:reduction=0 | scse: reduction is 0, must be at least 1",
        "scse:maps=two | scse: maps is 'two'; known: one, all", "sse:maps=two | sse: maps is 'two'; known: one, all",
        "scse:combine=concat | scse: combine is 'concat'; known: add, max, mult",
        "cse:reduction=0 | cse: reduction is 0, must be at least 1",
        "cse:reduction=64 | cse: reduction=64 leaves no hidden unit for 32 channels; give a reduction of at most 32",
        "scse-max:reduction=-2 | scse-max: reduction is -2, must be at least 1",
        "scse-max:maps=all | scse-max has no argument 'maps'; it has channels, reduction"})
    void wrongArgumentsAreNamed(String text, String message) {
        assertThatThrownBy(() -> Attentions.slot(text).create(CHANNELS)).hasMessageStartingWith(message);
    }

    private static Layer build(String text) {
        Layer layer = Attentions.slot(text).create(CHANNELS);
        layer.to(ScalarType.Double, false);
        randomise(layer, 5);
        return layer;
    }

    /** With the convolutions' weights as matrices over (B, C). */
    private Tensor channelGate(Map<String, Tensor> state, String first, String second) {
        Map<String, Tensor> matrices = Map.of("1.weight", state.get(first + ".weight").flatten(1, 3),
                "1.bias", state.get(first + ".bias"), "2.weight", state.get(second + ".weight").flatten(1, 3),
                "2.bias", state.get(second + ".bias"));
        Tensor hidden = linear(x.flatten(2, 3).mean(2), matrices, "1").relu();
        return linear(hidden, matrices, "2").sigmoid().unsqueeze(2).unsqueeze(3);
    }

    private Tensor spatialGate(Map<String, Tensor> state, String key) {
        return SpatialFormulas.conv(x, state, key).sigmoid();
    }
}
