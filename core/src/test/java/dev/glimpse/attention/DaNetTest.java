package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code pam}, {@code cam} and {@code danet}. */
class DaNetTest {
    private static final double PRECISION = 1e-11;

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /** The last is far above the number of weights from which the fused form runs. */
    @ParameterizedTest
    @CsvSource({"8, 3, 5, 8", "16, 7, 1, 2", "13, 1, 1, 8", "16, 33, 35, 8"})
    void positionAttentionIsItsFormula(long channels, long height, long width, long reduction) {
        Layer pam = build("pam:reduction=" + reduction, channels);
        Tensor x = random(1, ScalarType.Double, 2, channels, height, width);
        Tensor expected = positionAttention(StateDict.of(pam), "", x);
        assertThat(magnitude(pam.forward(x).sub(expected))).isLessThan(PRECISION * magnitude(expected));
        List<Tensor> watched = new ArrayList<>();
        AttentionMaps.during(() -> watched.add(pam.forward(x)));
        assertThat(magnitude(watched.getFirst().sub(expected))).isLessThan(PRECISION * magnitude(expected));
    }

    @ParameterizedTest
    @ValueSource(strings = {"code", "paper"})
    void channelAttentionIsItsFormula(String form) {
        Layer cam = build("cam:form=" + form, 6);
        Tensor x = random(1, ScalarType.Double, 2, 6, 3, 5);
        double gamma = StateDict.parameters(cam).get("gamma").item_double();
        double[] in = doubles(x);
        double[] out = doubles(cam.forward(x));
        for (int b = 0; b < 2; b++) {
            double[][] map = new double[6][];
            for (int c = 0; c < 6; c++) {
                int row = (b * 6 + c) * 15;
                map[c] = Arrays.copyOfRange(in, row, row + 15);
            }
            for (int i = 0; i < 6; i++) {
                double[] weights = channelWeights(map, i, form.equals("paper"));
                for (int n = 0; n < 15; n++) {
                    double mixed = 0;
                    for (int j = 0; j < 6; j++) {
                        mixed += weights[j] * map[j][n];
                    }
                    assertThat(out[(b * 6 + i) * 15 + n]).isCloseTo(gamma * mixed + map[i][n], within(PRECISION));
                }
            }
        }
    }

    private static double[] channelWeights(double[][] map, int i, boolean paper) {
        double[] energies = new double[map.length];
        double most = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < map.length; j++) {
            for (int n = 0; n < map[0].length; n++) {
                energies[j] += map[i][n] * map[j][n];
            }
            most = Math.max(most, energies[j]);
        }
        double sum = 0;
        double[] weights = new double[map.length];
        for (int j = 0; j < map.length; j++) {
            weights[j] = Math.exp(paper ? energies[j] - most : most - energies[j]);
            sum += weights[j];
        }
        for (int j = 0; j < map.length; j++) {
            weights[j] /= sum;
        }
        return weights;
    }

    @ParameterizedTest
    @CsvSource({"0, code", "5, code", "5, paper"})
    void theHeadIsItsFormula(long classes, String form) {
        DaNet head = (DaNet) build("danet:out_channels=" + classes + ",form=" + form, 32);
        Map<String, Tensor> state = StateDict.of(head);
        Tensor x = random(1, ScalarType.Double, 2, 32, 5, 7);
        Tensor position = block(state, "conv51", positionAttention(state, "sa.", block(state, "conv5a", x)));
        Tensor between = block(state, "conv5c", x);
        Tensor flat = between.flatten(2, 3);
        Tensor energy = flat.matmul(flat.transpose(1, 2));
        Tensor weights = (form.equals("paper") ? energy : Tensors.max(energy, 2).sub(energy)).softmax(2);
        Tensor channel = block(state, "conv52", between.add(state.get("sc.gamma")
                .mul(weights.matmul(flat).reshape(Tensors.shape(between)))));
        DaNet.Result result = head.branches(x);
        requireClose(result.sum(), convolution(state, "conv8.1", position.add(channel), 0));
        requireClose(result.position(), convolution(state, "conv6.1", position, 0));
        requireClose(result.channel(), convolution(state, "conv7.1", channel, 0));
        assertThat(head.forward(x).equal(result.sum())).isTrue();
        assertThat(result.sum().size(1)).isEqualTo(classes == 0 ? 32 : classes);
    }

    @Test
    void theHeadsKeysAreTheAuthors() {
        assertThat(StateDict.parameters(new DaNet(64)).keySet()).containsExactlyInAnyOrder("conv5a.0.weight",
                "conv5a.1.weight", "conv5a.1.bias", "conv5c.0.weight", "conv5c.1.weight", "conv5c.1.bias",
                "sa.gamma", "sa.query_conv.weight", "sa.query_conv.bias", "sa.key_conv.weight", "sa.key_conv.bias",
                "sa.value_conv.weight", "sa.value_conv.bias", "sc.gamma", "conv51.0.weight", "conv51.1.weight",
                "conv51.1.bias", "conv52.0.weight", "conv52.1.weight", "conv52.1.bias", "conv6.1.weight",
                "conv6.1.bias", "conv7.1.weight", "conv7.1.bias", "conv8.1.weight", "conv8.1.bias");
    }

    @ParameterizedTest
    @CsvSource({"32, 1321", "64, 5201", "128, 20641", "512, 328321", "2048, 5245441"})
    void parametersAreAsMany(long channels, long count) {
        assertThat(StateDict.parameterCount(new Pam(channels))).isEqualTo(count);
        assertThat(StateDict.parameterCount(new Cam(channels))).isEqualTo(1);
    }

    @Test
    void newAttentionsAreTheIdentity() {
        Tensor x = random(1, ScalarType.Float, 2, 32, 5, 4);
        assertThat(new Pam(32).forward(x).equal(x)).isTrue();
        assertThat(new Cam(32).forward(x).equal(x)).isTrue();
    }

    @Test
    void dropoutActsInTrainingAlone() {
        DaNet head = new DaNet(32, new DaNet.Config(0, 0.5, Cam.Config.DEFAULT));
        Tensor x = random(1, ScalarType.Float, 2, 32, 5, 4);
        assertThat(run(head, x, 1).equal(run(head, x, 2))).isFalse();
        assertThat(run(head, x, 1).equal(run(head, x, 1))).isTrue();
        head.eval();
        assertThat(run(head, x, 1).equal(run(head, x, 2))).isTrue();
    }

    /** The slot's forward leaves two of the head's convolutions without gradient; nothing else. */
    @Test
    void inASlotTheBranchesOwnConvolutionsDoNotLearn() {
        DaNet head = (DaNet) build("danet", 32);
        head.forward(random(1, ScalarType.Double, 2, 32, 5, 4)).sum().backward();
        StateDict.parameters(head).forEach((key, parameter) -> assertThat(parameter.grad().defined()).as(key)
                .isEqualTo(!key.startsWith("conv6.") && !key.startsWith("conv7.")));
    }

    @Test
    void bothBranchesAreShown() {
        DaNet head = (DaNet) build("danet", 32);
        List<AttentionMap> maps = AttentionMaps
                .during(() -> head.forward(random(1, ScalarType.Double, 2, 32, 5, 4)));
        assertThat(maps).extracting(AttentionMap::kind).containsExactly(Kind.PAIRS, Kind.CHANNEL_PAIRS);
        assertThat(Tensors.shape(maps.get(0).values())).containsExactly(2, 1, 20, 20);
        assertThat(Tensors.shape(maps.get(1).values())).containsExactly(2, 1, 8, 8);
        assertThat(maps.get(0).source()).isSameAs(head.parts().get("sa"));
        assertThat(maps.get(1).source()).isSameAs(head.parts().get("sc"));
        for (AttentionMap map : maps) {
            Tensor sums = map.values().sum(3);
            assertThat(magnitude(sums.sub(torch.ones_like(sums)))).isLessThan(1e-12);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            textBlock = """
                    pam                  | 4  | pam: reduction=8 leaves no hidden unit for 4 channels; give a reduction of at most 4
                    pam:reduction=0      | 32 | pam: reduction is 0, must be at least 1
                    cam                  | 0  | cam: channels is 0, must be at least 1
                    cam:form=max         | 32 | cam: form is 'max'; known: code, paper
                    danet                | 31 | danet: channels is 31, must be at least 32
                    danet:dropout=1      | 32 | danet: dropout is 1.0, must be at least 0 and below 1
                    danet:out_channels=-1| 32 | danet: out_channels is -1, must not be negative
                    """)
    void wrongArgumentsAreNamed(String attention, long channels, String message) {
        assertThatThrownBy(() -> Attentions.slot(attention).create(channels))
                .isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource({"pam, 2x16x5x4", "cam, 2x16x5x4", "danet, 2x16x5x4", "pam, 2x32x20", "cam, 32x5x4", "danet, 2x32x0x4"})
    void wrongInputsAreNamed(String name, String shape) {
        long[] sizes = Arrays.stream(shape.split("x")).mapToLong(Long::parseLong).toArray();
        assertThatThrownBy(() -> Attentions.slot(name).create(32).forward(random(1, ScalarType.Float, sizes)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(name + ": takes maps of (images, 32, height, width), got " + shape);
    }

    @Test
    void whatCannotFitIsRefusedAtOnce() {
        Tensor map = torch.zeros(1, 8, 1, 1).expand(1, 8, 4000, 4000);
        Tensor channels = torch.zeros(1, 1, 1, 1).expand(1, 2_000_000, 1, 1);
        Pam pam = new Pam(8);
        Cam cam = new Cam(2_000_000);
        assertTimeout(Duration.ofSeconds(20), () -> {
            assertThatThrownBy(() -> AttentionMaps.during(() -> pam.forward(map)))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("pam: this input needs ")
                    .hasMessageEndingWith("use a smaller map, or do not watch its attention");
            assertThatThrownBy(() -> cam.forward(channels)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("cam: this input needs ").hasMessageContaining(" GiB are available; ");
        });
    }

    private static double[] doubles(Tensor x) {
        return Tensors.memory(x.detach().contiguous()).toArray(ValueLayout.JAVA_DOUBLE);
    }

    private static Tensor run(DaNet head, Tensor x, long seed) {
        torch.manual_seed(seed);
        return head.forward(x);
    }

    private static Layer build(String attention, long channels) {
        Layer layer = Attentions.slot(attention).create(channels);
        layer.to(ScalarType.Double, false);
        randomise(layer, 5);
        layer.eval();
        return layer;
    }

    private static Tensor positionAttention(Map<String, Tensor> state, String prefix, Tensor x) {
        Tensor q = convolution(state, prefix + "query_conv", x, 0).flatten(2, 3);
        Tensor k = convolution(state, prefix + "key_conv", x, 0).flatten(2, 3);
        Tensor v = convolution(state, prefix + "value_conv", x, 0).flatten(2, 3);
        Tensor weights = q.transpose(1, 2).matmul(k).softmax(2);
        return state.get(prefix + "gamma").mul(v.matmul(weights.transpose(1, 2)).reshape(Tensors.shape(x))).add(x);
    }

    /** A 3x3 convolution, batch norm and ReLU. */
    private static Tensor block(Map<String, Tensor> state, String key, Tensor x) {
        Tensor y = convolution(state, key + ".0", x, 1).sub(column(state, key + ".1.running_mean"));
        Tensor deviation = column(state, key + ".1.running_var").add(new Scalar(1e-5)).sqrt();
        return y.div(deviation).mul(column(state, key + ".1.weight")).add(column(state, key + ".1.bias")).relu();
    }

    private static Tensor column(Map<String, Tensor> state, String key) {
        return state.get(key).view(1, -1, 1, 1);
    }

    private static Tensor convolution(Map<String, Tensor> state, String key, Tensor x, long padding) {
        Tensor bias = state.get(key + ".bias");
        return torch.conv2d(x, state.get(key + ".weight"),
                bias == null ? new TensorOptional() : new TensorOptional(bias), new long[]{1, 1},
                new long[]{padding, padding}, new long[]{1, 1}, 1);
    }

    private static void requireClose(Tensor got, Tensor expected) {
        assertThat(magnitude(got.sub(expected))).isLessThan(PRECISION * magnitude(expected));
    }
}
