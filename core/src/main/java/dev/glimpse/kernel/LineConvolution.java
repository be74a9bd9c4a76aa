package dev.glimpse.kernel;

import java.util.stream.Stream;
import org.bytedeco.pytorch.Conv1dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * A convolution along the channels, of one pool.
 *
 * <pre>
 * z_c = sum over i of w_i p_(c + i - k/2)        p (B, C), w (k): (B, C)
 * </pre>
 *
 * @param weight (1, 1, k), k odd
 * @param circular whether the first channel stands beside the last; else there are zeros
 */
public record LineConvolution(Tensor weight, boolean circular) implements Excitation {
    /** A convolution of one line to one, without bias. */
    public static LineConvolution of(Conv1dImpl convolution, boolean circular) {
        return new LineConvolution(convolution.weight(), circular);
    }

    @Override
    public Stream<Tensor> parameters() {
        return Stream.of(weight);
    }

    @Override
    public Run run(Numbers pools, int images, int channels, Slab slab) {
        return new Pass(pools, images, channels);
    }

    private final class Pass implements Run {
        private final Numbers pools;
        private final int images;
        private final int channels;
        private final float[] weights = Numbers.of(weight).toArray();

        Pass(Numbers pools, int images, int channels) {
            this.pools = pools;
            this.images = images;
            this.channels = channels;
        }

        @Override
        public void forward(int fromImage, int toImage, Numbers logits) {
            for (int image = fromImage; image < toImage; image++) {
                for (int c = 0; c < channels; c++) {
                    float sum = 0;
                    for (int i = 0; i < weights.length; i++) {
                        int from = neighbour(c, i);
                        sum += from < 0 ? 0 : weights[i] * pools.get(image, from);
                    }
                    Vectors.setFloat(logits.at(image, c), sum);
                }
            }
        }

        /** The channel that the {@code i}th weight sees for channel c; negative where there is none. */
        private int neighbour(int c, int i) {
            int at = c + i - weights.length / 2;
            if (circular) {
                return Math.floorMod(at, channels);
            }
            return at < channels ? at : -1;
        }

        @Override
        public void backward(int fromImage, int toImage, Numbers dlogits, Numbers dpools) {
            for (int image = fromImage; image < toImage; image++) {
                Rows.fill(dpools.at(image), channels, 0);
                for (int c = 0; c < channels; c++) {
                    float d = dlogits.get(image, c);
                    for (int i = 0; i < weights.length; i++) {
                        int from = neighbour(c, i);
                        if (from >= 0) {
                            Vectors.addFloat(dpools.at(image, from), d * weights[i]);
                        }
                    }
                }
            }
        }

        @Override
        public void learn(Numbers dlogits, Gradients gradients) {
            double[] dweights = new double[weights.length];
            for (int image = 0; image < images; image++) {
                for (int c = 0; c < channels; c++) {
                    float d = dlogits.get(image, c);
                    for (int i = 0; i < weights.length; i++) {
                        int from = neighbour(c, i);
                        dweights[i] += from < 0 ? 0 : (double) d * pools.get(image, from);
                    }
                }
            }
            gradients.add(weight, gradient -> {
                for (int i = 0; i < dweights.length; i++) {
                    Vectors.setFloat(gradient + (long) i * Float.BYTES, (float) dweights[i]);
                }
            });
        }
    }
}
