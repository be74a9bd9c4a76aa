package dev.glimpse.attention;

import dev.glimpse.nn.Tensors;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.bytedeco.pytorch.Tensor;

/** (B, C, H, W) in plain Java, computed by loops that follow the formulas: what modules are compared with. */
record SlowMaps(int batch, int channels, int height, int width, double[] values) {

    /** A value for each index. */
    interface Formula {
        double at(int b, int c, int h, int w);
    }

    /** Copies a tensor of float64 and up to four dimensions; those that it lacks are 1. */
    static SlowMaps of(Tensor x) {
        long[] shape = Arrays.copyOf(Tensors.shape(x), 4);
        Arrays.fill(shape, (int) x.dim(), 4, 1);
        return new SlowMaps((int) shape[0], (int) shape[1], (int) shape[2], (int) shape[3],
                Tensors.memory(x.detach().contiguous()).toArray(ValueLayout.JAVA_DOUBLE));
    }

    static SlowMaps by(int batch, int channels, int height, int width, Formula formula) {
        SlowMaps maps = new SlowMaps(batch, channels, height, width, new double[batch * channels * height * width]);
        for (int b = 0; b < batch; b++) {
            for (int c = 0; c < channels; c++) {
                for (int h = 0; h < height; h++) {
                    for (int w = 0; w < width; w++) {
                        maps.values[maps.index(b, c, h, w)] = formula.at(b, c, h, w);
                    }
                }
            }
        }
        return maps;
    }

    double at(int b, int c, int h, int w) {
        return values[index(b, c, h, w)];
    }

    /** A map of the same size. */
    SlowMaps with(Formula formula) {
        return by(batch, channels, height, width, formula);
    }

    SlowMaps each(DoubleUnaryOperator function) {
        return new SlowMaps(batch, channels, height, width, Arrays.stream(values).map(function).toArray());
    }

    SlowMaps relu() {
        return each(x -> Math.max(x, 0));
    }

    SlowMaps sigmoid() {
        return each(x -> 1 / (1 + Math.exp(-x)));
    }

    SlowMaps spatialMean() {
        return by(batch, channels, 1, 1, (b, c, _, _) -> {
            double sum = 0;
            for (int h = 0; h < height; h++) {
                for (int w = 0; w < width; w++) {
                    sum += at(b, c, h, w);
                }
            }
            return sum / (height * width);
        });
    }

    /** The mean over each cell of a grid, whose borders are those of PyTorch's adaptive pooling. */
    SlowMaps cells(int rows, int columns) {
        return by(batch, channels, rows, columns, (b, c, row, column) -> {
            double sum = 0;
            int count = 0;
            for (int h = row * height / rows; h < Math.ceilDiv((row + 1) * height, rows); h++) {
                for (int w = column * width / columns; w < Math.ceilDiv((column + 1) * width, columns); w++) {
                    sum += at(b, c, h, w);
                    count++;
                }
            }
            return sum / count;
        });
    }

    /** A convolution with {@code KEY.weight} and, where there is one, {@code KEY.bias}; or a linear layer over 1x1 maps. */
    SlowMaps conv(Map<String, Tensor> state, String key, int stride, int padHeight, int padWidth, int dilation,
            int groups) {
        SlowMaps weight = of(state.get(key + ".weight"));
        Tensor bias = state.get(key + ".bias");
        double[] offsets = bias == null ? new double[weight.batch] : of(bias).values;
        int in = channels / groups;
        int out = weight.batch / groups;
        int rows = (height + 2 * padHeight - dilation * (weight.height - 1) - 1) / stride + 1;
        int columns = (width + 2 * padWidth - dilation * (weight.width - 1) - 1) / stride + 1;
        return by(batch, weight.batch, rows, columns, (b, o, row, column) -> {
            double sum = offsets[o];
            for (int i = 0; i < in; i++) {
                for (int kh = 0; kh < weight.height; kh++) {
                    for (int kw = 0; kw < weight.width; kw++) {
                        int h = row * stride - padHeight + kh * dilation;
                        int w = column * stride - padWidth + kw * dilation;
                        if (h >= 0 && h < height && w >= 0 && w < width) {
                            sum += weight.at(o, i, kh, kw) * at(b, o / out * in + i, h, w);
                        }
                    }
                }
            }
            return sum;
        });
    }

    /** A 1x1 convolution, or a linear layer over 1x1 maps. */
    SlowMaps conv(Map<String, Tensor> state, String key) {
        return conv(state, key, 1, 0, 0, 1, 1);
    }

    /** Batch norm in evaluation. */
    SlowMaps norm(Map<String, Tensor> state, String key) {
        double[] weight = of(state.get(key + ".weight")).values;
        double[] bias = of(state.get(key + ".bias")).values;
        double[] mean = of(state.get(key + ".running_mean")).values;
        double[] variance = of(state.get(key + ".running_var")).values;
        return with((b, c, h, w) -> (at(b, c, h, w) - mean[c]) / Math.sqrt(variance[c] + 1e-5) * weight[c] + bias[c]);
    }

    /** The largest difference to a tensor of float64, relative to the largest value; infinite if its shape is another. */
    double distance(Tensor x) {
        if (!Arrays.equals(Tensors.shape(x), new long[]{batch, channels, height, width})) {
            return Double.POSITIVE_INFINITY;
        }
        double[] others = of(x).values;
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < values.length; i++) {
            largest = Math.max(largest, Math.abs(values[i]));
            difference = Math.max(difference, Math.abs(values[i] - others[i]));
        }
        return difference / largest;
    }

    private int index(int b, int c, int h, int w) {
        return ((b * channels + c) * height + h) * width + w;
    }
}
