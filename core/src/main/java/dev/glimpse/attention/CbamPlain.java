package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.Kind.SPATIAL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Tensors.cat;
import static dev.glimpse.nn.Window.padding;
import static dev.glimpse.nn.Window.unbiased;

import dev.glimpse.Layer;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.kernel.Mlp;
import dev.glimpse.kernel.PlaneGate;
import dev.glimpse.kernel.PooledGates;
import dev.glimpse.kernel.SmallConvolution;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Sequential;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * CBAM as most tutorials write it: no norm, no biases, the mean before the maximum.
 *
 * <pre>
 * Mc = sigmoid(MLP(mean_hw x) + MLP(max_hw x))     (B, C, 1, 1)
 * x' = Mc * x                                      (B, C, H, W)
 * Ms = sigmoid(conv[mean_c x'; max_c x'])          (B, 1, H, W)
 * y  = Ms * x'                                     (B, C, H, W)
 * </pre>
 *
 * Woo, Park, Lee, Kweon: CBAM: Convolutional Block Attention Module. ECCV 2018.
 * <a href="https://arxiv.org/abs/1807.06521">arXiv:1807.06521</a>
 *
 * <p>
 * This follows the paper's text more closely than the authors' code does (which adds biases and a batch norm); use it to
 * load weights from such ports, and {@code cbam} otherwise. Articles that take the kernel as 3 or give the convolution a
 * bias are reached by {@code kernel=3} and {@code spatial_bias=true}.
 */
public final class CbamPlain extends Layer {
    /**
     * @param reduction the MLP's hidden width is {@code channels / reduction}, rounded down
     * @param kernel side of the spatial gate's convolution, odd
     * @param spatialBias whether that convolution has a bias
     */
    public record Config(long reduction, long kernel, boolean spatialBias) {
        /** Reduction 16, kernel 7, no bias. */
        public static final Config DEFAULT = new Config(16, 7, false);

        public Config {
            Checks.positive("cbam-plain: reduction", reduction);
            Checks.odd("cbam-plain: kernel", kernel);
        }

        static Config read(Args args) {
            return new Config(args.integer("reduction", DEFAULT.reduction), args.integer("kernel", DEFAULT.kernel),
                    args.flag("spatial_bias", DEFAULT.spatialBias));
        }
    }

    private final ChannelGate channel;
    private final SpatialGate spatial;

    public CbamPlain(long channels) {
        this(channels, Config.DEFAULT);
    }

    public CbamPlain(long channels, Config config) {
        channel = register_module("channel", new ChannelGate(channels, config.reduction()));
        spatial = register_module("spatial", new SpatialGate(config));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        return PooledGates.gated(x, PooledGates.Pooled.BOTH, channel.excitation(), spatial.plane(),
                watched() ? this::show : null, () -> gated(x));
    }

    private void show(Tensor channels, Tensor positions) {
        seen(channel, CHANNEL, channels);
        seen(spatial, SPATIAL, positions);
    }

    private Tensor gated(Tensor x) {
        GatedMap map = GatedMap.of(x);
        Tensor c = channel.gate(map); // (B, C, 1, 1)
        return map.gated(c, spatial.gate(map.poolChannels(c)));
    }

    private static final class ChannelGate extends Layer {
        private final Conv2dImpl squeeze;
        private final Conv2dImpl excite;
        private final Sequential fc;

        ChannelGate(long channels, long reduction) {
            long hidden = Checks.reduced("cbam-plain", channels, reduction);
            squeeze = conv2d(channels, hidden, 1, unbiased());
            excite = conv2d(hidden, channels, 1, unbiased());
            fc = register_module("fc", new Sequential(squeeze, relu(), excite));
        }

        private Mlp excitation() {
            return Mlp.of(squeeze, excite);
        }

        @Override
        public Tensor forward(Tensor x) {
            GatedMap map = GatedMap.of(x);
            return map.gated(gate(map));
        }

        private Tensor gate(GatedMap map) {
            GatedMap.Pools pools = map.pool(); // (B, C, 1, 1)
            Tensor logits = fc.forward(pools.mean()).add(fc.forward(pools.max())); // (B, C, 1, 1)
            return seen(this, CHANNEL, logits.sigmoid());
        }
    }

    private static final class SpatialGate extends Layer {
        private final Conv2dImpl conv;

        SpatialGate(Config config) {
            conv = register_module("conv", conv2d(2, 1, config.kernel(),
                    padding(config.kernel() / 2).withBias(config.spatialBias())));
        }

        @Override
        public Tensor forward(Tensor x) {
            GatedMap map = GatedMap.of(x);
            return map.gatedPositions(gate(map.poolChannels()));
        }

        private PlaneGate plane() {
            return new PlaneGate(conv, null, false);
        }

        private Tensor gate(GatedMap.Pools pools) {
            Tensor pooled = cat(1, pools.mean(), pools.max()); // (B, 2, H, W)
            return seen(this, SPATIAL, SmallConvolution.forward(conv, pooled).sigmoid());
        }
    }
}
