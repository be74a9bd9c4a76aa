package dev.glimpse.kernel;

import dev.glimpse.kernel.LineProducts.Left;
import dev.glimpse.kernel.MapLines.Line;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.Arrays;
import java.util.function.Function;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * 1x1 convolutions of one map, side by side, and their backward; float32 arithmetic, some positions at a time.
 *
 * <pre>
 * y = W x + b        x (B, C, H, W), y (B, D, H, W), D the outputs of all together
 * </pre>
 *
 * What comes out of some positions lies in a thread's own block, for whoever asked to use up there and then.
 */
final class Projection {
    private static final int SIZE = Float.BYTES;
    private static final int POSITIONS = 96;
    /** An image's positions are cut into so many parts, at the most, whose sums are made side by side. */
    private static final int SUMS = 16;
    /** A part is so many times as long as there are outputs, so that its sums are less than the map. */
    private static final int LONG = 4;
    /** Positions that are added up together. */
    private static final int TOGETHER = 192;
    /** Outputs whose sums are made together. */
    private static final int OUTPUTS = 256;

    private final Conv2dImpl[] convolutions;
    final int ins;
    final int outs;
    /** As they were in the forward: a copy, (D, C). */
    private final Tensor weight;
    private final Numbers bias;
    private final Panels forth;
    private final Panels back;

    Projection(boolean learned, Conv2dImpl... convolutions) {
        this.convolutions = convolutions;
        weight = stacked(Conv2dImpl::weight);
        outs = Math.toIntExact(weight.size(0));
        ins = Math.toIntExact(weight.size(1));
        Tensor biases = stacked(Conv2dImpl::bias);
        bias = Numbers.filled(1, deep(outs), 0);
        copy(biases.data_ptr().address(), outs, bias.address());
        long address = weight.data_ptr().address();
        forth = new Panels(address, ins, outs, 1, ins);
        back = learned ? new Panels(address, outs, ins, ins, 1) : null;
    }

    private Tensor stacked(Function<Conv2dImpl, Tensor> part) {
        return Scopes.noGrad(() -> Tensors
                .cat(0, Arrays.stream(convolutions).map(part).map(tensor -> tensor.to(ScalarType.Float)
                        .contiguous()).toArray(Tensor[]::new))
                .clone());
    }

    /** What to do with the numbers of some positions: they are rows, each so many numbers after the last. */
    @FunctionalInterface
    interface Use {
        void on(Line line, long numbers, int row);
    }

    /** From C numbers a position to D. */
    void forward(MapLines x, Use use) {
        forEach(x, forth, ins, outs, (line, numbers, row) -> {
            for (int i = 0; i < line.length(); i++) {
                LineWeights.addScaled(numbers + (long) i * row * SIZE, bias.address(), outs, 1);
            }
            use.on(line, numbers, row);
        });
    }

    /** From the gradients of D numbers a position to those of C. */
    void backward(MapLines dy, Use use) {
        forEach(dy, back, outs, ins, use);
    }

    private static void forEach(MapLines x, Panels panels, int ins, int outs, Use use) {
        int parts = Math.ceilDiv(x.positions(), POSITIONS);
        int row = deep(ins);
        int outRow = deep(outs);
        Team.forEach(x.images * parts, number -> {
            int first = number % parts * POSITIONS;
            Line line = new Line(number / parts, first, 1, Math.min(POSITIONS, x.positions() - first));
            long in = Scratch.block(0, POSITIONS * (row + outRow));
            long out = in + (long) POSITIONS * row * SIZE;
            x.gather(line, 0, ins, in, row);
            panels.multiply(new Left(in, row, 1), line.length(), out, outRow);
            use.on(line, out, outRow);
        });
    }

    /** Odd in cache lines, so that rows do not push each other out. */
    private static int deep(int count) {
        return Math.ceilDiv(MapLines.filled(count), 32) * 32 + 16;
    }

    /** A second block for who uses numbers, as large as theirs. */
    static long other(int row) {
        return Scratch.block(2, POSITIONS * row);
    }

    /** Sums of what the gradients of weights and biases are made of, over all positions of several maps. */
    final class Sums {
        private final int row = deep(ins);
        private final int filled = LineProducts.filled(outs);
        /** (D, C), filled up, then (D), likewise. */
        private final int count = MapLines.filled(filled * row + deep(outs));
        private final Numbers all = Numbers.filled(1, count, 0);

        /** Takes in more positions. */
        void add(MapLines dy, MapLines x) {
            int sums = Math.clamp(x.positions() / ((long) LONG * outs), 1, SUMS);
            int each = Math.ceilDiv(x.positions(), sums);
            int blocks = Math.ceilDiv(outs, OUTPUTS);
            Scopes.lettingGo(() -> {
                Numbers some = Numbers.filled(x.images * sums, count, 0);
                Team.forEach(x.images * sums * blocks, number -> {
                    int part = number / blocks;
                    int first = part % sums * each;
                    Line line = new Line(part / sums, first, 1, Math.min(each, x.positions() - first));
                    sum(dy, x, line, number % blocks * OUTPUTS, some.at(part));
                });
                for (int i = 0; i < x.images * sums; i++) {
                    LineWeights.addScaled(all.address(), some.at(i), count, 1);
                }
                return some.tensor();
            });
        }

        private void sum(MapLines dy, MapLines x, Line line, int first, long to) {
            int some = Math.min(OUTPUTS, outs - first);
            int dyRow = deep(some);
            for (int i = 0; i < line.length(); i += TOGETHER) {
                Line part = new Line(line.image(), line.first() + i, 1, Math.min(TOGETHER, line.length() - i));
                long gradients = Scratch.block(0, TOGETHER * (row + dyRow));
                long values = gradients + (long) TOGETHER * dyRow * SIZE;
                dy.gather(part, first, some, gradients, dyRow);
                x.gather(part, 0, ins, values, row);
                LineProducts.multiply(new Left(gradients, 1, dyRow), values, row, part.length(), some, ins,
                        to + (long) first * row * SIZE, row, true);
                for (int j = 0; j < part.length(); j++) {
                    LineWeights.addScaled(biases(to) + (long) first * SIZE, gradients + (long) j * dyRow * SIZE, some,
                            1);
                }
            }
        }

        private long biases(long from) {
            return from + (long) filled * row * SIZE;
        }

        /** Their product with weights and biases: how the result grows with itself. */
        float withItself() {
            Numbers product = Numbers.filled(1, 1, 0);
            for (int d = 0; d < outs; d++) {
                LineWeights.addProducts(all.address() + (long) d * row * SIZE,
                        weight.data_ptr().address() + (long) d * ins * SIZE, 1, ins, ins, product.address());
            }
            LineWeights.addProducts(biases(all.address()), bias.address(), 1, outs, outs, product.address());
            return product.get(0, 0);
        }

        /** The parameters' gradients: so many times the sums. */
        void give(Gradients gradients, float factor) {
            Rows.scale(all.address(), count, factor);
            int first = 0;
            for (Conv2dImpl convolution : convolutions) {
                int from = first;
                int own = Math.toIntExact(convolution.weight().size(0));
                gradients.add(convolution.weight(), to -> {
                    for (int d = 0; d < own; d++) {
                        copy(all.address() + (long) (from + d) * row * SIZE, ins, to + (long) d * ins * SIZE);
                    }
                });
                gradients.add(convolution.bias(),
                        to -> copy(biases(all.address()) + (long) from * SIZE, own, to));
                first += own;
            }
        }
    }

    private static void copy(long from, int count, long to) {
        for (int i = 0; i < count; i++) {
            Vectors.setFloat(to + (long) i * SIZE, Vectors.getFloat(from + (long) i * SIZE));
        }
    }

    boolean learns() {
        return learns(convolutions);
    }

    /** Whether any of their parameters wants a gradient. */
    static boolean learns(Conv2dImpl... convolutions) {
        return Arrays.stream(convolutions).anyMatch(c -> c.weight().requires_grad() || c.bias().requires_grad());
    }
}
