package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assertions.assertTimeout;

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
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NonLocalTest {
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
    @CsvSource(delimiter = '|', textBlock = """
            embedded_gaussian                                 | 2x6x5x4
            embedded_gaussian,scale=true                      | 2x6x5x4
            embedded_gaussian,sub_sample=false                | 2x6x5x4
            embedded_gaussian,batch_norm=false                | 2x6x5x4
            embedded_gaussian,inter_channels=5                | 2x6x5x4
            embedded_gaussian,dims=1                          | 2x6x7
            embedded_gaussian,dims=3                          | 2x6x3x4x5
            embedded_gaussian                                 | 2x6x1x7
            embedded_gaussian                                 | 2x6x7x1
            embedded_gaussian                                 | 1x1x1x1
            gaussian                                          | 2x6x5x4
            gaussian,sub_sample=false,inter_channels=7        | 2x6x5x4
            gaussian,dims=1                                   | 2x6x1
            gaussian,dims=3,sub_sample=false                  | 2x6x2x2x3
            dot_product                                       | 2x6x5x4
            dot_product,sub_sample=false,inter_channels=40    | 2x6x5x4
            dot_product,dims=1,batch_norm=false               | 2x6x9
            dot_product,dims=3                                | 2x6x1x4x4
            concatenation                                     | 2x6x5x4
            concatenation,sub_sample=false                    | 2x6x5x4
            concatenation,dims=1                              | 2x6x7
            concatenation,dims=3,batch_norm=false             | 2x6x2x3x4
            """)
    void everyFormIsItsFormula(String form, String shape) {
        long[] sizes = shape(shape);
        NonLocal block = block(form, sizes[1]);
        Tensor x = random(1, ScalarType.Double, sizes);
        double[] expected = reference(form, StateDict.of(block), sizes, doubles(x));
        Tensor y = block.forward(x);
        assertThat(Tensors.shape(y)).isEqualTo(sizes);
        assertThat(doubles(y)).containsExactly(expected, within(1e-10));
        List<Tensor> watched = new ArrayList<>();
        AttentionMaps.during(() -> watched.add(block.forward(x)));
        assertThat(doubles(watched.getFirst())).as("watched").containsExactly(expected, within(1e-10));
    }

    /** Far above the number of weights from which a fused form runs. */
    @ParameterizedTest
    @ValueSource(strings = {"embedded_gaussian", "embedded_gaussian,scale=true", "gaussian", "dot_product"})
    void largeMapsGiveWhatAWatchedOneGives(String form) {
        NonLocal block = block(form + ",sub_sample=false", 6);
        Tensor x = random(1, ScalarType.Double, 1, 6, 37, 41);
        Tensor y = block.forward(x);
        List<Tensor> watched = new ArrayList<>();
        AttentionMaps.during(() -> watched.add(block.forward(x)));
        assertThat(magnitude(y.sub(watched.getFirst()))).isLessThan(1e-12 * magnitude(y));
    }

    @ParameterizedTest
    @CsvSource({"embedded_gaussian, true", "gaussian, true", "dot_product, false", "concatenation, false"})
    void theMapShownIsOfPairs(String mode, boolean distribution) {
        NonLocal block = block(mode, 6);
        List<AttentionMap> maps = AttentionMaps
                .during(() -> block.forward(random(1, ScalarType.Double, 2, 6, 5, 4)));
        assertThat(maps).hasSize(1);
        assertThat(maps.getFirst().source()).isSameAs(block);
        assertThat(maps.getFirst().kind()).isEqualTo(Kind.PAIRS);
        assertThat(Tensors.shape(maps.getFirst().values())).containsExactly(2, 1, 20, 4);
        Tensor sums = maps.getFirst().values().sum(3);
        assertThat(magnitude(sums.sub(torch.ones_like(sums))) < 1e-12).isEqualTo(distribution);
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aNewBlockIsTheIdentity(boolean batchNorm) {
        NonLocal block = new NonLocal(8, new NonLocal.Config(2, NonLocal.Mode.EMBEDDED_GAUSSIAN, 0, true, batchNorm,
                false));
        Tensor x = random(1, ScalarType.Float, 2, 8, 5, 4);
        assertThat(block.forward(x).equal(x)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {32, 64, 128, 256, 512, 1024})
    void parametersAreAsMany(long channels) {
        assertThat(StateDict.parameterCount(new NonLocal(channels)))
                .isEqualTo(2 * channels * channels + 9 * channels / 2);
    }

    @Test
    void oneChannelHasOneInside() {
        assertThat(Tensors.shape(StateDict.parameters(new NonLocal(1)).get("theta.weight")))
                .containsExactly(1, 1, 1, 1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            textBlock = """
                    dims=0                            | nonlocal: dims is 0, must be 1, 2 or 3
                    dims=4                            | nonlocal: dims is 4, must be 1, 2 or 3
                    inter_channels=-1                 | nonlocal: inter_channels is -1, must not be negative
                    mode=cosine                       | nonlocal: mode is 'cosine'; known: embedded_gaussian, gaussian, dot_product, \
                    concatenation
                    mode=dot_product,scale=true       | nonlocal: scale is for mode=embedded_gaussian, not for mode=dot_product
                    """)
    void wrongArgumentsAreNamed(String args, String message) {
        assertThatThrownBy(() -> Attentions.slot("nonlocal:" + args).create(8))
                .isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource({"1, 2x8x5x4", "2, 2x8x12", "3, 2x8x5x4", "2, 2x6x5x4", "2, 8x5x4", "2, 0x8x5x4"})
    void wrongInputsAreNamed(long dims, String shape) {
        NonLocal block = new NonLocal(8, new NonLocal.Config(dims, NonLocal.Mode.GAUSSIAN, 0, true, true, false));
        assertThatThrownBy(() -> block.forward(random(1, ScalarType.Float, shape(shape))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("nonlocal: takes maps of (images, 8, ").hasMessageEndingWith("got " + shape);
    }

    /** A map without memory of its own, whose pairs no machine can hold: refused before anything is computed. */
    @Test
    void pairsThatCannotFitAreRefusedAtOnce() {
        Tensor x = torch.zeros(1, 2, 1, 1).expand(1, 2, 4000, 4000);
        NonLocal joined = block("concatenation", 2);
        NonLocal watched = block("embedded_gaussian", 2);
        assertTimeout(Duration.ofSeconds(20), () -> {
            assertThatThrownBy(() -> joined.forward(x)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageMatching("nonlocal: this input needs \\d+\\.\\d GiB of memory, \\d+\\.\\d GiB are "
                            + "available; use a smaller map, sub_sample=true or mode=embedded_gaussian");
            assertThatThrownBy(() -> AttentionMaps.during(() -> watched.forward(x)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("or do not watch its attention");
        });
        assertThat(magnitude(joined.forward(random(1, ScalarType.Double, 1, 2, 8, 8)))).isPositive();
    }

    private static NonLocal block(String form, long channels) {
        NonLocal block = (NonLocal) Attentions.slot("nonlocal:mode=" + form).create(channels);
        block.to(ScalarType.Double, false);
        randomise(block, 5);
        block.eval();
        return block;
    }

    private static long[] shape(String text) {
        return Arrays.stream(text.split("x")).mapToLong(Long::parseLong).toArray();
    }

    private static double[] doubles(Tensor x) {
        return Tensors.memory(x.detach().contiguous()).toArray(ValueLayout.JAVA_DOUBLE);
    }

    /** The block, pair by pair. */
    private static double[] reference(String form, Map<String, Tensor> state, long[] sizes, double[] x) {
        boolean pooled = !form.contains("sub_sample=false");
        String conv = pooled ? ".0" : "";
        int channels = (int) sizes[1];
        int n = x.length / (int) sizes[0] / channels;
        double[] y = x.clone();
        for (int image = 0; image < sizes[0]; image++) {
            double[][] in = new double[channels][n];
            for (int c = 0; c < channels; c++) {
                System.arraycopy(x, (image * channels + c) * n, in[c], 0, n);
            }
            boolean plain = form.startsWith("gaussian");
            double[][] theta = plain ? in : project(state, "theta", in);
            double[][] phi = plain ? in : project(state, "phi" + conv, in);
            double[][] g = project(state, "g" + conv, in);
            if (pooled) {
                phi = pool(phi, sizes);
                g = pool(g, sizes);
            }
            double[][] mixed = new double[g.length][n];
            for (int i = 0; i < n; i++) {
                double[] weights = weights(form, state, theta, phi, i);
                for (int c = 0; c < g.length; c++) {
                    for (int j = 0; j < weights.length; j++) {
                        mixed[c][i] += weights[j] * g[c][j];
                    }
                }
            }
            boolean norm = !form.contains("batch_norm=false");
            double[][] out = project(state, norm ? "W.0" : "W", mixed);
            for (int c = 0; c < channels; c++) {
                for (int i = 0; i < n; i++) {
                    double value = out[c][i];
                    if (norm) {
                        value = (value - at(state, "W.1.running_mean", c))
                                / Math.sqrt(at(state, "W.1.running_var", c) + 1e-5)
                                * at(state, "W.1.weight", c) + at(state, "W.1.bias", c);
                    }
                    y[(image * channels + c) * n + i] += value;
                }
            }
        }
        return y;
    }

    private static double[] weights(String form, Map<String, Tensor> state, double[][] theta, double[][] phi, int i) {
        int inner = theta.length;
        double[] weights = new double[phi[0].length];
        double sum = 0;
        for (int j = 0; j < weights.length; j++) {
            double product = 0;
            double joined = 0;
            for (int c = 0; c < inner; c++) {
                product += theta[c][i] * phi[c][j];
                if (form.startsWith("concatenation")) {
                    joined += at(state, "concat_project.0.weight", c) * theta[c][i]
                            + at(state, "concat_project.0.weight", inner + c) * phi[c][j];
                }
            }
            weights[j] = form.startsWith("dot_product") ? product / weights.length
                    : form.startsWith("concatenation") ? Math.max(joined, 0) / weights.length
                            : Math.exp(form.contains("scale=true") ? product / Math.sqrt(inner) : product);
            sum += weights[j];
        }
        if (form.contains("gaussian")) {
            for (int j = 0; j < weights.length; j++) {
                weights[j] /= sum;
            }
        }
        return weights;
    }

    /** A 1x1 convolution. */
    private static double[][] project(Map<String, Tensor> state, String key, double[][] in) {
        int out = (int) state.get(key + ".weight").size(0);
        double[] weight = doubles(state.get(key + ".weight"));
        double[][] y = new double[out][in[0].length];
        for (int o = 0; o < out; o++) {
            for (int i = 0; i < in[0].length; i++) {
                y[o][i] = at(state, key + ".bias", o);
                for (int c = 0; c < in.length; c++) {
                    y[o][i] += weight[o * in.length + c] * in[c][i];
                }
            }
        }
        return y;
    }

    /** The maximum of 2x2 positions (of 2 in a sequence, of none in time); an odd last row or column is left out. */
    private static double[][] pool(double[][] map, long[] sizes) {
        int dims = sizes.length - 2;
        int frames = dims == 3 ? (int) sizes[2] : 1;
        int height = dims == 1 ? 1 : (int) sizes[sizes.length - 2];
        int width = (int) sizes[sizes.length - 1];
        int rows = Math.min(2, height);
        int columns = Math.min(2, width);
        double[][] pooled = new double[map.length][frames * (height / rows) * (width / columns)];
        for (int c = 0; c < map.length; c++) {
            int at = 0;
            for (int t = 0; t < frames; t++) {
                for (int y = 0; y < height / rows; y++) {
                    for (int x = 0; x < width / columns; x++) {
                        double most = Double.NEGATIVE_INFINITY;
                        for (int dy = 0; dy < rows; dy++) {
                            for (int dx = 0; dx < columns; dx++) {
                                most = Math.max(most,
                                        map[c][(t * height + rows * y + dy) * width + columns * x + dx]);
                            }
                        }
                        pooled[c][at++] = most;
                    }
                }
            }
        }
        return pooled;
    }

    private static double at(Map<String, Tensor> state, String key, int index) {
        return state.get(key).flatten().select(0, index).item_double();
    }
}
