package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static dev.glimpse.attention.SpatialFormulas.conv;
import static dev.glimpse.attention.SpatialFormulas.linear;
import static dev.glimpse.attention.SpatialFormulas.norm;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.io.StateDict;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BamTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"bam | 1 | 2 | 4", "bam:form=paper | 1 | 2 | 4",
        "bam:layers=3,convs=1,dilation=2 | 3 | 1 | 2", "bam:form=paper,reduction=8,layers=2,convs=3 | 2 | 3 | 4"})
    void isItsFormula(String text, int layers, int convs, long dilation) {
        Layer bam = Attentions.slot(text).create(32);
        bam.to(ScalarType.Double, false);
        randomise(bam, 3);
        Map<String, Tensor> state = StateDict.of(bam);
        for (long[] map : new long[][]{{8, 8}, {9, 7}, {2, 11}, {1, 1}}) {
            Tensor x = random(1, ScalarType.Double, 5, 32, map[0], map[1]);
            for (boolean training : new boolean[]{false, true}) {
                bam.train(training);
                Tensor c = x.flatten(2, 3).mean(2); // (B, C)
                for (int i = 0; i < layers; i++) {
                    Tensor hidden = linear(c, state, "channel_att.gate_c.gate_c_fc_" + i).unsqueeze(2).unsqueeze(3);
                    c = norm(hidden, state, "channel_att.gate_c.gate_c_bn_" + (i + 1), training).relu().flatten(1, 3);
                }
                c = linear(c, state, "channel_att.gate_c.gate_c_fc_final").unsqueeze(2).unsqueeze(3);
                String s = "spatial_att.gate_s.gate_s_";
                Tensor p = norm(conv(x, state, s + "conv_reduce0"), state, s + "bn_reduce0", training).relu();
                for (int i = 0; i < convs; i++) {
                    Tensor dilated = conv(p, state, s + "conv_di_" + i, dilation, dilation, 1);
                    p = norm(dilated, state, s + "bn_di_" + i, training).relu();
                }
                p = conv(p, state, s + "conv_final");
                Tensor joint = text.contains("paper")
                        ? norm(c, state, "channel_att.gate_c.gate_c_bn_final", training)
                                .add(norm(p, state, s + "bn_final", training))
                        : c.mul(p);
                Tensor expected = x.add(x.mul(joint.sigmoid()));
                assertThat(magnitude(bam.forward(x).sub(expected))).isLessThan(1e-9);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"32, 323", "64, 1173", "128, 4457", "256, 17361", "512, 68513", "1024, 272193", "2048, 1085057"})
    void hasTheAuthorsNumberOfParameters(long channels, long parameters) {
        assertThat(StateDict.parameterCount(new Bam(channels))).isEqualTo(parameters);
        Layer paper = Attentions.slot("bam:form=paper").create(channels);
        assertThat(StateDict.parameterCount(paper)).isEqualTo(parameters + 2 * channels + 2);
    }

    @Test
    void showsTheJointGate() {
        Layer bam = new Bam(32);
        randomise(bam, 3);
        bam.eval();
        Tensor x = random(1, ScalarType.Float, 2, 32, 9, 7);
        List<Tensor> outputs = new ArrayList<>();
        List<AttentionMap> maps = AttentionMaps.during(() -> outputs.add(bam.forward(x)));
        assertThat(maps).hasSize(1);
        assertThat(maps.getFirst().kind()).isEqualTo(Kind.ELEMENT);
        assertThat(maps.getFirst().source()).isSameAs(bam);
        Tensor gate = maps.getFirst().values();
        assertThat(magnitude(gate)).isLessThanOrEqualTo(1);
        assertThat(magnitude(x.add(x.mul(gate)).sub(outputs.getFirst()))).isLessThan(1e-6);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"reduction=0 | bam: reduction is 0, must be at least 1",
        "layers=0 | bam: layers is 0, must be at least 1", "convs=-1 | bam: convs is -1, must be at least 1",
        "dilation=0 | bam: dilation is 0, must be at least 1", "form=sum | bam: form is 'sum'; known: authors, paper",
        "reduction=64 | bam: reduction=64 leaves no hidden unit for 32 channels; give a reduction of at most 32"})
    void wrongArgumentsAreNamed(String args, String message) {
        assertThatThrownBy(() -> Attentions.slot("bam:" + args).create(32)).hasMessage(message);
    }
}
