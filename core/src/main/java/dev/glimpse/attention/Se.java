package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.linearNoBias;
import static dev.glimpse.nn.Layers.relu;

import dev.glimpse.Layer;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.kernel.Mlp;
import dev.glimpse.kernel.PooledGates;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Sequential;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * Squeeze-and-excitation: scales each channel by what a small MLP makes of all channels' means.
 *
 * <pre>
 * s = sigmoid(W2 relu(W1 mean_hw x))     (B, C, 1, 1), W1: C/r x C, W2: C x C/r
 * y = s * x                              (B, C, H, W)
 * </pre>
 *
 * Hu, Shen, Sun: Squeeze-and-Excitation Networks. CVPR 2018.
 * <a href="https://arxiv.org/abs/1709.01507">arXiv:1709.01507</a>
 *
 * <p>
 * The MLP has no biases, as in the paper's formula and most PyTorch ports; the authors' Caffe networks have them, which
 * is {@code bias=true}. Take {@code se-timm} to load weights whose keys are {@code fc1} and {@code fc2}, {@code se}
 * otherwise.
 */
public final class Se extends Layer {
    /**
     * @param reduction the MLP's hidden width is {@code channels / reduction}, rounded down
     * @param bias whether the MLP has biases
     */
    public record Config(long reduction, boolean bias) {
        /** The paper's: reduction 16, no biases. */
        public static final Config DEFAULT = new Config(16, false);

        public Config {
            Checks.positive("se: reduction", reduction);
        }

        static Config read(Args args) {
            return new Config(args.integer("reduction", DEFAULT.reduction), args.flag("bias", DEFAULT.bias));
        }
    }

    private final long channels;
    private final LinearImpl squeeze;
    private final LinearImpl excite;
    private final Sequential fc;

    public Se(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Se(long channels, Config config) {
        this.channels = channels;
        long hidden = Checks.reduced("se", channels, config.reduction());
        squeeze = dense(channels, hidden, config);
        excite = dense(hidden, channels, config);
        fc = register_module("fc", new Sequential(squeeze, relu(), excite));
    }

    private static LinearImpl dense(long in, long out, Config config) {
        return config.bias() ? linear(in, out) : linearNoBias(in, out);
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("se", channels, x);
        return PooledGates.gated(x, PooledGates.Pooled.MEAN, Mlp.of(squeeze, excite), null,
                watched() ? (gate, _) -> seen(this, CHANNEL, gate) : null, () -> gated(x));
    }

    private Tensor gated(Tensor x) {
        GatedMap map = GatedMap.ofMeans(x);
        Tensor squeezed = map.mean().flatten(1, -1); // (B, C)
        Tensor gate = fc.forward(squeezed).sigmoid().unsqueeze(2).unsqueeze(3); // (B, C, 1, 1)
        return map.gated(seen(this, CHANNEL, gate));
    }
}
