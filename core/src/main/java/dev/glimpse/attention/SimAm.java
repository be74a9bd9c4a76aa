package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.ELEMENT;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Tensors.spatialMean;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * SimAM: gates each element by how far it stands out from its channel's map, without parameters.
 *
 * <pre>
 * D = (x - mean_hw x)^2                          (B, C, H, W)
 * v = sum_hw D / (N - 1)                         (B, C, 1, 1), N = H*W
 * y = sigmoid(D / (4 (v + lambda)) + 1/2) * x    (B, C, H, W)
 * </pre>
 *
 * Yang, Zhang, Li, Xie: SimAM: A Simple, Parameter-Free Attention Module for Convolutional Neural Networks. ICML 2021.
 * <a href="https://proceedings.mlr.press/v139/yang21o.html">PMLR 139</a>
 *
 * <p>
 * The gate is the sigmoid of one over the paper's energy. This is the authors' code, which divides by N - 1 where the
 * paper's text has N. It differs where there is one position: theirs divides zero by zero, here the gate is
 * sigmoid(1/2). Their networks for ImageNet take {@code lambda=0.1}, those for CIFAR the default.
 */
public final class SimAm extends Layer {
    /** @param lambda keeps the gate of a flat map from growing; above 0 */
    public record Config(double lambda) {
        /** The authors': 1e-4. */
        public static final Config DEFAULT = new Config(1e-4);

        public Config {
            if (!(lambda > 0)) {
                throw new IllegalArgumentException("simam: lambda is " + lambda + ", must be above 0");
            }
        }

        static Config read(Args args) {
            return new Config(args.number("lambda", DEFAULT.lambda));
        }
    }

    private final long channels;
    private final double lambda;

    public SimAm(long channels) {
        this(channels, Config.DEFAULT);
    }

    public SimAm(long channels, Config config) {
        this.channels = Checks.positive("simam: channels", channels);
        lambda = config.lambda();
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("simam", channels, x);
        long positions = x.size(2) * x.size(3);
        Tensor distances = x.sub(spatialMean(x)).square(); // (B, C, H, W)
        double unbiased = positions / (double) Math.max(1, positions - 1);
        Tensor variance = spatialMean(distances).mul(new Scalar(unbiased)); // (B, C, 1, 1)
        Tensor salience = distances.div(variance.add(new Scalar(lambda)).mul(new Scalar(4.0))); // (B, C, H, W)
        return x.mul(seen(this, ELEMENT, salience.add(new Scalar(0.5)).sigmoid()));
    }
}
