package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static dev.glimpse.attention.SpatialFormulas.conv;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class A2Test {
    private static final int CHANNELS = 8;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"a2", "a2:c_m=3,c_n=5", "a2:residual=true", "a2:c_m=8,c_n=3,reconstruct=false",
        "a2:form=article", "a2:form=article,residual=true", "a2:form=article,c_m=3,c_n=2,reconstruct=true"})
    void isItsFormula(String text) {
        Layer a2 = Attentions.slot(text).create(CHANNELS);
        randomise(a2, 3);
        Map<String, Tensor> state = StateDict.of(a2);
        for (long[] map : new long[][]{{4, 4}, {5, 3}, {1, 6}, {1, 1}}) {
            Tensor x = random(1, ScalarType.Float, 2, CHANNELS, map[0], map[1]);
            Tensor mixed = mixed(conv(x, state, "convA"), conv(x, state, "convB"), conv(x, state, "convV"),
                    text.contains("article"));
            Tensor y = state.containsKey("conv_reconstruct.weight") ? conv(mixed, state, "conv_reconstruct") : mixed;
            Tensor expected = text.contains("residual") ? x.add(y) : y;
            assertThat(magnitude(a2.forward(x).sub(expected))).isLessThan(1e-5);
        }
    }

    /** Every product by itself, over arrays. */
    private static Tensor mixed(Tensor a, Tensor b, Tensor v, boolean article) {
        int images = (int) a.size(0);
        int cm = (int) a.size(1);
        int cn = (int) b.size(1);
        int positions = (int) (a.size(2) * a.size(3));
        float[] features = Tensors.toFloats(a);
        float[] gathering = Tensors.toFloats(b);
        float[] distribution = Tensors.toFloats(v);
        float[] z = new float[images * cm * positions];
        for (int image = 0; image < images; image++) {
            int ofA = image * cm * positions;
            int ofB = image * cn * positions;
            for (int j = 0; j < cn; j++) {
                softmax(gathering, ofB + j * positions, positions, 1);
                if (article) {
                    softmax(distribution, ofB + j * positions, positions, 1);
                }
            }
            for (int p = 0; p < positions && !article; p++) {
                softmax(distribution, ofB + p, cn, positions);
            }
            for (int i = 0; i < cm; i++) {
                for (int j = 0; j < cn; j++) {
                    double descriptor = 0;
                    for (int p = 0; p < positions; p++) {
                        descriptor += features[ofA + i * positions + p] * gathering[ofB + j * positions + p];
                    }
                    descriptor /= article ? positions : 1;
                    for (int p = 0; p < positions; p++) {
                        z[ofA + i * positions + p] += (float) (descriptor * distribution[ofB + j * positions + p]);
                    }
                }
            }
        }
        return Tensors.of(z, images, cm, a.size(2), a.size(3));
    }

    private static void softmax(float[] values, int start, int count, int step) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += Math.exp(values[start + i * step]);
        }
        for (int i = 0; i < count; i++) {
            values[start + i * step] = (float) (Math.exp(values[start + i * step]) / sum);
        }
    }

    @Test
    void widthsAreAQuarterUnlessGiven() {
        Map<String, long[]> shapes = StateDict.shapes(StateDict.of(new A2(64)));
        assertThat(shapes.get("convA.weight")).containsExactly(16, 64, 1, 1);
        assertThat(shapes.get("convV.weight")).containsExactly(16, 64, 1, 1);
        assertThat(shapes.get("conv_reconstruct.weight")).containsExactly(64, 16, 1, 1);
        assertThat(StateDict.shapes(StateDict.of(new A2(3))).get("convB.weight")).containsExactly(1, 3, 1, 1);
        Map<String, Tensor> article = StateDict.of(Attentions.slot("a2:form=article").create(64));
        assertThat(article).hasSize(6);
        assertThat(article.get("convB.weight").size(0)).isEqualTo(64);
    }

    @Test
    void showsWhereEachDescriptorGathers() {
        Layer a2 = Attentions.slot("a2:c_n=5").create(CHANNELS);
        randomise(a2, 3);
        Tensor x = random(1, ScalarType.Float, 2, CHANNELS, 4, 3);
        List<AttentionMap> maps = AttentionMaps.during(() -> a2.forward(x));
        assertThat(maps).extracting(AttentionMap::kind).containsExactly(Kind.SPATIAL);
        Tensor shown = maps.getFirst().values();
        assertThat(Tensors.shape(shown)).containsExactly(2, 5, 4, 3);
        Tensor expected = conv(x, StateDict.of(a2), "convB").exp();
        assertThat(magnitude(shown.sub(expected.div(expected.sum(2, 3).unsqueeze(2).unsqueeze(3))))).isLessThan(1e-6);
    }

    @Test
    void outOfASlotTheDescriptorsWidthMayBeWhatComesOut() {
        A2 a2 = new A2(CHANNELS, new A2.Config(3, 5, false, false, A2.Form.PAPER));
        Tensor y = a2.forward(random(1, ScalarType.Float, 2, CHANNELS, 4, 3));
        assertThat(Tensors.shape(y)).containsExactly(2, 3, 4, 3);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"a2:c_m=0 | a2: c_m is 0, must be at least 1",
        "a2:c_n=-3 | a2: c_n is -3, must be at least 1", "a2:form=sum | a2: form is 'sum'; known: paper, article",
        "a2:reconstruct=false | a2: reconstruct=false gives c_m=2 channels, not the 8 that came, and what the table builds "
                + "keeps its input's shape; give c_m=8 or reconstruct=true"})
    void wrongArgumentsAreNamed(String text, String message) {
        assertThatThrownBy(() -> Attentions.slot(text).create(CHANNELS)).hasMessage(message);
    }

    @Test
    void aResidualNeedsTheInputsChannels() {
        A2.Config config = new A2.Config(3, 5, false, true, A2.Form.PAPER);
        assertThatThrownBy(() -> new A2(CHANNELS, config)).hasMessage("a2: reconstruct=false gives c_m=3 channels, "
                + "not the 8 that came, and the input is added; give c_m=8 or reconstruct=true");
    }
}
