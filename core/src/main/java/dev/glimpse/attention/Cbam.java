package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.Kind.SPATIAL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Tensors.cat;

import dev.glimpse.Layer;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.kernel.Mlp;
import dev.glimpse.kernel.PlaneGate;
import dev.glimpse.kernel.PooledGates;
import dev.glimpse.kernel.SmallConvolution;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Flatten;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * Convolutional block attention: gates the channels, then the positions, each by pooled descriptors.
 *
 * <pre>
 * Mc = sigmoid(sum over pools p of MLP(p(x)))            (B, C, 1, 1)
 * x' = Mc * x                                            (B, C, H, W)
 * Ms = sigmoid(BN(conv7x7[max_c x'; mean_c x']))         (B, 1, H, W)
 * y  = Ms * x'                                           (B, C, H, W)
 * </pre>
 *
 * Woo, Park, Lee, Kweon: CBAM: Convolutional Block Attention Module. ECCV 2018.
 * <a href="https://arxiv.org/abs/1807.06521">arXiv:1807.06521</a>
 *
 * <p>
 * This is the authors' code, with its keys. It differs from the paper's text: batch norm follows the 7x7 convolution,
 * and two more pools can be chosen. The norm's weight starts at 0, so that the spatial gate starts at one half.
 * {@code cbam-plain} is the form of most tutorials (no norm, no biases), {@code cbam-timm} that of timm.
 */
public final class Cbam extends Layer {
    /** How a channel's map becomes one number. */
    public enum Pool {
        AVG, MAX,
        /** The Euclidean norm over the map: the authors' power-average pool of order 2, not divided by the area. */
        LP,
        /** The logarithm of the sum of exponentials: grows with the logarithm of the area. */
        LSE;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** The other two read the map by themselves. */
        private boolean fused() {
            return this == AVG || this == MAX;
        }

        private Tensor apply(Tensor x, GatedMap map) {
            return switch (this) {
                case AVG -> map.mean();
                case MAX -> map.pool().max();
                case LP -> Tensors.spatialNorm(x);
                case LSE -> Tensors.spatialLogSumExp(x);
            };
        }
    }

    /**
     * @param reduction the MLP's hidden width is {@code channels / reduction}, rounded down
     * @param pools their MLP outputs are added
     * @param spatial whether the spatial gate follows the channel gate
     */
    public record Config(long reduction, List<Pool> pools, boolean spatial) {
        /** The paper's: reduction 16, average and maximum, with the spatial gate. */
        public static final Config DEFAULT = new Config(16, List.of(Pool.AVG, Pool.MAX), true);

        public Config {
            Checks.positive("cbam: reduction", reduction);
            pools = List.copyOf(pools);
            if (pools.isEmpty() || new HashSet<>(pools).size() < pools.size()) {
                String typed = String.join("+", pools.stream().map(Pool::word).toList());
                throw new IllegalArgumentException("cbam: pools are '" + typed + "', must be one or more, each once");
            }
        }

        static Config read(Args args) {
            List<String> words = args.words("pools", DEFAULT.pools.stream().map(Pool::word).toList());
            return new Config(args.integer("reduction", DEFAULT.reduction),
                    words.stream().map(word -> Args.constant("cbam", "pools", Pool.class, word)).toList(),
                    args.flag("spatial", DEFAULT.spatial));
        }
    }

    private final ChannelGate channelGate;
    private final SpatialGate spatialGate;

    public Cbam(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Cbam(long channels, Config config) {
        channelGate = register_module("ChannelGate", new ChannelGate(channels, config));
        spatialGate = config.spatial() ? register_module("SpatialGate", new SpatialGate()) : null;
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        if (!channelGate.fuses()) {
            return gated(x);
        }
        PlaneGate plane = spatialGate == null ? null : spatialGate.plane();
        return PooledGates.gated(x, channelGate.pooled(), channelGate.excitation(), plane,
                watched() ? this::show : null, () -> gated(x));
    }

    private void show(Tensor channels, Tensor positions) {
        seen(channelGate, CHANNEL, channels);
        if (spatialGate != null) {
            seen(spatialGate, SPATIAL, positions);
        }
    }

    private Tensor gated(Tensor x) {
        GatedMap map = channelGate.map(x);
        Tensor c = channelGate.gate(x, map); // (B, C, 1, 1)
        return spatialGate == null ? map.gated(c) : map.gated(c, spatialGate.gate(map.poolChannels(c)));
    }

    /** Scales each channel by what its pooled maps say. */
    public static final class ChannelGate extends Layer {
        private final List<Pool> pools;
        private final LinearImpl squeeze;
        private final LinearImpl excite;
        private final Sequential mlp;

        ChannelGate(long channels, Config config) {
            long hidden = Checks.reduced("cbam", channels, config.reduction());
            pools = config.pools();
            squeeze = linear(channels, hidden);
            excite = linear(hidden, channels);
            mlp = register_module("mlp", new Sequential(new Flatten(), squeeze, relu(), excite));
        }

        private boolean fuses() {
            return pools.stream().allMatch(Pool::fused);
        }

        private PooledGates.Pooled pooled() {
            return new PooledGates.Pooled(pools.contains(Pool.AVG), pools.contains(Pool.MAX));
        }

        private Mlp excitation() {
            return Mlp.of(squeeze, excite);
        }

        @Override
        public Tensor forward(Tensor x) {
            GatedMap map = map(x);
            return map.gated(gate(x, map));
        }

        private GatedMap map(Tensor x) {
            GatedMap map = fuses() ? GatedMap.of(x) : GatedMap.composed(x);
            if (pools.contains(Pool.MAX)) {
                map.pool();
            }
            return map;
        }

        private Tensor gate(Tensor x, GatedMap map) {
            Tensor[] pooled = pools.stream().map(pool -> pool.apply(x, map)).toArray(Tensor[]::new); // (B, C, 1, 1)
            Tensor logits = mlp.forward(cat(0, pooled)).view(pooled.length, x.size(0), x.size(1)).sum(0); // (B, C)
            return seen(this, CHANNEL, logits.sigmoid().unsqueeze(2).unsqueeze(3)); // (B, C, 1, 1)
        }
    }

    /** Scales each position by what the maximum and the mean over its channels say. */
    public static final class SpatialGate extends Layer {
        private final Spatial spatial = register_module("spatial", new Spatial());

        @Override
        public Tensor forward(Tensor x) {
            GatedMap map = GatedMap.of(x);
            return map.gatedPositions(gate(map.poolChannels()));
        }

        private PlaneGate plane() {
            return new PlaneGate(spatial.conv, spatial.bn, true);
        }

        private Tensor gate(GatedMap.Pools pools) {
            Tensor pooled = cat(1, pools.max(), pools.mean()); // (B, 2, H, W)
            return seen(this, SPATIAL, spatial.forward(pooled).sigmoid()); // (B, 1, H, W)
        }
    }

    /** The spatial gate's convolution and norm, which the authors keep in a module of their own. */
    private static final class Spatial extends Layer {
        private static final double MOMENTUM = 0.01;
        private final Conv2dImpl conv = register_module("conv", conv2d(2, 1, 7, Window.padding(3).noBias()));
        private final BatchNorm2dImpl bn = register_module("bn", batchNorm2d(1, MOMENTUM));

        Spatial() {
            Init.kaimingFanOut(conv.weight());
            Init.constant(bn.weight(), 0);
        }

        @Override
        public Tensor forward(Tensor x) {
            Checks.valuesForNorm("cbam", this, x);
            return bn.forward(SmallConvolution.forward(conv, x));
        }
    }
}
