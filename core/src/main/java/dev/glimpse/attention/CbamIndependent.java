package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.Kind.SPATIAL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Tensors.cat;
import static dev.glimpse.nn.Tensors.mean;
import static dev.glimpse.nn.Window.padding;
import static dev.glimpse.nn.Window.unbiased;

import dev.glimpse.Layer;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * An "improved" CBAM: an MLP of its own for each pool, and two convolutions with a residual in the spatial gate.
 *
 * <pre>
 * Mc = sigmoid(MLP_avg(mean_hw x) + MLP_max(max_hw x))         (B, C, 1, 1), batch norm after both layers of each
 * x' = Mc * x                                                  (B, C, H, W)
 * p  = [mean_c x'; max_c x']                                   (B, 2, H, W)
 * Ms = sigmoid(BN(conv(relu(BN(conv p)))) + mean_c p)          (B, 1, H, W), 2 to 32 to 1 maps
 * y  = Ms * x'                                                 (B, C, H, W)
 * </pre>
 *
 * After Woo, Park, Lee, Kweon: CBAM: Convolutional Block Attention Module. ECCV 2018.
 * <a href="https://arxiv.org/abs/1807.06521">arXiv:1807.06521</a>
 *
 * <p>
 * The form that an article on improving CBAM proposes piece by piece (its final listing is {@code cbam-parallel}); not
 * the paper's. The norms over pooled maps need two images or more in training.
 */
public final class CbamIndependent extends Layer {
    /**
     * @param reduction each MLP's hidden width is {@code channels / reduction}, rounded down
     * @param kernel side of the spatial gate's convolutions, odd
     */
    public record Config(long reduction, long kernel) {
        /** Reduction 16, kernel 7. */
        public static final Config DEFAULT = new Config(16, 7);

        public Config {
            Checks.positive("cbam-independent: reduction", reduction);
            Checks.odd("cbam-independent: kernel", kernel);
        }

        static Config read(Args args) {
            return new Config(args.integer("reduction", DEFAULT.reduction), args.integer("kernel", DEFAULT.kernel));
        }
    }

    private final ChannelGate channel;
    private final SpatialGate spatial;

    public CbamIndependent(long channels) {
        this(channels, Config.DEFAULT);
    }

    public CbamIndependent(long channels, Config config) {
        channel = register_module("channel", new ChannelGate(channels, config.reduction()));
        spatial = register_module("spatial", new SpatialGate(config.kernel(), true));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        GatedMap map = GatedMap.of(x);
        Tensor c = channel.gate(map); // (B, C, 1, 1)
        return map.gated(c, spatial.gate(map.poolChannels(c)));
    }

    private static final class ChannelGate extends Layer {
        private final Sequential fcAvg;
        private final Sequential fcMax;

        ChannelGate(long channels, long reduction) {
            long hidden = Checks.reduced("cbam-independent", channels, reduction);
            fcAvg = register_module("fc_avg", normedMlp(channels, hidden));
            fcMax = register_module("fc_max", normedMlp(channels, hidden));
        }

        @Override
        public Tensor forward(Tensor x) {
            GatedMap map = GatedMap.of(x);
            return map.gated(gate(map));
        }

        private Tensor gate(GatedMap map) {
            GatedMap.Pools pools = map.pool(); // (B, C, 1, 1)
            Checks.valuesForNorm("cbam-independent", this, pools.mean());
            Tensor logits = fcAvg.forward(pools.mean()).add(fcMax.forward(pools.max())); // (B, C, 1, 1)
            return seen(this, CHANNEL, logits.sigmoid());
        }
    }

    /** Two convolutions over the channels' mean and maximum, with or without their mean added before the sigmoid. */
    static final class SpatialGate extends Layer {
        private static final long HIDDEN = 32;
        private final boolean residual;
        private final Sequential conv;

        SpatialGate(long kernel, boolean residual) {
            this.residual = residual;
            conv = register_module("conv", new Sequential(heConv(2, HIDDEN, kernel), batchNorm2d(HIDDEN), relu(),
                    heConv(HIDDEN, 1, kernel), batchNorm2d(1)));
        }

        @Override
        public Tensor forward(Tensor x) {
            GatedMap map = GatedMap.of(x);
            return map.gatedPositions(gate(map.poolChannels()));
        }

        Tensor gate(GatedMap.Pools pools) {
            Tensor pooled = cat(1, pools.mean(), pools.max()); // (B, 2, H, W)
            Tensor logits = conv.forward(pooled); // (B, 1, H, W)
            return seen(this, SPATIAL, (residual ? logits.add(mean(pooled, 1)) : logits).sigmoid());
        }
    }

    /** Channels to hidden to channels over (B, C, 1, 1), with batch norm after both. */
    static Sequential normedMlp(long channels, long hidden) {
        return new Sequential(heConv(channels, hidden, 1), batchNorm2d(hidden), relu(),
                heConv(hidden, channels, 1), batchNorm2d(channels));
    }

    private static Conv2dImpl heConv(long in, long out, long kernel) {
        Conv2dImpl conv = conv2d(in, out, kernel, kernel == 1 ? unbiased() : padding(kernel / 2).noBias());
        Init.kaimingFanOut(conv.weight());
        return conv;
    }
}
