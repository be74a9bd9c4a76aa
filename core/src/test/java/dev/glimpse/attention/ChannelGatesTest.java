package dev.glimpse.attention;

import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static dev.glimpse.attention.Slow.RELU;
import static dev.glimpse.attention.Slow.SIGMOID;
import static dev.glimpse.attention.Slow.assertSame;
import static dev.glimpse.attention.Slow.dense;
import static dev.glimpse.attention.Slow.gated;
import static dev.glimpse.attention.Slow.map;
import static dev.glimpse.attention.Slow.maps;
import static dev.glimpse.attention.Slow.points;
import static dev.glimpse.attention.Slow.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Squeeze-and-excitation, pyramid and efficient channel attention against loops; {@code ge} and {@code fca} have theirs. */
class ChannelGatesTest {
    private static final int CHANNELS = 24;
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
    @ValueSource(strings = {"se:reduction=4", "se:reduction=5,bias=true", "se:bias=true"})
    void seIsAnMlpOverTheMeans(String text) {
        Layer se = build(text);
        Tensor x = input(9, 7);
        boolean bias = text.contains("bias");
        assertThat(StateDict.of(se)).hasSize(bias ? 4 : 2);
        double[][][][] hidden = map(dense(points(Slow.mean(maps(x))), state(se, "fc.0.weight"),
                bias ? state(se, "fc.0.bias") : null), RELU);
        double[][][][] logits = dense(hidden, state(se, "fc.2.weight"), bias ? state(se, "fc.2.bias") : null);
        assertSame(se.forward(x), gated(maps(x), map(logits, SIGMOID)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"se-timm", "se-timm:bias=false", "se-timm:add_maxpool=true",
        "se-timm:rd_channels=5,bias=false,add_maxpool=true"})
    void seTimmPoolsTheMaximumInWhereAsked(String text) {
        Layer se = build(text);
        Tensor x = input(9, 7);
        boolean bias = !text.contains("bias=false");
        double[][] pooled = text.contains("add_maxpool") ? Slow.halfMeanHalfMax(maps(x)) : Slow.mean(maps(x));
        double[][][][] hidden = map(dense(points(pooled), state(se, "fc1.weight"),
                bias ? state(se, "fc1.bias") : null), RELU);
        double[][][][] logits = dense(hidden, state(se, "fc2.weight"), bias ? state(se, "fc2.bias") : null);
        assertSame(se.forward(x), gated(maps(x), map(logits, SIGMOID)));
    }

    /** What timm's make_divisible gives with a round limit of 0. */
    @ParameterizedTest
    @CsvSource({"64, '', 8", "32, '', 8", "128, '', 8", "192, '', 16", "256, '', 16", "64, ':rd_divisor=1', 4",
        "40, ':rd_divisor=1', 3", "24, ':rd_divisor=1', 2", "64, ':rd_ratio=0.25', 16", "72, ':rd_ratio=0.25', 16",
        "80, ':rd_ratio=0.25', 24", "8, ':rd_ratio=0.01', 8", "64, ':rd_channels=7', 7",
        "8, ':rd_ratio=0.01,rd_divisor=1', 1"})
    void timmRoundsTheHiddenWidth(long channels, String options, long hidden) {
        Layer se = Attentions.slot("se-timm" + options).create(channels);
        assertThat(Tensors.shape(StateDict.of(se).get("fc1.weight"))).containsExactly(hidden, channels, 1, 1);
        assertThat(Tensors.shape(StateDict.of(se).get("fc2.weight"))).containsExactly(channels, hidden, 1, 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ese", "ese:add_maxpool=true"})
    void eseIsOneLayerAndAHardSigmoid(String text) {
        Layer ese = build(text);
        Tensor x = input(9, 7).mul(Tensors.of(new float[]{8}, 1)); // so that some gates are 0 and some 1
        double[][] pooled = text.contains("add_maxpool") ? Slow.halfMeanHalfMax(maps(x)) : Slow.mean(maps(x));
        double[][][][] gate = map(dense(points(pooled), state(ese, "fc.weight"), state(ese, "fc.bias")),
                v -> v <= -3 ? 0 : v >= 3 ? 1 : v / 6 + 0.5);
        assertSame(ese.forward(x), gated(maps(x), gate));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 3", "7, 7", "9, 7", "13, 1", "8, 8", "3, 17"})
    void spaIsAnMlpOverThreeGrids(int height, int width) {
        for (String text : List.of("spa:reduction=4", "spa:reduction=7,hidden=article")) {
            Layer spa = build(text);
            Tensor x = input(height, width);
            double[][][][] pyramid = Slow.empty(2, 21 * CHANNELS, 1, 1);
            int start = 0;
            for (int side : new int[]{1, 2, 4}) {
                int offset = start;
                double[][][][] grid = Slow.grid(maps(x), side, side);
                Slow.each(grid,
                        (b, c, i, j) -> pyramid[b][offset + (c * side + i) * side + j][0][0] = grid[b][c][i][j]);
                start += CHANNELS * side * side;
            }
            double[][][][] hidden = map(dense(pyramid, state(spa, "fc.0.weight"), null), RELU);
            assertThat(hidden[0]).hasNumberOfRows(text.contains("article") ? 21 * CHANNELS / 7 : CHANNELS / 4);
            double[][][][] gate = map(dense(hidden, state(spa, "fc.2.weight"), null), SIGMOID);
            assertSame(spa.forward(x), gated(maps(x), gate));
        }
    }

    @ParameterizedTest
    @CsvSource({"'', 3, 24", ":kernel=1, 1, 24", ":kernel=3, 3, 24", ":kernel=5, 5, 24", ":kernel=9, 9, 4",
        ":kernel=9, 9, 5", ":kernel=3, 3, 1", ":gamma=1, 5, 24", ":b=-20, 7, 64"})
    void ecaTakesInZerosAndCecaTheOtherEnd(String options, int kernel, int channels) {
        for (String name : List.of("eca", "ceca")) {
            Layer eca = build(name + options, channels);
            Tensor x = random(2, ScalarType.Double, 2, channels, 9, 7);
            double[] weight = state(eca, "conv.weight");
            assertThat(weight).hasSize(kernel);
            assertThat(StateDict.of(eca)).containsOnlyKeys("conv.weight");
            double[][] means = Slow.mean(maps(x));
            double[][][][] logits = Slow.each(Slow.empty(2, channels, 1, 1), (b, c, _, _) -> {
                double sum = 0;
                for (int k = 0; k < kernel; k++) {
                    int other = c + k - kernel / 2;
                    boolean inside = other >= 0 && other < channels;
                    sum += weight[k] * (inside ? means[b][other]
                            : name.equals("eca") ? 0 : means[b][(other + channels) % channels]);
                }
                return sum;
            });
            assertSame(eca.forward(x), gated(maps(x), map(logits, SIGMOID)));
        }
    }

    @Test
    void ecaKernelsFollowFromTheChannels() {
        long[][] widths = {{32, 64, 128, 256, 512, 1024, 2048}, {64, 128, 256, 512, 1024, 2048}, {64, 128, 256, 512},
            {256, 512, 1024, 2048}};
        long[][] kernels = {{3, 3, 5, 5, 5, 5, 7}, {3, 5, 5, 5, 5, 7}, {3, 5, 5, 5}, {5, 5, 5, 7}};
        for (int row = 0; row < widths.length; row++) {
            for (int i = 0; i < widths[row].length; i++) {
                assertThat(parameters("eca", widths[row][i])).as("%d", widths[row][i]).isEqualTo(kernels[row][i]);
                assertThat(parameters("ceca", widths[row][i])).isEqualTo(kernels[row][i]);
            }
        }
    }

    /** With the paper's gamma and b, t is the largest for which 2^(2t - 1) channels or fewer: no logarithm needed. */
    @Test
    void ecaKernelsAreExactForEveryWidth() {
        for (long channels = 1; channels <= 1 << 16; channels++) {
            long t = 0;
            while (1L << 2 * t + 1 <= channels) {
                t++;
            }
            assertThat(Eca.kernel(channels, 0, 2, 1)).as("%d", channels).isEqualTo(Math.max(t % 2 == 0 ? t + 1 : t, 3));
        }
        for (int power = 0; power < 40; power++) {
            assertThat(Eca.kernel(1L << power, 0, 1, 0)).isEqualTo(Math.max(power / 2 * 2 + 1, 3));
        }
        assertThat(Eca.kernel(64, 0, 0.5, 1.5)).isEqualTo(15);
        assertThat(Eca.kernel(64, 0, 2, -13)).isEqualTo(3);
    }

    /** Kernels 3, 5, 5, 7 in stages of 3, 4, 6 and 3 blocks: ECA adds 80 parameters to a ResNet-50. */
    @Test
    void ecaNet50HasEightyMoreParameters() {
        long[] kernels = {3, 5, 5, 7};
        long[] blocks = {3, 4, 6, 3};
        long sum = 0;
        for (int stage = 0; stage < 4; stage++) {
            sum += blocks[stage] * parameters("eca:kernel=" + kernels[stage], 256L << stage);
        }
        assertThat(sum).isEqualTo(80);
    }

    @ParameterizedTest
    @CsvSource({"32, 162, 128, 3, 1408, 29568", "64, 580, 512, 3, 5632, 118272", "128, 2184, 2048, 5, 22528, 473088",
        "256, 8464, 8192, 5, 90112, 1892352", "512, 33312, 32768, 5, 360448, 7569408",
        "1024, 132160, 131072, 5, 1441792, 30277632", "2048, 526464, 524288, 7, 5767168, 121110528"})
    void parametersAreAsCounted(long channels, long seBias, long se, long eca, long spa, long spaArticle) {
        assertThat(parameters("se:bias=true", channels)).isEqualTo(seBias);
        assertThat(parameters("se", channels)).isEqualTo(se);
        assertThat(parameters("se-timm:rd_divisor=1", channels)).isEqualTo(seBias);
        assertThat(parameters("eca", channels)).isEqualTo(eca);
        assertThat(parameters("spa", channels)).isEqualTo(spa);
        assertThat(parameters("spa:hidden=article", channels)).isEqualTo(spaArticle);
        assertThat(parameters("fca", channels)).isEqualTo(se);
        assertThat(parameters("ese", channels)).isEqualTo(channels * channels + channels);
    }

    @ParameterizedTest
    @ValueSource(strings = {"se", "se-timm", "ese", "spa", "eca", "ceca", "fca", "ge", "ge:extent=4",
        "ge:extra_params=true,extent=2", "ge:extra_params=true,height=9,width=7"})
    void theGateShownIsTheGateApplied(String text) {
        Layer layer = Attentions.slot(text).create(64);
        randomise(layer, 3);
        layer.eval();
        Tensor x = random(1, ScalarType.Float, 2, 64, 9, 7);
        List<Tensor> outputs = new ArrayList<>();
        List<AttentionMap> maps = AttentionMaps.during(() -> outputs.add(layer.forward(x)));
        boolean element = text.startsWith("ge");
        assertThat(maps).hasSize(1);
        assertThat(maps.getFirst().kind()).isEqualTo(element ? Kind.ELEMENT : Kind.CHANNEL);
        assertThat(maps.getFirst().source()).isSameAs(layer);
        Tensor gate = maps.getFirst().values();
        assertThat(Tensors.shape(gate)).containsExactly(2, 64, element ? 9 : 1, element ? 7 : 1);
        assertThat(x.mul(gate).equal(outputs.getFirst())).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"se", "se-timm", "ese", "ge", "spa", "eca", "ceca", "fca"})
    void otherChannelsOrRanksAreRefusedInOneLine(String name) {
        Layer layer = Attentions.slot(name).create(64);
        assertThatThrownBy(() -> layer.forward(random(1, ScalarType.Float, 2, 32, 9, 7)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(name + ": takes maps of (images, 64, height, width), got 2x32x9x7");
        assertThatThrownBy(() -> layer.forward(random(1, ScalarType.Float, 64, 9, 7)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageEndingWith("got 64x9x7");
    }

    @ParameterizedTest
    @CsvSource({"se:reduction=0, 'se: reduction is 0, must be at least 1'",
        "se:reduction=65, 'se: reduction=65 leaves no hidden unit for 64 channels'", "se:bias=no, bias is 'no'",
        "se-timm:rd_ratio=0, 'se-timm: rd_ratio is 0.0, must be above 0'",
        "se-timm:rd_channels=-1, 'se-timm: rd_channels is -1, must not be negative'",
        "se-timm:rd_divisor=0, 'se-timm: rd_divisor is 0, must be at least 1'", "ese:bias=true, 'ese has no argument'",
        "spa:reduction=0, 'spa: reduction is 0'", "spa:reduction=65, 'spa: reduction=65 leaves no hidden unit'",
        "spa:hidden=paper, 'spa: hidden is ''paper''; known: authors, article'",
        "eca:kernel=4, 'eca: kernel is 4, must be odd and positive'", "eca:kernel=-1, 'eca: kernel is -1'",
        "eca:gamma=0, 'eca: gamma is 0.0, must be above 0'", "ceca:gamma=-1, 'ceca: gamma is -1.0'",
        "ceca:kernel=2, 'ceca: kernel is 2'",
        "ceca:kernel=131, 'a kernel of 131 goes more than once around 64 channels; give one of at most 129'"})
    void aWrongValueIsNamed(String text, String said) {
        assertThatThrownBy(() -> Attentions.slot(text).create(64)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(said).message().doesNotContain("\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"se", "se-timm", "ese", "ge", "spa", "eca", "ceca", "fca"})
    void channelsMustBePositive(String name) {
        assertThatThrownBy(() -> Attentions.slot(name).create(0)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage(name + ": channels is 0, must be at least 1");
    }

    @Test
    void ecaRefusesAnInfiniteOffset() {
        assertThatThrownBy(() -> new Eca.Config(0, 2, Double.NaN)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("eca: b is NaN, must be finite");
    }

    private static Layer build(String text) {
        return build(text, CHANNELS);
    }

    private static Layer build(String text, long channels) {
        Layer layer = Attentions.slot(text).create(channels);
        layer.to(ScalarType.Double, false);
        randomise(layer, 5);
        return layer;
    }

    private static Tensor input(long height, long width) {
        return random(2, ScalarType.Double, 2, CHANNELS, height, width);
    }

    private static long parameters(String text, long channels) {
        try (PointerScope _ = new PointerScope()) {
            return StateDict.parameterCount(Attentions.slot(text).create(channels));
        }
    }
}
