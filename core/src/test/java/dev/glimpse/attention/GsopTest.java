package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.attention.Gsop.Config;
import dev.glimpse.attention.Gsop.Form;
import dev.glimpse.attention.Gsop.Mode;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class GsopTest {
    private static final double TOLERANCE = 1e-11;
    private static final int DIM = 6;

    @ParameterizedTest
    @CsvSource({"channel, 32", "position, 32", "average, 32", "maximum, 32", "concatenation, 64", "concatenation, 128"})
    void asTheAuthorsAndAsThePaper(String mode, int channels) {
        for (Form form : Form.values()) {
            Layer gsop = build(mode, channels, form);
            for (long[] map : new long[][]{{9, 11}, {5, 3}, {16, 8}}) {
                Tensor x = random(1, ScalarType.Double, 2, channels, map[0], map[1]);
                SlowMaps expected = fused(mode, SlowMaps.of(x), StateDict.of(gsop), form == Form.PAPER);
                assertThat(expected.distance(gsop.forward(x))).as(form + " " + map[0]).isLessThan(TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void theFormsDiffer(Mode mode) {
        Tensor x = random(1, ScalarType.Double, 2, 64, 9, 7);
        Layer authors = build(mode.name(), 64, Form.AUTHORS);
        Layer paper = build(mode.name(), 64, Form.PAPER);
        assertThat(StateDict.of(paper).keySet()).isEqualTo(StateDict.of(authors).keySet());
        StateDict.load(paper, StateDict.of(authors));
        assertThat(paper.forward(x).equal(authors.forward(x))).isFalse();
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void mapsOfAnySizeTrain(Mode mode) {
        Layer gsop = build(mode.name(), 64, Form.AUTHORS);
        gsop.train(true);
        for (long[] map : new long[][]{{1, 1}, {13, 1}, {7, 10}}) {
            Tensor x = random(1, ScalarType.Double, 2, 64, map[0], map[1]).set_requires_grad(true);
            Tensor y = gsop.forward(x);
            y.sum().backward();
            assertThat(Tensors.shape(y)).containsExactly(2, 64, map[0], map[1]);
            assertThat(magnitude(y)).isFinite().isPositive();
            assertThat(magnitude(x.grad())).isFinite();
        }
    }

    @Test
    void aFusionHasTheKeysOfBothAndItsOwn() {
        List<String> expected = new ArrayList<>(StateDict.of(build("channel", 64, Form.AUTHORS)).keySet());
        expected.addAll(StateDict.of(build("position", 64, Form.AUTHORS)).keySet());
        assertThat(StateDict.of(build("average", 64, Form.AUTHORS)).keySet())
                .containsExactlyInAnyOrderElementsOf(expected);
        assertThat(StateDict.of(build("maximum", 64, Form.AUTHORS)).keySet())
                .containsExactlyInAnyOrderElementsOf(expected);
        expected.addAll(List.of("dilate_conv_for_concat1.weight", "dilate_conv_for_concat1.bias",
                "dilate_conv_for_concat2.weight", "dilate_conv_for_concat2.bias", "bn_for_concat.weight",
                "bn_for_concat.bias", "bn_for_concat.running_mean", "bn_for_concat.running_var",
                "bn_for_concat.num_batches_tracked"));
        assertThat(StateDict.of(build("concatenation", 64, Form.AUTHORS)).keySet())
                .containsExactlyInAnyOrderElementsOf(expected);
    }

    @ParameterizedTest
    @CsvSource({"64, 1, 15", "128, 2, 13", "192, 3, 11", "256, 4, 11", "2048, 32, 5", "3072, 48, 5", "4096, 64, 3"})
    void theConcatenationsKernelShrinksWithTheGroups(long channels, long groups, long kernel) {
        Map<String, Tensor> state = StateDict
                .of(new Gsop(channels, new Config(Mode.CONCATENATION, DIM, Form.AUTHORS)));
        assertThat(Tensors.shape(state.get("dilate_conv_for_concat1.weight"))).containsExactly(channels,
                channels / groups, kernel, 1);
    }

    @Test
    void theDefaultIsThePaperMainForm() {
        Layer gsop = Attentions.slot("gsop").create(128);
        long dim = 128;
        long reduce = 128 * dim + dim;
        long norms = 2 * 2 * dim;
        long rowConv = 4 * dim * dim + 4 * dim;
        long fc = 4 * dim * 128 + 128;
        assertThat(StateDict.parameterCount(gsop)).isEqualTo(reduce + norms + rowConv + fc);
        Tensor x = random(1, ScalarType.Float, 2, 128, 14, 14);
        assertThat(Tensors.shape(gsop.forward(x))).containsExactly(2, 128, 14, 14);
    }

    /** A stride makes four positions of a 4x4 map; without, a change anywhere changes the gate. */
    @ParameterizedTest
    @CsvSource({"256, true", "260, false"})
    void narrowMapsAreReadAtEverySecondPosition(int channels, boolean strided) {
        Layer gsop = build("channel", channels, Form.AUTHORS);
        Tensor x = random(1, ScalarType.Double, 2, channels, 4, 4);
        Tensor moved = x.clone();
        moved.narrow(2, 1, 1).mul_(Tensors.of(new float[]{3}, 1));
        assertThat(gate(gsop, moved).equal(gate(gsop, x))).isEqualTo(strided);
    }

    @Test
    void channelGatesThenPositionGatesAreShown() {
        Tensor x = random(1, ScalarType.Double, 2, 64, 9, 7);
        for (Mode mode : Mode.values()) {
            Layer gsop = build(mode.name(), 64, Form.AUTHORS);
            List<Tensor> outputs = new ArrayList<>();
            List<AttentionMap> maps = AttentionMaps.during(() -> outputs.add(gsop.forward(x)));
            assertThat(maps).allMatch(map -> map.source() == gsop);
            switch (mode) {
                case CHANNEL -> {
                    assertThat(maps).extracting(AttentionMap::kind).containsExactly(Kind.CHANNEL);
                    assertThat(Tensors.shape(maps.getFirst().values())).containsExactly(2, 64, 1, 1);
                    assertThat(outputs.getFirst().equal(x.mul(maps.getFirst().values()))).isTrue();
                }
                case POSITION -> {
                    assertThat(maps).extracting(AttentionMap::kind).containsExactly(Kind.SPATIAL);
                    assertThat(Tensors.shape(maps.getFirst().values())).containsExactly(2, 1, 9, 7);
                    assertThat(outputs.getFirst().equal(x.mul(maps.getFirst().values()).relu())).isTrue();
                }
                default -> assertThat(maps).extracting(AttentionMap::kind).containsExactly(Kind.CHANNEL, Kind.SPATIAL);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"gsop:dim=1 | 64 | gsop: dim is 1, must be at least 2, for a covariance",
        "gsop:mode=both | 64 | gsop: mode is 'both'; known: channel, position, average, maximum, concatenation",
        "gsop:form=article | 64 | gsop: form is 'article'; known: authors, paper",
        "gsop | 0 | gsop: channels is 0, must be at least 1",
        "gsop:mode=concatenation | 32 | "
                + "gsop: mode=concatenation splits channels into groups of 64, and 32 do not; give a multiple of 64",
        "gsop:mode=concatenation | 200 | "
                + "gsop: mode=concatenation splits channels into groups of 64, and 200 do not; give a multiple of 64",
        "gsop:mode=concatenation,dim=2 | 16384 | "
                + "gsop: for 16384 channels the kernel of mode=concatenation is -1, must be odd and positive"})
    void whatDoesNotGoIsSaid(String name, long channels, String message) {
        assertThatThrownBy(() -> Attentions.slot(name).create(channels)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void whatCannotBeNormalisedIsSaid() {
        Layer gsop = new Gsop(64);
        Tensor image = random(1, ScalarType.Float, 1, 64, 2, 2);
        assertThatThrownBy(() -> gsop.forward(image)).as("one position with stride 2")
                .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("gsop: its batch norm needs");
        assertThatThrownBy(() -> gsop.forward(image.narrow(1, 0, 32))).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("gsop: takes maps of (images, 64, height, width), got 1x32x2x2");
    }

    private static Layer build(String mode, long channels, Form form) {
        Layer gsop = Attentions.slot("gsop:dim=" + DIM + ",mode=" + mode + ",form=" + form).create(channels);
        gsop.to(ScalarType.Double, false);
        randomise(gsop, 3);
        gsop.eval();
        return gsop;
    }

    private static Tensor gate(Layer gsop, Tensor x) {
        return AttentionMaps.during(() -> gsop.forward(x)).getFirst().values();
    }

    private static SlowMaps fused(String mode, SlowMaps x, Map<String, Tensor> state, boolean paper) {
        if (mode.equals("channel")) {
            return byChannel(x, state, paper);
        }
        SlowMaps position = byPosition(x, state, paper);
        if (mode.equals("position")) {
            return position;
        }
        SlowMaps channel = byChannel(x, state, paper);
        return switch (mode) {
            case "average" -> x.with((b, c, h, w) -> channel.at(b, c, h, w) + position.at(b, c, h, w));
            case "maximum" -> x.with((b, c, h, w) -> Math.max(channel.at(b, c, h, w), position.at(b, c, h, w)));
            default -> {
                int groups = x.channels() / 64;
                int padding = groups == 1 ? 7 : 6;
                SlowMaps first = channel.conv(state, "dilate_conv_for_concat1", 1, padding, 0, 1, groups);
                SlowMaps second = position.conv(state, "dilate_conv_for_concat2", 1, padding, 0, 1, groups);
                yield x.with((b, c, h, w) -> first.at(b, c, h, w) + second.at(b, c, h, w)).norm(state,
                        "bn_for_concat");
            }
        };
    }

    private static SlowMaps byChannel(SlowMaps x, Map<String, Tensor> state, boolean paper) {
        SlowMaps features = x.relu().conv(state, "conv_for_DR", 2, 0, 0, 1, 1).norm(state, "bn_for_DR").relu();
        int positions = features.height() * features.width();
        SlowMaps means = features.spatialMean();
        SlowMaps covariance = SlowMaps.by(x.batch(), DIM, DIM, 1, (b, i, j, _) -> {
            double sum = 0;
            for (int p = 0; p < positions; p++) {
                sum += (at(features, b, i, p) - means.at(b, i, 0, 0)) * (at(features, b, j, p) - means.at(b, j, 0, 0));
            }
            return sum / positions;
        });
        SlowMaps rows = covariance.norm(state, "row_bn").conv(state, "row_conv_group", 1, 0, 0, 1, DIM);
        SlowMaps gate = (paper ? rows.each(v -> v > 0 ? v : 0.1 * v) : rows).conv(state, "fc_adapt_channels").sigmoid();
        return x.with((b, c, h, w) -> x.at(b, c, h, w) * gate.at(b, c, 0, 0));
    }

    private static SlowMaps byPosition(SlowMaps x, Map<String, Tensor> state, boolean paper) {
        SlowMaps features = x.relu().conv(state, "conv_for_DR_spatial").norm(state, "bn_for_DR_spatial").cells(8, 8);
        double samples = paper ? DIM : 64;
        SlowMaps covariance = SlowMaps.by(x.batch(), 64, 64, 1, (b, p, q, _) -> {
            double sum = 0;
            for (int i = 0; i < DIM; i++) {
                for (int j = 0; j < DIM; j++) {
                    double centring = (i == j ? 1 : 0) - 1 / samples;
                    sum += at(features, b, i, p) * centring * at(features, b, j, q);
                }
            }
            return sum / samples;
        });
        SlowMaps gate = covariance.norm(state, "row_bn_for_spatial")
                .conv(state, "row_conv_group_for_spatial", 1, 0, 0, 1, 64).relu()
                .conv(state, "fc_adapt_channels_for_spatial").sigmoid();
        SlowMaps resized = SlowMaps.by(x.batch(), 1, 8, 8, (b, _, h, w) -> gate.at(b, 8 * h + w, 0, 0))
                .cells(x.height(), x.width());
        return x.with((b, c, h, w) -> x.at(b, c, h, w) * resized.at(b, 0, h, w)).relu();
    }

    private static double at(SlowMaps maps, int b, int c, int position) {
        return maps.at(b, c, position / maps.width(), position % maps.width());
    }
}
