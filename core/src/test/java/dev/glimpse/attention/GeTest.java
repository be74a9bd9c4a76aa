package dev.glimpse.attention;

import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static dev.glimpse.attention.Slow.RELU;
import static dev.glimpse.attention.Slow.SIGMOID;
import static dev.glimpse.attention.Slow.assertSame;
import static dev.glimpse.attention.Slow.gated;
import static dev.glimpse.attention.Slow.map;
import static dev.glimpse.attention.Slow.maps;
import static dev.glimpse.attention.Slow.points;
import static dev.glimpse.attention.Slow.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Gather-excite against loops over arrays. */
class GeTest {
    private static final int CHANNELS = 24;
    private static final double EPSILON = 1e-5;
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
    @CsvSource({"2, 9, 7", "2, 8, 8", "4, 9, 7", "4, 13, 1", "6, 13, 11", "8, 30, 23", "16, 9, 7", "2, 1, 1"})
    void aMeanOverWindowsGathers(int extent, int height, int width) {
        for (boolean max : new boolean[]{false, true}) {
            for (boolean mlp : new boolean[]{false, true}) {
                Layer ge = build("ge:extent=%d,use_mlp=%b,add_maxpool=%b,rd_ratio=0.25".formatted(extent, mlp, max));
                Tensor x = input(height, width);
                double[][][][] gathered = windows(maps(x), extent, max);
                double[][][][] gate = map(mlp ? excite(ge, gathered) : gathered, SIGMOID);
                assertSame(ge.forward(x), gated(maps(x), nearest(gate, height, width)));
            }
        }
    }

    @Test
    void theMeanOverTheWholeMapGathersAloneOrWithTheMaximum() {
        Tensor x = input(9, 7);
        double[][][][] minus = map(points(Slow.mean(maps(x))), SIGMOID);
        assertSame(build("ge:use_mlp=false").forward(x), gated(maps(x), minus));
        Layer mixed = build("ge:add_maxpool=true,rd_channels=5");
        double[][][][] gate = map(excite(mixed, points(Slow.halfMeanHalfMax(maps(x)))), SIGMOID);
        assertSame(mixed.forward(x), gated(maps(x), gate));
    }

    @ParameterizedTest
    @CsvSource({"2, 9, 7, timm", "4, 9, 7, timm", "8, 9, 7, timm", "4, 13, 1, timm", "2, 2, 2, timm",
        "4, 9, 7, authors",
        "8, 20, 3, authors"})
    void convolutionsThatHalveTheMapGather(int extent, int height, int width, String form) {
        int halvings = extent / 4 + 1;
        for (boolean mlp : new boolean[]{false, true}) {
            for (boolean training : new boolean[]{false, true}) {
                Layer ge = build("ge:extent=%d,extra_params=true,use_mlp=%b,form=%s".formatted(extent, mlp, form));
                ge.train(training);
                Tensor x = input(height, width);
                double[][][][] y = maps(x);
                for (int i = 1; i <= halvings; i++) {
                    y = normed(ge, i, depthwise(y, state(ge, "gather.conv" + i + ".weight"), 3, 3, 2, 1, 1), training);
                    y = i < halvings || mlp && form.equals("authors") ? map(y, RELU) : y;
                }
                assertThat(StateDict.of(ge)).containsKey("gather.norm" + halvings + ".weight")
                        .doesNotContainKey("gather.conv" + (halvings + 1) + ".weight");
                double[][][][] gate = map(mlp ? excite(ge, y) : y, SIGMOID);
                assertSame(ge.forward(x), gated(maps(x), nearest(gate, height, width)));
            }
        }
    }

    /** In timm the convolution is padded by half its size; the authors' gives one value a channel. */
    @ParameterizedTest
    @CsvSource({"timm, 7, 7", "timm, 8, 8", "timm, 9, 6", "timm, 1, 1", "authors, 7, 7", "authors, 8, 5"})
    void aConvolutionAsLargeAsTheMapGathers(String form, int height, int width) {
        String size = height == width ? "feat_size=" + height : "height=" + height + ",width=" + width;
        for (boolean mlp : new boolean[]{false, true}) {
            Layer ge = build("ge:extra_params=true,use_mlp=%b,form=%s,%s".formatted(mlp, form, size));
            ge.eval();
            Tensor x = input(height, width);
            boolean timm = form.equals("timm");
            double[] weight = state(ge, "gather.conv1.weight");
            assertThat(weight).hasSize(CHANNELS * height * width);
            double[][][][] y = normed(ge, 1, depthwise(maps(x), weight, height, width, 1, timm ? (height - 1) / 2 : 0,
                    timm ? (width - 1) / 2 : 0), false);
            assertThat(y[0][0]).hasNumberOfRows(timm ? height - 1 + height % 2 : 1);
            y = mlp && !timm ? map(y, RELU) : y;
            double[][][][] gate = map(mlp ? excite(ge, y) : y, SIGMOID);
            assertSame(ge.forward(x), gated(maps(x), nearest(gate, height, width)));
        }
    }

    @Test
    void aModuleForOneSizeNamesItAndTheOneThatCame() {
        Layer ge = build("ge:extra_params=true,height=9,width=7");
        assertThatThrownBy(() -> ge.forward(input(8, 6))).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("ge: built for maps of 9x7, got 8x6; an extent above 0 takes any size");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ge:extra_params=true,extent=4", "ge:extra_params=true,feat_size=4,form=authors"})
    void aLoneImageTrainsOrTheMessageSaysWhyNot(String text) {
        Layer ge = Attentions.slot(text).create(CHANNELS);
        ge.train(true);
        Tensor image = random(1, ScalarType.Float, 1, CHANNELS, 4, 4);
        assertThatThrownBy(() -> ge.forward(image)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("ge: its batch norm needs more than one value").hasMessageContaining("eval()");
        ge.eval();
        assertThat(Tensors.shape(ge.forward(image))).containsExactly(1, CHANNELS, 4, 4);
    }

    @ParameterizedTest
    @CsvSource({"extent=3, 'ge: extent is 3, must be even, or 0 for the whole map'", "extent=-2, 'ge: extent is -2'",
        "'extent=6,extra_params=true', 'ge: extent is 6, must be a power of two with extra_params=true'",
        "extra_params=true, 'ge: height is 0 and width is 0; extent=0 with extra_params=true is built for one size'",
        "'extra_params=true,height=7', 'ge: height is 7 and width is 0'",
        "'extra_params=true,feat_size=-1', 'ge: height is -1 and width is -1'",
        "feat_size=7, 'ge: height is 7 and width is 7; only extent=0 with extra_params=true is built for one size'",
        "'extent=2,extra_params=true,width=7', 'ge: height is 0 and width is 7; only extent=0'",
        "'extent=2,extra_params=true,add_maxpool=true', 'ge: add_maxpool needs extra_params=false'",
        "form=paper, 'ge: form is ''paper''; known: timm, authors'", "rd_ratio=0, 'ge: rd_ratio is 0.0'",
        "rd_channels=-1, 'ge: rd_channels is -1'", "rd_divisor=0, 'ge: rd_divisor is 0'"})
    void aWrongValueIsNamed(String arguments, String said) {
        assertThatThrownBy(() -> Attentions.slot("ge:" + arguments).create(64))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(said).message().doesNotContain("\n");
    }

    @ParameterizedTest
    @CsvSource({"use_mlp=false, 0", "'use_mlp=false,extent=8', 0", "'', 580", "'extent=4', 580",
        "'extra_params=true,extent=4,use_mlp=false', 1408", "'extra_params=true,extent=4', 1988",
        "'extra_params=true,feat_size=56,use_mlp=false', 200832", "rd_channels=3, 451", "rd_divisor=8, 1096"})
    void parametersAreAsCounted(String arguments, long expected) {
        Layer ge = Attentions.slot(arguments.isEmpty() ? "ge" : "ge:" + arguments).create(64);
        assertThat(StateDict.parameterCount(ge)).isEqualTo(expected);
    }

    private static Layer build(String text) {
        Layer layer = Attentions.slot(text).create(CHANNELS);
        layer.to(ScalarType.Double, false);
        randomise(layer, 5);
        return layer;
    }

    private static Tensor input(long height, long width) {
        return random(2, ScalarType.Double, 3, CHANNELS, height, width);
    }

    private static double[][][][] excite(Layer ge, double[][][][] gathered) {
        double[][][][] hidden = map(
                Slow.dense(gathered, state(ge, "mlp.fc1.weight"), state(ge, "mlp.fc1.bias")), RELU);
        return Slow.dense(hidden, state(ge, "mlp.fc2.weight"), state(ge, "mlp.fc2.bias"));
    }

    /** Around every e-th position, what lies less than e away and on the map. */
    private static double[][][][] windows(double[][][][] x, int extent, boolean max) {
        int height = x[0][0].length;
        int width = x[0][0][0].length;
        int rows = (height - 1) / extent + 1;
        int columns = (width - 1) / extent + 1;
        return Slow.each(Slow.empty(x.length, CHANNELS, rows, columns), (b, c, i, j) -> {
            double sum = 0;
            double largest = Double.NEGATIVE_INFINITY;
            int count = 0;
            for (int r = 0; r < height; r++) {
                for (int s = 0; s < width; s++) {
                    if (Math.abs(r - i * extent) < extent && Math.abs(s - j * extent) < extent) {
                        sum += x[b][c][r][s];
                        largest = Math.max(largest, x[b][c][r][s]);
                        count++;
                    }
                }
            }
            return max ? 0.5 * sum / count + 0.5 * largest : sum / count;
        });
    }

    private static double[][][][] nearest(double[][][][] x, int height, int width) {
        int rows = x[0][0].length;
        int columns = x[0][0][0].length;
        return Slow.each(Slow.empty(x.length, CHANNELS, height, width),
                (b, c, i, j) -> x[b][c][i * rows / height][j * columns / width]);
    }

    private static double[][][][] depthwise(double[][][][] x, double[] weight, int kernelHeight, int kernelWidth,
            int stride, int above, int left) {
        int height = x[0][0].length;
        int width = x[0][0][0].length;
        int rows = (height + 2 * above - kernelHeight) / stride + 1;
        int columns = (width + 2 * left - kernelWidth) / stride + 1;
        return Slow.each(Slow.empty(x.length, CHANNELS, rows, columns), (b, c, i, j) -> {
            double sum = 0;
            for (int r = 0; r < kernelHeight; r++) {
                for (int s = 0; s < kernelWidth; s++) {
                    int row = i * stride + r - above;
                    int column = j * stride + s - left;
                    if (row >= 0 && row < height && column >= 0 && column < width) {
                        sum += weight[(c * kernelHeight + r) * kernelWidth + s] * x[b][c][row][column];
                    }
                }
            }
            return sum;
        });
    }

    private static double[][][][] normed(Layer ge, int number, double[][][][] x, boolean training) {
        String key = "gather.norm" + number + ".";
        double[] mean = state(ge, key + "running_mean");
        double[] variance = state(ge, key + "running_var");
        double[] weight = state(ge, key + "weight");
        double[] bias = state(ge, key + "bias");
        for (int c = 0; training && c < CHANNELS; c++) {
            double sum = 0;
            double squares = 0;
            double count = x.length * x[0][0].length * x[0][0][0].length;
            for (double[][][] image : x) {
                for (double[] row : image[c]) {
                    for (double value : row) {
                        sum += value;
                        squares += value * value;
                    }
                }
            }
            mean[c] = sum / count;
            variance[c] = squares / count - mean[c] * mean[c];
        }
        return Slow.each(Slow.empty(x.length, CHANNELS, x[0][0].length, x[0][0][0].length),
                (b, c, i, j) -> (x[b][c][i][j] - mean[c]) / Math.sqrt(variance[c] + EPSILON) * weight[c] + bias[c]);
    }
}
