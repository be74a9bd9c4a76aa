package dev.glimpse.kernel;

import dev.glimpse.kernel.LineProducts.Left;
import dev.glimpse.kernel.MapLines.Line;
import dev.glimpse.nn.Tensors;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A 1x1 convolution of float32 maps with its backward: for each position a product of its channels with the weights.
 *
 * <p>
 * Positions go by blocks of a fixed size, and what is added up over positions is added up slice by slice, whatever the
 * number of threads.
 */
final class LineProjection {
    private static final int SIZE = Float.BYTES;
    private static final int POSITIONS = 96;
    /** So many rows of a few columns of a factor stay in the fastest cache. */
    private static final int STEPS = 128;
    /** Columns of a factor that lie together, one row of them behind the other. */
    private static final int TOGETHER = 3 * Vectors.LANES;
    private static final int MOST_SLICES = 32;

    private final Tensor weight;
    private final Tensor bias;
    private final int in;
    private final int out;

    /**
     * @param weight (T, C)
     * @param bias (T)
     */
    LineProjection(Tensor weight, Tensor bias) {
        this.weight = weight;
        this.bias = bias;
        out = Math.toIntExact(weight.size(0));
        in = Math.toIntExact(weight.size(1));
    }

    private static int blocks(MapLines map) {
        return Math.ceilDiv(map.positions(), POSITIONS);
    }

    private static Line block(MapLines map, int number) {
        int first = number % blocks(map) * POSITIONS;
        return new Line(number / blocks(map), first, 1, Math.min(POSITIONS, map.positions() - first));
    }

    /** Numbers from one row of a block to the next: odd in cache lines, so that rows do not push each other out. */
    private static int row(int cols) {
        return MapLines.filled(cols) + 16;
    }

    /** (K, N) as ceil(N / TOGETHER) matrices (K, TOGETHER), one behind the other. */
    private static Tensor packed(Tensor factor) {
        long groups = Math.ceilDiv(factor.size(1), (long) TOGETHER);
        return Tensors.padded(factor, groups * TOGETHER - factor.size(1)).view(factor.size(0), groups, TOGETHER)
                .transpose(0, 1).contiguous();
    }

    /** Adds {@code a b} to the result. */
    private static void addProduct(Left a, long packed, int steps, int rows, int cols, long result, int resultRow) {
        for (int k = 0; k < steps; k += STEPS) {
            Left here = new Left(a.address() + (long) k * a.step() * SIZE, a.row(), a.step());
            for (int n = 0; n < cols; n += TOGETHER) {
                LineProducts.multiply(here, packed + ((long) n / TOGETHER * steps + k) * TOGETHER * SIZE, TOGETHER,
                        Math.min(STEPS, steps - k), rows, Math.min(TOGETHER, cols - n), result + (long) n * SIZE,
                        resultRow, true);
            }
        }
    }

    /** {@code W x + b}, (B, T, H, W) with its channels last. */
    MapLines forward(MapLines x) {
        MapLines y = MapLines.unset(ScalarType.Float, x.images, out, x.height, x.width);
        Tensor factor = packed(weight.t());
        Tensor shift = Tensors.padded(bias, row(out) - out);
        long factors = factor.data_ptr().address();
        long shifts = shift.data_ptr().address();
        int rows = LineProducts.filled(POSITIONS);
        Team.forEach(x.images * blocks(x), number -> {
            Line line = block(x, number);
            long from = Scratch.block(0, rows * (row(in) + row(out)));
            long to = from + (long) rows * row(in) * SIZE;
            x.gather(line, 0, in, from, row(in));
            for (int i = 0; i < line.length(); i++) {
                LineWeights.copy(shifts, row(out), to + (long) i * row(out) * SIZE);
            }
            addProduct(new Left(from, row(in), 1), factors, in, line.length(), out, to, row(out));
            y.scatter(line, 0, out, to, row(out), false);
        });
        hold(factor, shift);
        return y;
    }

    /** Keeps tensors from the garbage collector while their addresses are in use. */
    private static void hold(Tensor... tensors) {
        java.lang.ref.Reference.reachabilityFence(tensors);
    }

    /**
     * What backward gives.
     *
     * @param input {@code W^T dy + more}; null where it was not asked for
     * @param weight (T, C)
     * @param bias (T)
     */
    record Gradients(Tensor input, Tensor weight, Tensor bias) {}

    /**
     * @param dy of {@link #forward}'s result
     * @param more is added to the input's gradient
     */
    Gradients backward(MapLines x, MapLines dy, MapLines more, boolean ofInput) {
        MapLines dx = ofInput ? x.alike() : null;
        int blocks = x.images * blocks(x);
        int slices = Math.clamp((long) x.images * x.positions() / (2L * in), 1, Math.min(MOST_SLICES, blocks));
        int wide = MapLines.filled(in);
        Tensor dweight = Tensors.zeros(ScalarType.Float, slices, LineProducts.filled(out), wide);
        Tensor dbias = Tensors.zeros(ScalarType.Float, slices, row(out));
        Tensor factor = packed(weight);
        long factors = factor.data_ptr().address();
        long weights = dweight.data_ptr().address();
        long biases = dbias.data_ptr().address();
        int rows = LineProducts.filled(POSITIONS);
        IntConsumer slice = number -> {
            long gradient = Scratch.block(0, rows * (row(in) + row(out)));
            long input = gradient + (long) rows * row(out) * SIZE;
            long ownWeights = weights + (long) number * LineProducts.filled(out) * wide * SIZE;
            long ownBiases = biases + (long) number * row(out) * SIZE;
            for (int i = (int) ((long) blocks * number / slices); i < (long) blocks * (number + 1) / slices; i++) {
                Line line = block(x, i);
                dy.gather(line, 0, out, gradient, row(out));
                for (int j = 0; j < line.length(); j++) {
                    LineWeights.addScaled(ownBiases, gradient + (long) j * row(out) * SIZE, MapLines.filled(out), 1);
                }
                x.gather(line, 0, in, input, row(in));
                LineProducts.multiply(new Left(gradient, 1, row(out)), input, row(in), line.length(), out, in,
                        ownWeights, wide, true);
                if (dx != null) {
                    more.gather(line, 0, in, input, row(in));
                    addProduct(new Left(gradient, row(out), 1), factors, out, line.length(), in, input, row(in));
                    dx.scatter(line, 0, in, input, row(in), false);
                }
            }
        };
        Team.forEach(slices, slice);
        hold(factor, dweight, dbias);
        return new Gradients(dx == null ? null : dx.tensor,
                Numbers.of(dweight).overImages().tensor().squeeze(0).narrow(0, 0, out).narrow(1, 0, in),
                Numbers.of(dbias).overImages().tensor().squeeze(0).narrow(0, 0, out));
    }
}
