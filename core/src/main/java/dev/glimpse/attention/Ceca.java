package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.conv1d;
import static dev.glimpse.nn.Tensors.cat;
import static dev.glimpse.nn.Window.unbiased;

import dev.glimpse.Layer;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.kernel.LineConvolution;
import dev.glimpse.kernel.PooledGates;
import dev.glimpse.nn.Checks;
import org.bytedeco.pytorch.Conv1dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * Efficient channel attention with the channels in a ring: the first is the last one's neighbour.
 *
 * <pre>
 * s = sigmoid(conv_k(ring(mean_hw x)))     (B, C, 1, 1), one kernel of size k along the channels, no bias
 * y = s * x                                (B, C, H, W)
 * </pre>
 *
 * After Wang, Wu, Zhu, Li, Zuo, Hu: ECA-Net: Efficient Channel Attention for Deep Convolutional Neural Networks. CVPR 2020.
 * <a href="https://arxiv.org/abs/1910.03151">arXiv:1910.03151</a>; timm's {@code CecaModule}.
 *
 * <p>
 * Differs from {@code eca} at the k/2 first and last channels alone, where the paper's and the authors' convolution takes
 * in zeros. The kernel's size is chosen as there. Take {@code eca} unless you load weights trained with this.
 */
public final class Ceca extends Layer {
    /**
     * @param kernel the kernel's size, odd; 0 takes it from the channels
     * @param gamma by what the channels' logarithm is divided for it
     * @param b what is added to the logarithm before
     */
    public record Config(long kernel, double gamma, double b) {
        /** From the channels, gamma 2, b 1. */
        public static final Config DEFAULT = new Config(0, 2, 1);

        public Config {
            Eca.check("ceca", kernel, gamma, b);
        }

        static Config read(Args args) {
            return new Config(args.integer("kernel", DEFAULT.kernel), args.number("gamma", DEFAULT.gamma),
                    args.number("b", DEFAULT.b));
        }
    }

    private final long channels;
    private final long reach;
    private final Conv1dImpl conv;

    public Ceca(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Ceca(long channels, Config config) {
        this.channels = Checks.positive("ceca: channels", channels);
        long kernel = Eca.kernel(channels, config.kernel(), config.gamma(), config.b());
        reach = kernel / 2;
        if (reach > channels) {
            throw new IllegalArgumentException("ceca: a kernel of " + kernel + " goes more than once around " + channels
                    + " channels; give one of at most " + (2 * channels + 1));
        }
        conv = register_module("conv", conv1d(1, 1, kernel, unbiased()));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("ceca", channels, x);
        return PooledGates.gated(x, PooledGates.Pooled.MEAN, LineConvolution.of(conv, true), null,
                watched() ? (gate, _) -> seen(this, CHANNEL, gate) : null, () -> gated(x));
    }

    private Tensor gated(Tensor x) {
        GatedMap map = GatedMap.ofMeans(x);
        Tensor line = map.mean().squeeze(3).transpose(1, 2); // (B, 1, C)
        Tensor ring = cat(2, line.narrow(2, channels - reach, reach), line, line.narrow(2, 0, reach));
        Tensor gate = conv.forward(ring).sigmoid().transpose(1, 2).unsqueeze(3); // (B, C, 1, 1)
        return map.gated(seen(this, CHANNEL, gate));
    }
}
