package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static dev.glimpse.attention.SpatialFormulas.conv;
import static dev.glimpse.attention.SpatialFormulas.norm;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.attention.ResidualAttention.Config;
import dev.glimpse.attention.ResidualAttention.Form;
import dev.glimpse.attention.ResidualAttention.Trunk;
import dev.glimpse.attention.ResidualAttention.Unit;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResidualAttentionTest {
    private static final long CHANNELS = 8;

    private Map<String, Tensor> state;
    private boolean training;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"ra | 2", "ra:downs=1 | 1", "ra:downs=3 | 3", "ra:downs=4,reduction=2 | 4",
        "ra:form=port | 2", "ra:downs=3,form=port,trunk=blocks | 3", "ra:downs=1,form=port | 1",
        "ra:downs=1,trunk=blocks | 1"})
    void isItsFormula(String text, int downs) {
        Layer ra = Attentions.slot(text).create(CHANNELS);
        ra.to(ScalarType.Double, false);
        randomise(ra, 3);
        state = StateDict.of(ra);
        boolean port = text.contains("port");
        boolean blocks = text.contains("blocks");
        for (long[] map : new long[][]{{14, 14}, {9, 7}, {13, 1}, {2, 5}, {1, 1}}) {
            Tensor x = random(1, ScalarType.Double, 5, CHANNELS, map[0], map[1]);
            for (boolean mode : new boolean[]{false, true}) {
                training = mode;
                ra.train(training);
                Tensor input = blocks ? unit(x, "first_residual_blocks") : x;
                Tensor trunk = blocks ? units(input, "trunk_branches") : input;
                Tensor logits = resize(level(input, 1, downs, port), input);
                String head = "softmax" + 2 * downs + "_blocks.";
                Tensor hidden = port ? logits.add(trunk) : logits;
                hidden = conv(norm(hidden, state, head + 0, training).relu(), state, head + 2);
                Tensor mask = conv(norm(hidden, state, head + 3, training).relu(), state, head + 5).sigmoid();
                Tensor expected = trunk.add(trunk.mul(mask));
                expected = blocks ? unit(expected, "last_blocks") : expected;
                assertThat(magnitude(ra.forward(x).sub(expected))).isLessThan(1e-8);
            }
        }
    }

    /** The hourglass from one level on: down, all that is below, up again. */
    private Tensor level(Tensor x, int i, int downs, boolean port) {
        Tensor small =
                torch.max_pool2d(x, new long[]{3, 3}, new long[]{2, 2}, new long[]{1, 1}, new long[]{1, 1}, false);
        if (i == downs) {
            return units(small, "softmax" + i + "_blocks");
        }
        Tensor here = unit(small, "softmax" + i + "_blocks");
        Tensor below = resize(level(here, i + 1, downs, port), here);
        Tensor sum = below.add(unit(here, "skip" + i + "_connection_residual_block"));
        return unit(port ? sum.add(here) : sum, "softmax" + (2 * downs - i) + "_blocks");
    }

    private Tensor units(Tensor x, String key) {
        return unit(unit(x, key + ".0"), key + ".1");
    }

    private Tensor unit(Tensor x, String key) {
        Tensor y = conv(norm(x, state, key + ".bn1", training).relu(), state, key + ".conv1");
        y = conv(norm(y, state, key + ".bn2", training).relu(), state, key + ".conv2", 1, 1, 1);
        return x.add(conv(norm(y, state, key + ".bn3", training).relu(), state, key + ".conv3"));
    }

    private static Tensor resize(Tensor x, Tensor like) {
        Tensor tall = between(x.size(2), like.size(2)).matmul(x);
        return tall.matmul(between(x.size(3), like.size(3)).t());
    }

    /** Linear interpolation as a matrix, first on first and last on last; its numerators are whole numbers. */
    private static Tensor between(long from, long to) {
        long steps = Math.max(to - 1, 1);
        float[] shares = new float[(int) (to * from)];
        for (int i = 0; i < to; i++) {
            long before = i * (from - 1) / steps;
            long rest = i * (from - 1) % steps;
            shares[(int) (i * from + before)] = steps - rest;
            if (rest > 0) {
                shares[(int) (i * from + before + 1)] = rest;
            }
        }
        return Tensors.of(shares, to, from).to(ScalarType.Double).div(new Scalar(steps));
    }

    @Test
    void aUnitProjectsItsActivatedInputWhereTheShapeChanges() {
        training = false;
        for (long[] shape : new long[][]{{8, 12, 1}, {8, 8, 2}, {6, 8, 2}}) {
            Unit unit = new Unit(shape[0], 4, shape[1], shape[2]);
            unit.to(ScalarType.Double, false);
            randomise(unit, 3);
            unit.eval();
            state = StateDict.of(unit);
            Tensor x = random(1, ScalarType.Double, 2, shape[0], 9, 6);
            Tensor active = norm(x, state, "bn1", false).relu();
            Tensor y = norm(conv(active, state, "conv1"), state, "bn2", false).relu();
            y = norm(conv(y, state, "conv2", 1, 1, shape[2]), state, "bn3", false).relu();
            Tensor expected = conv(y, state, "conv3").add(conv(active, state, "conv4", 0, 1, shape[2]));
            assertThat(magnitude(unit.forward(x).sub(expected))).isLessThan(1e-9);
        }
        assertThat(StateDict.of(new Unit(8, 2, 8, 1))).doesNotContainKey("conv4.weight");
    }

    @Test
    void keysAreThePorts() {
        Layer whole = Attentions.slot("ra:downs=3,trunk=blocks").create(CHANNELS);
        assertThat(StateDict.of(whole)).containsKeys("first_residual_blocks.conv1.weight", "trunk_branches.1.bn3.bias",
                "softmax1_blocks.conv2.weight", "skip1_connection_residual_block.bn2.running_var",
                "softmax2_blocks.conv3.weight", "skip2_connection_residual_block.conv1.weight",
                "softmax3_blocks.0.conv1.weight", "softmax3_blocks.1.conv3.weight", "softmax4_blocks.bn1.weight",
                "softmax5_blocks.conv1.weight", "softmax6_blocks.0.weight", "softmax6_blocks.2.weight",
                "softmax6_blocks.3.running_mean", "softmax6_blocks.5.weight", "last_blocks.conv3.weight");
        assertThat(whole.walk()).containsKeys("mpool1", "mpool2", "mpool3").doesNotContainKey("mpool4");
    }

    /** What pytorchcv's networks have: 31,810,728 and 52,466,344. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1, 31810728", "1, 2, 3, 52466344"})
    void theNetworksOfThePaperCanBeBuiltOfIt(int first, int second, int third, long parameters) {
        List<Module> parts = new ArrayList<>();
        long in = 64;
        int[] modules = {first, second, third, 0};
        for (int stage = 0; stage < 4; stage++) {
            long out = 256L << stage;
            parts.add(new Unit(in, out / 4, out, stage == 0 ? 1 : 2));
            for (int i = 0; i < modules[stage]; i++) {
                parts.add(new ResidualAttention(out, new Config(3 - stage, 4, Trunk.BLOCKS, Form.AUTHORS)));
            }
            in = out;
        }
        parts.add(new Unit(in, in / 4, in, 1));
        parts.add(new Unit(in, in / 4, in, 1));
        long stem = 3 * 64 * 49 + 2 * 64;
        long end = 2 * in + in * 1000 + 1000;
        long sum = parts.stream().mapToLong(StateDict::parameterCount).sum();
        assertThat(stem + sum + end).isEqualTo(parameters);
    }

    @Test
    void showsTheMask() {
        Layer ra = new ResidualAttention(CHANNELS);
        randomise(ra, 3);
        ra.eval();
        Tensor x = random(1, ScalarType.Float, 2, CHANNELS, 9, 7);
        List<Tensor> outputs = new ArrayList<>();
        List<AttentionMap> maps = AttentionMaps.during(() -> outputs.add(ra.forward(x)));
        assertThat(maps).extracting(AttentionMap::kind).containsExactly(Kind.ELEMENT);
        Tensor expected = x.add(x.mul(maps.getFirst().values()));
        assertThat(magnitude(outputs.getFirst().sub(expected))).isLessThan(1e-6);
    }

    /** Not the input, but the bottom of the hourglass is a single position. */
    @Test
    void trainingOnOneSmallImageSaysWhatIsMissing() {
        Layer ra = new ResidualAttention(CHANNELS);
        ra.train(true);
        assertThatThrownBy(() -> ra.forward(random(1, ScalarType.Float, 1, CHANNELS, 4, 4)))
                .hasMessageStartingWith("ra: its batch norm needs more than one value a channel in training");
        ra.eval();
        assertThat(magnitude(ra.forward(random(1, ScalarType.Float, 1, CHANNELS, 4, 4)))).isFinite();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"downs=0 | ra: downs is 0, must be at least 1",
        "reduction=0 | ra: reduction is 0, must be at least 1",
        "reduction=9 | ra: reduction=9 leaves no hidden unit for 8 channels; give a reduction of at most 8",
        "trunk=none | ra: trunk is 'none'; known: identity, blocks",
        "form=paper | ra: form is 'paper'; known: authors, port"})
    void wrongArgumentsAreNamed(String args, String message) {
        assertThatThrownBy(() -> Attentions.slot("ra:" + args).create(CHANNELS)).hasMessage(message);
    }
}
