package dev.glimpse.kernel;

import java.util.stream.Stream;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * Two dense layers that all pools share, their results added.
 *
 * <pre>
 * z = sum over p of W2 relu(W1 p + b1) + b2        p (B, C), W1 (h, C), W2 (C, h): (B, C)
 * </pre>
 *
 * The second layer is taken once, of the sum of the hidden numbers: the same, with a quarter less to multiply.
 *
 * @param inBias {@code b1}, undefined where there is none
 * @param outBias {@code b2}, likewise
 */
public record Mlp(Tensor in, Tensor inBias, Tensor out, Tensor outBias) implements Excitation {
    /** Two linear layers. */
    public static Mlp of(LinearImpl first, LinearImpl second) {
        return new Mlp(first.weight(), first.bias(), second.weight(), second.bias());
    }

    /** Two convolutions that see a position each. */
    public static Mlp of(Conv2dImpl first, Conv2dImpl second) {
        return new Mlp(first.weight(), first.bias(), second.weight(), second.bias());
    }

    @Override
    public Stream<Tensor> parameters() {
        return Stream.of(in, inBias, out, outBias).filter(Tensor::defined);
    }

    @Override
    public Run run(Numbers pools, int images, int channels, Slab slab) {
        return new Pass(pools, images, channels, slab);
    }

    private final class Pass implements Run {
        private final int images;
        private final int channels;
        private final int count;
        private final int width;
        private final Numbers pools; // (B, P, C)
        private final Numbers hidden; // (B, P, h)
        private final Numbers added; // (B, h)
        private final Numbers dadded; // (B, h), the same for each pool
        private final Numbers dhidden; // (B, P, h)
        private final Numbers first = Numbers.of(in); // (h, C)
        private final Numbers second = Numbers.of(out); // (C, h)
        private final Numbers firstBias = numbers(inBias);
        private final Numbers secondBias = numbers(outBias);

        Pass(Numbers pools, int images, int channels, Slab slab) {
            this.pools = pools;
            this.images = images;
            this.channels = channels;
            count = pools.each() / channels;
            width = (int) in.size(0);
            hidden = slab.take(images, count * width);
            added = slab.take(images, width);
            dadded = slab.take(images, width);
            dhidden = slab.take(images, count * width);
        }

        private static Numbers numbers(Tensor bias) {
            return bias.defined() ? Numbers.of(bias) : Numbers.zeros(1);
        }

        @Override
        public void forward(int fromImage, int toImage, Numbers logits) {
            int some = toImage - fromImage;
            Dense.dots(pools.at(fromImage), some * count, channels, first.address(), width, hidden.at(fromImage));
            for (int image = fromImage; image < toImage; image++) {
                activate(image);
            }
            Dense.dots(added.at(fromImage), some, width, second.address(), channels, logits.at(fromImage));
            for (int image = fromImage; outBias.defined() && image < toImage; image++) {
                Logits.add(logits.at(image), channels, secondBias.address(), count);
            }
        }

        private void activate(int image) {
            for (int i = 0; i < width; i++) {
                float bias = inBias.defined() ? Vectors.getFloat(firstBias.address() + (long) i * Float.BYTES) : 0;
                float sum = 0;
                for (int pool = 0; pool < count; pool++) {
                    float z = hidden.get(image, pool * width + i) + bias;
                    float h = z <= 0 ? 0 : z; // what is no number stays
                    Vectors.setFloat(hidden.at(image, pool * width + i), h);
                    sum += h;
                }
                Vectors.setFloat(added.at(image, i), sum);
            }
        }

        @Override
        public void backward(int fromImage, int toImage, Numbers dlogits, Numbers dpools) {
            int some = toImage - fromImage;
            Dense.combine(dlogits.at(fromImage), some, channels, second.address(), width, dadded.at(fromImage));
            for (int image = fromImage; image < toImage; image++) {
                for (int i = 0; i < count * width; i++) {
                    float slope = hidden.get(image, i) <= 0 ? 0 : 1;
                    Vectors.setFloat(dhidden.at(image, i), slope * dadded.get(image, i % width));
                }
            }
            Dense.combine(dhidden.at(fromImage), some * count, width, first.address(), channels,
                    dpools.at(fromImage));
        }

        @Override
        public void learn(Numbers dlogits, Gradients gradients) {
            int rows = images * count;
            gradients.add(out, gradient -> Dense.combineColumns(dlogits.at(0), channels, images, added.at(0), width,
                    gradient));
            gradients.add(outBias, gradient -> {
                Rows.fill(gradient, channels, 0);
                Rows.add(dlogits.at(0), images, channels, gradient);
                Rows.scale(gradient, channels, count);
            });
            gradients.add(in, gradient -> Dense.combineColumns(dhidden.at(0), width, rows, pools.at(0), channels,
                    gradient));
            gradients.add(inBias, gradient -> {
                Rows.fill(gradient, width, 0);
                Rows.add(dhidden.at(0), rows, width, gradient);
            });
        }
    }
}
