package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.conv2d;

import dev.glimpse.Layer;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.nn.Checks;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Effective squeeze-and-excitation: one layer as wide as the channels in place of the MLP, so that none is squeezed away.
 *
 * <pre>
 * s = hardsigmoid(W mean_hw x + b)     (B, C, 1, 1), W: C x C, hardsigmoid(v) = min(max(v + 3, 0), 6) / 6
 * y = s * x                            (B, C, H, W)
 * </pre>
 *
 * Lee, Park: CenterMask: Real-Time Anchor-Free Instance Segmentation. CVPR 2020.
 * <a href="https://arxiv.org/abs/1911.06667">arXiv:1911.06667</a>; timm's {@code EffectiveSEModule}.
 *
 * <p>
 * Differs from the paper's formula, which has a smooth sigmoid; the authors' code has the hard one, as here. With
 * {@code add_maxpool=true} half of the maximum is pooled in. It has r/2 times the weights of {@code se}, eight times at a
 * reduction of 16: for weights that were trained with it, or where channels are few.
 */
public final class Ese extends Layer {
    /** @param addMaxpool whether the mean is averaged with the maximum */
    public record Config(boolean addMaxpool) {
        /** The mean alone. */
        public static final Config DEFAULT = new Config(false);

        static Config read(Args args) {
            return new Config(args.flag("add_maxpool", DEFAULT.addMaxpool));
        }
    }

    private final long channels;
    private final boolean addMaxpool;
    private final Conv2dImpl fc;

    public Ese(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Ese(long channels, Config config) {
        this.channels = Checks.positive("ese: channels", channels);
        addMaxpool = config.addMaxpool();
        fc = register_module("fc", conv2d(channels, channels, 1));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("ese", channels, x);
        GatedMap map = addMaxpool ? GatedMap.composed(x) : GatedMap.ofMeans(x);
        Tensor squeezed = addMaxpool ? Timm.squeeze(x, true) : map.mean(); // (B, C, 1, 1)
        Tensor gate = torch.hardsigmoid(fc.forward(squeezed)); // (B, C, 1, 1)
        return map.gated(seen(this, CHANNEL, gate));
    }
}
