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
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class IauTest {
    private PointerScope scope;
    private Tensor x;

    @BeforeEach
    void open() {
        scope = new PointerScope();
        x = random(1, ScalarType.Double, 2, 8, 5, 3).mul(new Scalar(0.3)); // channels that are not all about themselves
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @ParameterizedTest
    @CsvSource({"4, true", "4, false", "1, true", "3, false"})
    void everyFormIsItsFormula(int parts, boolean channelFirst) {
        Iau iau = build(new Iau(8, new Iau.Config(parts, channelFirst)));
        Map<String, Tensor> state = StateDict.of(iau);
        for (String key : List.of("W2.1.weight", "W2.1.bias")) { // else no exponential holds channels that come after
            Scopes.noGrad(() -> state.get(key).mul_(new Scalar(0.1)));
        }
        Tensor before = channelFirst ? mixedChannels(state, x) : x;
        Tensor maps = partMaps(state, before);
        Tensor told = toldByParts(state, before, maps, parts);
        Tensor expected = channelFirst ? told : mixedChannels(state, told);
        Iau.Result result = iau.attend(x);
        assertThat(magnitude(result.parts().sub(maps))).isLessThan(1e-12);
        assertThat(magnitude(result.output().sub(expected))).isLessThan(1e-12 * magnitude(expected));
        assertThat(iau.forward(x).equal(result.output())).isTrue();
    }

    private static Tensor mixedChannels(Map<String, Tensor> state, Tensor x) {
        Plain plain = new Plain(state);
        Tensor flat = x.flatten(2, 3);
        Tensor exp = flat.matmul(flat.transpose(1, 2)).exp();
        Tensor mixed = exp.div(exp.sum(2).unsqueeze(2)).matmul(flat);
        return x.add(plain.norm("W1.1", plain.conv("W1.0", mixed)).view_as(x));
    }

    private static Tensor partMaps(Map<String, Tensor> state, Tensor x) {
        Plain plain = new Plain(state);
        Tensor maps = plain.norm("sa.conv.bn", plain.conv("sa.conv.conv", x.flatten(2, 3))).sigmoid();
        return maps.view(x.size(0), -1, x.size(2), x.size(3));
    }

    private static Tensor toldByParts(Map<String, Tensor> state, Tensor x, Tensor maps, int parts) {
        Plain plain = new Plain(state);
        List<Tensor> nodes = new ArrayList<>(); // each (B, C/2)
        for (int p = 0; p < parts; p++) {
            Tensor shown = x.mul(maps.narrow(1, p, 1)).sum(3).sum(2); // (B, C)
            nodes.add(plain.conv("g", shown.unsqueeze(2)).squeeze(2));
        }
        Tensor whole = plain.conv("g", Tensors.spatialMean(x).squeeze(3)).squeeze(2); // (B, C/2)
        Tensor told = null;
        for (Tensor node : interacted(state, "SIAU.", nodes, whole, parts)) {
            told = told == null ? node : told.add(node);
        }
        Tensor update = Tensors.cat(1, told.div(new Scalar(parts)), whole).unsqueeze(2);
        return x.add(plain.norm("W2.1", plain.conv("W2.0", update)).unsqueeze(3));
    }

    /** Node by node; a node and itself, or a node and another part of another frame, do not interact. */
    private static List<Tensor> interacted(Map<String, Tensor> state, String prefix, List<Tensor> nodes, Tensor whole,
            int parts) {
        Plain plain = new Plain(state);
        String relation = prefix + "module_w.relation.";
        String fsm = prefix + "module_l.fsm.";
        List<Tensor> found = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            Tensor weighted = nodes.get(i).mul(new Scalar(0));
            Tensor total = Tensors.zeros(ScalarType.Double);
            for (int j = 0; j < nodes.size(); j++) {
                if ((i / parts == j / parts) != (i % parts == j % parts) || nodes.size() == 1) {
                    Tensor pair = Tensors.cat(1, nodes.get(i).sub(nodes.get(j)).abs(), whole).unsqueeze(2);
                    Tensor score = plain.norm(relation + "1", plain.conv(relation + "0", pair)).squeeze(2).exp();
                    weighted = weighted.add(nodes.get(j).mul(score));
                    total = total.add(score);
                }
            }
            Tensor both = Tensors.cat(1, nodes.get(i), weighted.div(total)).unsqueeze(2);
            found.add(plain.norm(fsm + "1", plain.conv(fsm + "0", both)).relu().squeeze(2));
        }
        return found;
    }

    @ParameterizedTest
    @CsvSource({"4, 4, 4", "4, 4, 2", "4, 4, 1", "3, 1, 3", "3, 1, 1", "1, 3, 1", "5, 2, 5"})
    void partsOfFramesInteractByTheFormula(int most, int parts, int frames) {
        Stiau stiau = build(new Stiau(6, new Stiau.Config(most, parts)));
        Tensor video = random(2, ScalarType.Double, 2, frames, parts, 6);
        Tensor whole = random(3, ScalarType.Double, 2, 6);
        List<Tensor> nodes = new ArrayList<>();
        for (int node = 0; node < frames * parts; node++) {
            nodes.add(video.select(1, node / parts).select(1, node % parts));
        }
        List<Tensor> expected = interacted(StateDict.of(stiau), "", nodes, whole, parts);
        Tensor y = stiau.forward(video, whole);
        assertThat(Tensors.shape(y)).containsExactly(2, frames, parts, 6);
        for (int node = 0; node < nodes.size(); node++) {
            Tensor ours = y.select(1, node / parts).select(1, node % parts);
            assertThat(magnitude(ours.sub(expected.get(node)))).isLessThan(1e-12);
        }
    }

    @ParameterizedTest
    @EnumSource(value = ScalarType.class, names = {"Half", "BFloat16"})
    void forbiddenPairsDoNotBreakSixteenBits(ScalarType type) {
        Stiau stiau = build(new Stiau(6, new Stiau.Config(3, 4)));
        Tensor video = random(2, ScalarType.Double, 2, 3, 4, 6);
        Tensor whole = random(3, ScalarType.Double, 2, 6);
        Tensor expected = stiau.forward(video, whole);
        stiau.to(type, false);
        Tensor y = Scopes.noGrad(() -> stiau.forward(video.to(type), whole.to(type)));
        assertThat(magnitude(y.to(ScalarType.Double).sub(expected))).isLessThan(0.05 * magnitude(expected));

        Iau iau = build(new Iau(8));
        Tensor told = iau.forward(x);
        iau.to(type, false);
        Tensor ours = Scopes.noGrad(() -> iau.forward(x.to(type)));
        assertThat(magnitude(ours.to(ScalarType.Double).sub(told))).isLessThan(0.05 * magnitude(told));
    }

    @Test
    void thePartsAreShownWithTheChannelsPairs() {
        for (boolean channelFirst : new boolean[]{true, false}) {
            Iau iau = build(new Iau(8, new Iau.Config(3, channelFirst)));
            List<Iau.Result> results = new ArrayList<>();
            List<AttentionMap> maps = AttentionMaps.during(() -> results.add(iau.attend(x)));
            AttentionMap pairs = maps.get(channelFirst ? 0 : 1);
            AttentionMap parts = maps.get(channelFirst ? 1 : 0);
            assertThat(maps).hasSize(2);
            assertThat(pairs.kind()).isEqualTo(Kind.CHANNEL_PAIRS);
            assertThat(parts.kind()).isEqualTo(Kind.SPATIAL);
            assertThat(Tensors.shape(pairs.values())).containsExactly(2, 1, 8, 8);
            assertThat(magnitude(pairs.values().sum(3).sub(new Scalar(1)))).isLessThan(1e-12);
            assertThat(pairs.source()).isSameAs(iau);
            assertThat(parts.source()).isSameAs(iau.walk().get("sa"));
            assertThat(parts.values().equal(results.getFirst().parts())).isTrue();
        }
    }

    @Test
    void aFreshOneLetsItsInputThrough() {
        Iau iau = new Iau(8);
        Tensor input = x.to(ScalarType.Float);
        assertThat(iau.forward(input).equal(input)).isTrue();
        iau.eval();
        assertThat(iau.forward(input).equal(input)).isTrue();
    }

    @Test
    void aNetworkTakesItInItsSlots() {
        Layer network = Networks.create("white-patch", Map.of("attention", "iau:parts=2"));
        network.eval();
        assertThat(magnitude(network.forward(random(1, ScalarType.Float, 1, 3, 24, 20)))).isFinite();
        assertThat(network.walk().get("attention")).isInstanceOf(Iau.class);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "iau | parts | 0 | iau: parts is 0, must be at least 1",
        "iau | channels | 0 | iau: channels is 0, must be at least 1",
        "iau | channels | 33 | iau: channels is 33, must be even",
        "iau | channel_first | no | iau: channel_first is 'no', not true or false",
        "stiau | frames | 0 | stiau: frames is 0, must be at least 1",
        "stiau | parts | -1 | stiau: parts is -1, must be at least 1",
        "stiau | channels | 0 | stiau: channels is 0, must be at least 1"})
    void aWrongArgumentIsNamedWithItsValue(String module, String name, String value, String message) {
        Map<String, Object> args = new HashMap<>(Map.of("channels", 8));
        args.put(name, value);
        assertThatThrownBy(() -> Attentions.create(module, args)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void aLoneImageDoesNotTrain() {
        Iau iau = build(new Iau(8));
        Tensor one = x.narrow(0, 0, 1);
        assertThat(magnitude(iau.forward(one))).isFinite();
        iau.train(true);
        assertThatThrownBy(() -> iau.forward(one)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("iau: its batch norm").hasMessageContaining("more than one image");
    }

    @Test
    void aLonePartDoesNotTrain() {
        Stiau stiau = build(new Stiau(6, new Stiau.Config(2, 1)));
        stiau.train(true);
        Tensor whole = random(3, ScalarType.Double, 1, 6);
        assertThatThrownBy(() -> stiau.forward(random(2, ScalarType.Double, 1, 1, 1, 6), whole))
                .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("stiau: its batch norm")
                .hasMessageContaining("one part of one frame");
        assertThat(magnitude(stiau.forward(random(2, ScalarType.Double, 1, 2, 1, 6), whole))).isFinite();
    }

    private static <M extends Module> M build(M module) {
        module.to(ScalarType.Double, false);
        randomise(module, 7);
        module.eval();
        return module;
    }
}
