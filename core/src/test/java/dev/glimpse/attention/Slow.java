package dev.glimpse.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Tensors;
import java.lang.foreign.ValueLayout;
import java.util.function.DoubleUnaryOperator;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Attention by loops over arrays: maps are [image][channel][row][column]. */
final class Slow {
    static final DoubleUnaryOperator SIGMOID = v -> 1 / (1 + Math.exp(-v));
    static final DoubleUnaryOperator RELU = v -> Math.max(v, 0);

    private Slow() {}

    static double[] values(Tensor tensor) {
        return Tensors.memory(tensor.detach().to(ScalarType.Double).contiguous()).toArray(ValueLayout.JAVA_DOUBLE);
    }

    /** A parameter or buffer by its key. */
    static double[] state(Module module, String key) {
        return values(StateDict.of(module).get(key));
    }

    static double[][][][] maps(Tensor x) {
        double[] values = values(x);
        double[][][][] maps = empty((int) x.size(0), (int) x.size(1), (int) x.size(2), (int) x.size(3));
        return each(maps, (b, c, i, j) -> values[((b * maps[0].length + c) * maps[0][0].length + i)
                * maps[0][0][0].length + j]);
    }

    /** One value a channel, [image][channel], as maps of one position. */
    static double[][][][] points(double[][] values) {
        return each(empty(values.length, values[0].length, 1, 1), (b, c, _, _) -> values[b][c]);
    }

    /** The first position of every channel: [image][channel]. */
    static double[][] firsts(double[][][][] maps) {
        double[][] firsts = new double[maps.length][maps[0].length];
        each(maps, (b, c, i, j) -> i + j == 0 ? firsts[b][c] = maps[b][c][0][0] : maps[b][c][i][j]);
        return firsts;
    }

    static double[][] mean(double[][][][] x) {
        return firsts(grid(x, 1, 1));
    }

    static double[][] halfMeanHalfMax(double[][][][] x) {
        double[][] pooled = mean(x);
        for (int b = 0; b < x.length; b++) {
            for (int c = 0; c < x[0].length; c++) {
                double max = Double.NEGATIVE_INFINITY;
                for (double[] row : x[b][c]) {
                    for (double value : row) {
                        max = Math.max(max, value);
                    }
                }
                pooled[b][c] = 0.5 * pooled[b][c] + 0.5 * max;
            }
        }
        return pooled;
    }

    /** The mean over each cell: from floor(i H / h) to before ceil((i + 1) H / h). */
    static double[][][][] grid(double[][][][] x, int height, int width) {
        double rows = x[0][0].length;
        double columns = x[0][0][0].length;
        return each(empty(x.length, x[0].length, height, width), (b, c, i, j) -> {
            double sum = 0;
            int count = 0;
            for (int r = (int) Math.floor(i * rows / height); r < Math.ceil((i + 1) * rows / height); r++) {
                for (int s = (int) Math.floor(j * columns / width); s < Math.ceil((j + 1) * columns / width); s++) {
                    sum += x[b][c][r][s];
                    count++;
                }
            }
            return sum / count;
        });
    }

    /** {@code W v + b} at every position, W row by row; no bias if it is null. */
    static double[][][][] dense(double[][][][] x, double[] weight, double[] bias) {
        int in = x[0].length;
        return each(empty(x.length, weight.length / in, x[0][0].length, x[0][0][0].length), (b, c, i, j) -> {
            double sum = bias == null ? 0 : bias[c];
            for (int k = 0; k < in; k++) {
                sum += weight[c * in + k] * x[b][k][i][j];
            }
            return sum;
        });
    }

    static double[][][][] map(double[][][][] x, DoubleUnaryOperator f) {
        return each(empty(x.length, x[0].length, x[0][0].length, x[0][0][0].length),
                (b, c, i, j) -> f.applyAsDouble(x[b][c][i][j]));
    }

    /** The product with a gate of one value a channel, or of one a position too. */
    static double[][][][] gated(double[][][][] x, double[][][][] gate) {
        boolean point = gate[0][0].length == 1 && gate[0][0][0].length == 1;
        return each(empty(x.length, x[0].length, x[0][0].length, x[0][0][0].length),
                (b, c, i, j) -> x[b][c][i][j] * gate[b][c][point ? 0 : i][point ? 0 : j]);
    }

    static void assertSame(Tensor actual, double[][][][] expected) {
        double[][][][] maps = maps(actual);
        assertThat(new int[]{maps.length, maps[0].length, maps[0][0].length, maps[0][0][0].length})
                .containsExactly(expected.length, expected[0].length, expected[0][0].length, expected[0][0][0].length);
        each(maps, (b, c, i, j) -> {
            assertThat(maps[b][c][i][j]).as("[%d][%d][%d][%d]", b, c, i, j).isCloseTo(expected[b][c][i][j],
                    within(1e-11 * (1 + Math.abs(expected[b][c][i][j]))));
            return maps[b][c][i][j];
        });
    }

    static double[][][][] empty(int images, int channels, int height, int width) {
        return new double[images][channels][height][width];
    }

    interface Element {
        double at(int image, int channel, int row, int column);
    }

    /** Sets every element, and returns the maps. */
    static double[][][][] each(double[][][][] maps, Element element) {
        for (int b = 0; b < maps.length; b++) {
            for (int c = 0; c < maps[b].length; c++) {
                for (int i = 0; i < maps[b][c].length; i++) {
                    for (int j = 0; j < maps[b][c][i].length; j++) {
                        maps[b][c][i][j] = element.at(b, c, i, j);
                    }
                }
            }
        }
        return maps;
    }
}
