package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.conv1d;
import static dev.glimpse.nn.Window.padding;

import dev.glimpse.Layer;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.kernel.LineConvolution;
import dev.glimpse.kernel.PooledGates;
import dev.glimpse.nn.Checks;
import org.bytedeco.pytorch.Conv1dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * Efficient channel attention: scales each channel by what one small kernel makes of its neighbours' means.
 *
 * <pre>
 * s = sigmoid(conv_k(mean_hw x))     (B, C, 1, 1), one kernel of size k along the channels, no bias
 * y = s * x                          (B, C, H, W)
 * k = t if t is odd, else t + 1, and at least 3;  t = floor(|log2 C + b| / gamma)
 * </pre>
 *
 * Wang, Wu, Zhu, Li, Zuo, Hu: ECA-Net: Efficient Channel Attention for Deep Convolutional Neural Networks. CVPR 2020.
 * <a href="https://arxiv.org/abs/1910.03151">arXiv:1910.03151</a>
 *
 * <p>
 * Without {@code kernel} its size follows from the channels, as in the paper; timm's rounding decides where the paper's
 * formula ties, at 128 and 2048 channels (5 and 7). The authors' code takes the kernel as given, 3 by default, and their
 * networks' kernels (3, 5, 5, 7 in ECA-Net50's stages) follow from no formula: give {@code kernel} to load their weights.
 */
public final class Eca extends Layer {
    /**
     * @param kernel the kernel's size, odd; 0 takes it from the channels
     * @param gamma by what the channels' logarithm is divided for it
     * @param b what is added to the logarithm before
     */
    public record Config(long kernel, double gamma, double b) {
        /** The paper's: from the channels, gamma 2, b 1. */
        public static final Config DEFAULT = new Config(0, 2, 1);

        public Config {
            check("eca", kernel, gamma, b);
        }

        static Config read(Args args) {
            return new Config(args.integer("kernel", DEFAULT.kernel), args.number("gamma", DEFAULT.gamma),
                    args.number("b", DEFAULT.b));
        }
    }

    private final long channels;
    private final Conv1dImpl conv;

    public Eca(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Eca(long channels, Config config) {
        this.channels = Checks.positive("eca: channels", channels);
        long kernel = kernel(channels, config.kernel(), config.gamma(), config.b());
        conv = register_module("conv", conv1d(1, 1, kernel, padding(kernel / 2).noBias()));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("eca", channels, x);
        return PooledGates.gated(x, PooledGates.Pooled.MEAN, LineConvolution.of(conv, false), null,
                watched() ? (gate, _) -> seen(this, CHANNEL, gate) : null, () -> gated(x));
    }

    private Tensor gated(Tensor x) {
        GatedMap map = GatedMap.ofMeans(x);
        Tensor line = map.mean().squeeze(3).transpose(1, 2); // (B, 1, C)
        Tensor gate = conv.forward(line).sigmoid().transpose(1, 2).unsqueeze(3); // (B, C, 1, 1)
        return map.gated(seen(this, CHANNEL, gate));
    }

    static void check(String module, long kernel, double gamma, double b) {
        if (kernel != 0) {
            Checks.odd(module + ": kernel", kernel);
        }
        if (!(gamma > 0)) {
            throw new IllegalArgumentException(module + ": gamma is " + gamma + ", must be above 0");
        }
        if (!Double.isFinite(b)) {
            throw new IllegalArgumentException(module + ": b is " + b + ", must be finite");
        }
    }

    /** The kernel that is given, or else the one that follows from the channels. */
    static long kernel(long channels, long kernel, double gamma, double b) {
        if (kernel > 0) {
            return kernel;
        }
        double log2 = Math.log(channels) / Math.log(2);
        long t = (long) (Math.abs(log2 + b) / gamma + 1e-9); // a power of two's logarithm may fall short by a bit
        return Math.max(t % 2 == 0 ? t + 1 : t, 3);
    }
}
