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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Selective kernels: {@code sk} and {@code sk-timm}. */
class SkTest {
    private static final double TOLERANCE = 1e-12;

    private final Tensor x = random(1, ScalarType.Double, 2, 16, 7, 5);

    @ParameterizedTest
    @CsvSource({"2, 4, 16, 32", "3, 16, 2, 1", "2, 1, 16, 2"})
    void dilatedKernels(int branches, int groups, int reduction, int minWidth) {
        Layer sk = build("sk:branches=" + branches + ",groups=" + groups + ",reduction=" + reduction + ",min_width="
                + minWidth, 16);
        Map<String, Tensor> state = StateDict.of(sk);
        assertThat(state.get("fc.0.weight").size(0)).isEqualTo(Math.max(16 / reduction, minWidth));
        List<SlowMaps> features = new ArrayList<>();
        for (int i = 0; i < branches; i++) {
            features.add(SlowMaps.of(x).conv(state, "convs." + i + ".0", 1, 1 + i, 1 + i, 1 + i, groups)
                    .norm(state, "convs." + i + ".1").relu());
        }
        SlowMaps squeezed = sum(features).spatialMean().conv(state, "fc.0").norm(state, "fc.1").relu();
        assertThat(chosen(features, squeezed, state).distance(sk.forward(x))).isLessThan(TOLERANCE);
    }

    @ParameterizedTest
    @CsvSource({"2, 4", "3, 1"})
    void realKernels(int branches, int groups) {
        Layer sk = build("sk:kernels=real,branches=" + branches + ",groups=" + groups, 16);
        Map<String, Tensor> state = StateDict.of(sk);
        List<SlowMaps> features = new ArrayList<>();
        for (int i = 0; i < branches; i++) {
            String conv = "convs." + i + ".0";
            assertThat(Tensors.shape(state.get(conv + ".weight"))).containsExactly(16, 16 / groups, 3 + 2 * i,
                    3 + 2 * i);
            features.add(SlowMaps.of(x).conv(state, conv, 1, 1 + i, 1 + i, 1, groups)
                    .norm(state, "convs." + i + ".1").relu());
        }
        assertThat(Tensors.shape(state.get("fc.weight"))).containsExactly(32, 16);
        SlowMaps squeezed = sum(features).spatialMean().conv(state, "fc");
        assertThat(chosen(features, squeezed, state).distance(sk.forward(x))).isLessThan(TOLERANCE);
    }

    @Test
    void aLoneImageTrainsWithoutTheNormBehindPooling() {
        Tensor image = random(1, ScalarType.Float, 1, 32, 7, 5);
        assertThat(magnitude(new Sk(32, new Sk.Config(2, 32, 16, 32, Sk.Kernels.REAL)).forward(image))).isFinite();
        for (Layer layer : List.of(new Sk(32), new SkTimm(32))) {
            Tensor statistics = StateDict.buffers(layer).values().iterator().next();
            Tensor before = statistics.clone();
            assertThatThrownBy(() -> layer.forward(image)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("needs more than one image in training, got one");
            assertThat(statistics.equal(before)).as("running statistics").isTrue();
            layer.eval();
            assertThat(magnitude(layer.forward(image))).isFinite();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sk:groups=4", "sk:groups=4,branches=4", "sk:groups=4,kernels=real", "sk-timm"})
    void oneMapABranchAndTheySumToOne(String name) {
        Layer sk = build(name, 16);
        List<AttentionMap> maps = AttentionMaps.during(() -> sk.forward(x));
        assertThat(maps).hasSize(name.endsWith("branches=4") ? 4 : 2);
        assertThat(maps).allMatch(map -> map.kind() == Kind.CHANNEL && sk.walk().containsValue(map.source())
                || map.source() == sk);
        Tensor sum = maps.stream().map(AttentionMap::values).reduce((a, b) -> a.add(b)).orElseThrow();
        assertThat(Tensors.shape(sum)).containsExactly(2, 16, 1, 1);
        assertThat(magnitude(sum.sub(Tensors.of(new float[]{1}, 1)))).isLessThan(TOLERANCE);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "sk | 16 | sk: 16 channels do not divide by groups=32; give a divisor of them, such as groups=16",
        "sk | 24 | sk: 24 channels do not divide by groups=32; give a divisor of them, such as groups=8",
        "sk:branches=1 | 32 | sk: branches is 1, must be at least 2, to choose among",
        "sk:groups=0 | 32 | sk: groups is 0, must be at least 1",
        "sk:reduction=0 | 32 | sk: reduction is 0, must be at least 1",
        "sk:min_width=0 | 32 | sk: min_width is 0, must be at least 1",
        "sk:kernels=large | 32 | sk: kernels is 'large'; known: dilated, real",
        "sk-timm | 15 | sk-timm: 15 channels do not split in two; give an even number, or split_input=false",
        "sk-timm:groups=3 | 16 | "
                + "sk-timm: groups=3 must divide the 8 channels that go into a branch and the 16 that come out",
        "sk-timm:groups=16 | 16 | "
                + "sk-timm: groups=16 must divide the 8 channels that go into a branch and the 16 that come out",
        "sk-timm:out_channels=-1 | 16 | sk-timm: out_channels is -1, must not be negative",
        "sk-timm:rd_ratio=0 | 16 | sk-timm: rd_ratio is 0.0, must be above 0",
        "sk-timm:rd_channels=-1 | 16 | sk-timm: rd_channels is -1, must not be negative",
        "sk-timm:rd_divisor=0 | 16 | sk-timm: rd_divisor is 0, must be at least 1",
        "sk-timm:stride=0 | 16 | sk-timm: stride is 0, must be at least 1"})
    void whatDoesNotGoIsSaid(String name, long channels, String message) {
        assertThatThrownBy(() -> Attentions.slot(name).create(channels)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sk", "sk-timm"})
    void anotherNumberOfChannelsIsSaid(String name) {
        assertThatThrownBy(() -> build(name, 32).forward(x)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage(name + ": takes maps of (images, 32, height, width), got 2x16x7x5");
    }

    @ParameterizedTest
    @CsvSource({"true, true, 1, 1, 0", "true, false, 1, 1, 0", "false, true, 1, 1, 0", "true, true, 2, 1, 0",
        "false, true, 3, 1, 0", "true, true, 1, 4, 0", "true, false, 1, 16, 0", "true, true, 1, 1, 24",
        "false, false, 2, 2, 8"})
    void timm(boolean keep3x3, boolean split, int stride, int groups, int out) {
        Layer sk = build("sk-timm:keep_3x3=" + keep3x3 + ",split_input=" + split + ",stride=" + stride + ",groups="
                + groups + ",out_channels=" + out + ",rd_channels=5", 16);
        Map<String, Tensor> state = StateDict.of(sk);
        int channels = out == 0 ? 16 : out;
        List<SlowMaps> features = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            SlowMaps input = SlowMaps.of(split ? x.narrow(1, 8 * i, 8) : x);
            features.add(input.conv(state, "paths." + i + ".conv", stride, padding(i, stride), padding(i, stride),
                    keep3x3 ? 1 + i : 1, groups).norm(state, "paths." + i + ".bn").relu());
        }
        SlowMaps squeezed = sum(features).spatialMean().conv(state, "attn.fc_reduce").norm(state, "attn.bn").relu();
        SlowMaps logits = squeezed.conv(state, "attn.fc_select");
        SlowMaps expected = features.getFirst().with((b, c, h, w) -> {
            double near = Math.exp(logits.at(b, c, 0, 0));
            double far = Math.exp(logits.at(b, channels + c, 0, 0));
            return (near * features.get(0).at(b, c, h, w) + far * features.get(1).at(b, c, h, w)) / (near + far);
        });
        assertThat(expected.distance(sk.forward(x))).isLessThan(TOLERANCE);
    }

    /** The widths that timm's {@code make_divisible} gives. */
    @ParameterizedTest
    @CsvSource({"64, 0.0625, 8, 8", "512, 0.0625, 8, 32", "176, 0.0625, 8, 16", "192, 0.0625, 8, 16",
        "64, 0.125, 16, 16",
        "512, 0.125, 16, 64", "256, 0.0625, 1, 16"})
    void timmRoundsTheHiddenWidth(long channels, double ratio, long divisor, long expected) {
        SkTimm.Config config = new SkTimm.Config(0, ratio, 0, divisor, true, true, 1, 1);
        Map<String, Tensor> state = StateDict.of(new SkTimm(channels, config));
        assertThat(state.get("attn.fc_reduce.weight").size(0)).isEqualTo(expected);
    }

    /** As much as keeps the size at stride 1. */
    private static int padding(int branch, int stride) {
        return (stride - 1 + 2 * (1 + branch)) / 2;
    }

    private static Layer build(String name, long channels) {
        Layer layer = Attentions.slot(name).create(channels);
        layer.to(ScalarType.Double, false);
        randomise(layer, 3);
        layer.eval();
        return layer;
    }

    private static SlowMaps sum(List<SlowMaps> features) {
        return features.getFirst()
                .with((b, c, h, w) -> features.stream().mapToDouble(feature -> feature.at(b, c, h, w)).sum());
    }

    private static SlowMaps chosen(List<SlowMaps> features, SlowMaps squeezed, Map<String, Tensor> state) {
        List<SlowMaps> scores = new ArrayList<>();
        for (int i = 0; i < features.size(); i++) {
            scores.add(squeezed.conv(state, "fcs." + i).each(Math::exp));
        }
        return features.getFirst().with((b, c, h, w) -> {
            double total = 0;
            double mixed = 0;
            for (int i = 0; i < features.size(); i++) {
                total += scores.get(i).at(b, c, 0, 0);
                mixed += scores.get(i).at(b, c, 0, 0) * features.get(i).at(b, c, h, w);
            }
            return mixed / total;
        });
    }
}
