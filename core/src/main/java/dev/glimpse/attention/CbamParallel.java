package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.seen;

import dev.glimpse.Layer;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Sequential;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Channel and spatial gates side by side, both added to the input.
 *
 * <pre>
 * ca = x * sigmoid(MLP(mean_hw x) + MLP(max_hw x))        (B, C, H, W), batch norm after both layers
 * sa = x * sigmoid(BN(conv(relu(BN(conv[mean_c x; max_c x])))))   (B, C, H, W), 2 to 32 to 1 maps
 * y  = x + ca + sa                                        (B, C, H, W)
 * </pre>
 *
 * After Woo, Park, Lee, Kweon: CBAM: Convolutional Block Attention Module. ECCV 2018.
 * <a href="https://arxiv.org/abs/1807.06521">arXiv:1807.06521</a>
 *
 * <p>
 * The final listing of an article on improving CBAM; not the paper's, whose gates follow one another without a residual.
 * With both gates at one half the output is 2x. The MLP's hidden width is max(C / 16, 4). The norms over pooled maps need
 * two images or more in training.
 */
public final class CbamParallel extends Layer {
    private static final long REDUCTION = 16;
    private static final long LEAST_HIDDEN = 4;

    /** @param kernel side of the spatial gate's convolutions, odd */
    public record Config(long kernel) {
        /** Kernel 7. */
        public static final Config DEFAULT = new Config(7);

        public Config {
            Checks.odd("cbam-parallel: kernel", kernel);
        }

        static Config read(Args args) {
            return new Config(args.integer("kernel", DEFAULT.kernel));
        }
    }

    private final ChannelGate channel;
    private final CbamIndependent.SpatialGate spatial;

    public CbamParallel(long channels) {
        this(channels, Config.DEFAULT);
    }

    public CbamParallel(long channels, Config config) {
        channel = register_module("ca", new ChannelGate(Checks.positive("cbam-parallel: channels", channels)));
        spatial = register_module("sa", new CbamIndependent.SpatialGate(config.kernel(), false));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        GatedMap map = GatedMap.of(x);
        Tensor c = channel.gate(map); // (B, C, 1, 1)
        Tensor s = spatial.gate(map.poolChannels()); // (B, 1, H, W)
        return map.gatedBySum(c.add(new Scalar(1)), s); // x + c * x + s * x
    }

    private static final class ChannelGate extends Layer {
        private final Sequential fc;

        ChannelGate(long channels) {
            long hidden = Math.max(channels / REDUCTION, LEAST_HIDDEN);
            fc = register_module("fc", CbamIndependent.normedMlp(channels, hidden));
        }

        @Override
        public Tensor forward(Tensor x) {
            GatedMap map = GatedMap.of(x);
            return map.gated(gate(map));
        }

        private Tensor gate(GatedMap map) {
            GatedMap.Pools pools = map.pool(); // (B, C, 1, 1)
            Checks.valuesForNorm("cbam-parallel", this, pools.mean());
            Tensor logits = fc.forward(pools.mean()).add(fc.forward(pools.max())); // (B, C, 1, 1)
            return seen(this, CHANNEL, logits.sigmoid());
        }
    }
}
