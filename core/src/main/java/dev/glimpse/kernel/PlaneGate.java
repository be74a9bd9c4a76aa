package dev.glimpse.kernel;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What makes a positions' gate of a map's two pools over its channels.
 *
 * <pre>
 * gate = sigmoid(norm(convolution of the two))        pools (B, H, W) each, gate (B, 1, H, W)
 * </pre>
 *
 * @param convolution of two maps to one; keeps their size
 * @param norm of one channel; {@code null} where there is none
 * @param maximumFirst in which order the convolution takes the maximum and the mean
 */
public record PlaneGate(Conv2dImpl convolution, BatchNorm2dImpl norm, boolean maximumFirst) {
    private static final int MAPS = 2;

    /** What is learned. */
    Stream<Tensor> parameters() {
        Stream<Tensor> all = Stream.of(convolution.weight(), convolution.bias());
        all = norm == null ? all : Stream.concat(all, Stream.of(norm.weight(), norm.bias()));
        return all.filter(Tensor::defined);
    }

    /** Whether it is computed here for so many numbers; a single one cannot be normed, which the norm itself says. */
    boolean suits(long numbers) {
        return SmallConvolution.suits(convolution, MAPS) && (norm == null || norm.weight().defined()
                && floats(norm.running_mean()) && floats(norm.running_var()) && norm.options().momentum().has_value()
                && (numbers > 1 || !norm.is_training()));
    }

    private static boolean floats(Tensor statistic) {
        return statistic.defined() && (statistic.scalar_type().intern() == ScalarType.Float
                || statistic.scalar_type().intern() == ScalarType.BFloat16);
    }

    /**
     * Begins a forward.
     *
     * @param x the map that is gated
     * @param slab for what backward needs
     */
    Run run(Tensor x, Slab slab) {
        return new Run(x, slab);
    }

    /** About how many numbers a forward takes of its slab. */
    static long numbers(long images, long positions) {
        return (MAPS + 2) * images * positions;
    }

    /** One forward, and its backward. */
    final class Run {
        private final int images;
        private final int positions;
        private final PlaneRows planes;
        private final Tensor weight = convolution.weight();
        private final float[] weights = Numbers.of(weight).toArray();
        private final float bias = first(convolution.bias(), 0);
        private final boolean training = norm != null && norm.is_training();
        private final float factor = norm == null ? 1 : first(norm.weight(), 1);
        private final float shift = norm == null ? 0 : first(norm.bias(), 0);
        private final double epsilon = norm == null ? 0 : norm.options().eps().get();
        private float mean = norm == null ? 0 : first(norm.running_mean(), 0);
        private float inverse = norm == null ? 1 : inverse(first(norm.running_var(), 1));
        private final Numbers pools; // (B, 2, H, W), in the convolution's order
        private final Numbers convolved; // (B, H, W)
        private final Numbers gate; // (B, H, W)

        private Run(Tensor x, Slab slab) {
            images = (int) x.size(0);
            positions = (int) (x.size(2) * x.size(3));
            planes = new PlaneRows((int) x.size(2), (int) x.size(3), (int) weight.size(2));
            pools = slab.take(images, MAPS * positions);
            convolved = slab.take(images, positions);
            gate = slab.take(images, positions);
        }

        private static float first(Tensor number, float otherwise) {
            return number.defined() ? Numbers.of(number).get(0, 0) : otherwise;
        }

        private float inverse(double variance) {
            return (float) (1 / Math.sqrt(variance + epsilon));
        }

        /** Where the means over the channels belong: (B, H, W). */
        Numbers means() {
            return pools.after(maximumFirst ? positions : 0);
        }

        /** Where the maxima over the channels belong: (B, H, W). */
        Numbers maxima() {
            return pools.after(maximumFirst ? 0 : positions);
        }

        Numbers gate() {
            return gate;
        }

        /** Whether no gate is known before all images are convolved. */
        boolean waitsForAll() {
            return training;
        }

        /** Convolves an image's pools, and makes its gate if no other image has a say in it. */
        void convolve(int image) {
            long padded = SmallConvolution.padded(planes, pools.at(image), MAPS);
            planes.correlate(padded, MAPS, weights, bias, convolved.at(image));
            if (!training) {
                squash(image);
            }
        }

        private void squash(int image) {
            float scale = factor * inverse;
            Logits.squash(convolved.at(image), positions, scale, shift - mean * scale, gate.at(image));
        }

        /** Norms all images by what they have in common, and makes their gates. */
        void normAll() {
            double count = (double) images * positions;
            mean = (float) (sum(image -> Rows.sum(convolved.at(image), positions)) / count);
            double squares = sum(image -> Rows.squares(convolved.at(image), positions, mean));
            inverse = inverse(squares / count);
            learn(mean, squares / (count - 1));
            Team.forEach(images, this::squash);
        }

        private double sum(IntToDoubleFunction of) {
            double[] sums = new double[images];
            Team.forEach(images, image -> sums[image] = of.applyAsDouble(image));
            return Arrays.stream(sums).sum();
        }

        /** Takes a batch into the running statistics, as libtorch does. */
        private void learn(double batchMean, double batchVariance) {
            double share = norm.options().momentum().get();
            move(norm.running_mean(), share, batchMean);
            move(norm.running_var(), share, batchVariance);
            Tensor count = norm.num_batches_tracked();
            if (count.defined()) {
                long at = count.data_ptr().address();
                Vectors.MEMORY.set(ValueLayout.JAVA_LONG_UNALIGNED, at,
                        Vectors.MEMORY.get(ValueLayout.JAVA_LONG_UNALIGNED, at) + 1);
            }
        }

        private static void move(Tensor number, double share, double to) {
            long at = number.data_ptr().address();
            boolean half = number.scalar_type().intern() == ScalarType.BFloat16;
            float moved = (float) ((1 - share) * (half ? Halves.get(at) : Vectors.getFloat(at)) + share * to);
            if (half) {
                Halves.set(at, moved);
            } else {
                Vectors.setFloat(at, moved);
            }
        }

        /**
         * The gradient of the pools, (B, 2, H, W) in the convolution's order.
         *
         * @param dgate (B, H, W); is written over
         * @param gradients receives those of the parameters
         * @param slab where the result is put
         */
        Pooled backward(Numbers dgate, Gradients gradients, Slab slab) {
            float[][] flipped = SmallConvolution.flipped(weights, MAPS);
            Numbers dpools = slab.take(images, MAPS * positions);
            Numbers dweights = slab.take(images, weights.length);
            double sum = sum(image -> {
                Logits.unsquash(dgate.at(image), positions, gate.at(image));
                return Rows.sum(dgate.at(image), positions);
            });
            double product = norm == null ? 0
                    : sum(image -> Logits.product(dgate.at(image), convolved.at(image), positions, mean));
            double count = (double) images * positions;
            float common = training ? (float) (sum / count) : 0;
            float slope = training ? (float) (product / count * inverse * inverse) : 0;
            double biases = norm == null ? sum : training ? 0 : sum * factor * inverse;
            Team.forEach(images, image -> {
                if (norm != null) {
                    Logits.unnorm(dgate.at(image), convolved.at(image), positions, factor * inverse, common, slope,
                            mean);
                }
                SmallConvolution.gradients(planes, pools, flipped, dgate, dpools, dweights, image);
            });
            gradients.add(weight, gradient -> {
                Rows.fill(gradient, weights.length, 0);
                Rows.add(dweights.at(0), images, weights.length, gradient);
            });
            gradients.add(convolution.bias(), gradient -> Vectors.setFloat(gradient, (float) biases));
            if (norm != null) {
                gradients.add(norm.weight(), gradient -> Vectors.setFloat(gradient, (float) (product * inverse)));
                gradients.add(norm.bias(), gradient -> Vectors.setFloat(gradient, (float) sum));
            }
            return new Pooled(dpools.after(maximumFirst ? positions : 0), dpools.after(maximumFirst ? 0 : positions));
        }
    }

    /** The gradients of the two pools, (B, H, W) each. */
    record Pooled(Numbers means, Numbers maxima) {}
}
