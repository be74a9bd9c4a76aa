package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.Kind.ELEMENT;
import static dev.glimpse.attention.AttentionMaps.Kind.SPATIAL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.linear;

import dev.glimpse.Layer;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Sequential;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * Concurrent spatial and channel squeeze and excitation: gates the channels and, beside that, the positions, and joins
 * the two results.
 *
 * <pre>
 * c = x * sigmoid(W2 relu(W1 mean_hw x))     (B, C, H, W), the gate is (B, C, 1, 1)
 * s = x * sigmoid(conv1x1 x)                 (B, C, H, W), the gate is (B, 1, H, W)
 * y = c + s, or max(c, s), or c * s          (B, C, H, W)
 * </pre>
 *
 * Roy, Navab, Wachinger: Concurrent Spatial and Channel Squeeze &amp; Excitation in Fully Convolutional Networks. MICCAI
 * 2018. <a href="https://arxiv.org/abs/1803.02579">arXiv:1803.02579</a>; its journal version compares the ways to join:
 * Recalibrating Fully Convolutional Networks with Spatial and Channel 'Squeeze and Excitation' Blocks. IEEE TMI 2019.
 * <a href="https://arxiv.org/abs/1808.08127">arXiv:1808.08127</a>
 *
 * <p>
 * This is the paper's sum with the keys and the reduction of segmentation_models_pytorch, the form most decoders have:
 * take it unless you load the authors' weights, which are {@code scse-max}'s ({@link Max}). {@code cse} and {@code sse}
 * are the halves by themselves. The survey article's spatial half has a map for every channel: {@code maps=all}. The
 * journal's fourth way to join, concatenation, doubles the channels and is left out.
 */
public final class Scse extends Layer {
    /** How many maps gate the positions. */
    public enum Maps {
        ONE, ALL
    }

    /** How the two gated maps are joined, element by element. */
    public enum Combine {
        ADD, MAX, MULT;

        Tensor apply(Tensor a, Tensor b) {
            return switch (this) {
                case ADD -> a.add(b);
                case MAX -> a.maximum(b);
                case MULT -> a.mul(b);
            };
        }
    }

    /**
     * @param reduction the channel half's hidden width is {@code channels / reduction}, rounded down
     * @param maps one for all channels, or one each
     * @param combine how the halves are joined
     */
    public record Config(long reduction, Maps maps, Combine combine) {
        /** Reduction 16, one map, the sum. */
        public static final Config DEFAULT = new Config(16, Maps.ONE, Combine.ADD);

        public Config {
            Checks.positive("scse: reduction", reduction);
        }

        static Config read(Args args) {
            return new Config(args.integer("reduction", DEFAULT.reduction), readMaps(args),
                    Args.constant("scse", "combine", Combine.class, args.text("combine", "add")));
        }

        static Maps readMaps(Args args) {
            return Args.constant(args.owner(), "maps", Maps.class, args.text("maps", "one"));
        }
    }

    private final Combine combine;
    private final ChannelGate channelGate;
    private final SpatialGate spatialGate;

    public Scse(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Scse(long channels, Config config) {
        combine = config.combine();
        channelGate = register_module("cSE", new ChannelGate("scse", channels, config.reduction()));
        spatialGate = register_module("sSE", new SpatialGate("0", channels, config.maps()));
    }

    /** The channel half alone, with the key it has here: {@code cse}. */
    public static Layer channelHalf(long channels, long reduction) {
        return new Sequential().then("cSE", new ChannelGate("cse", channels, reduction));
    }

    /** The spatial half alone, with the key it has here: {@code sse}. */
    public static Layer spatialHalf(long channels, Maps maps) {
        Checks.positive("sse: channels", channels);
        return new Sequential().then("sSE", new SpatialGate("0", channels, maps));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        if (combine != Combine.ADD || spatialGate.maps == Maps.ALL) {
            return combine.apply(channelGate.forward(x), spatialGate.forward(x));
        }
        GatedMap map = GatedMap.of(x);
        return map.gatedBySum(channelGate.gate(map), spatialGate.gate(map));
    }

    /** The authors' code, with its keys: reduction 2 unless given, the channel half of linear layers, the maximum. */
    public static final class Max extends Layer {
        /** The authors' reduction. */
        public static final long REDUCTION = 2;
        private final LinearChannelGate channelGate;
        private final SpatialGate spatialGate;

        public Max(long channels) {
            this(channels, REDUCTION);
        }

        public Max(long channels, long reduction) {
            channelGate = register_module("cSE", new LinearChannelGate(channels, reduction));
            spatialGate = register_module("sSE", new SpatialGate("conv", channels, Maps.ONE));
        }

        /** (B, C, H, W) to the same. */
        @Override
        public Tensor forward(Tensor x) {
            return Combine.MAX.apply(channelGate.forward(x), spatialGate.forward(x));
        }
    }

    /** The keys are places in a sequence that starts with the pooling. */
    private static final class ChannelGate extends Layer {
        private final Conv2dImpl squeeze;
        private final Conv2dImpl excite;

        ChannelGate(String module, long channels, long reduction) {
            long hidden = Checks.reduced(module, channels, reduction);
            squeeze = register_module("1", conv2d(channels, hidden, 1));
            excite = register_module("3", conv2d(hidden, channels, 1));
        }

        @Override
        public Tensor forward(Tensor x) {
            GatedMap map = GatedMap.ofMeans(x);
            return map.gated(gate(map));
        }

        private Tensor gate(GatedMap map) {
            Tensor hidden = squeeze.forward(map.mean()).relu(); // (B, C/r, 1, 1)
            return seen(this, CHANNEL, excite.forward(hidden).sigmoid());
        }
    }

    private static final class LinearChannelGate extends Layer {
        private final LinearImpl fc1;
        private final LinearImpl fc2;

        LinearChannelGate(long channels, long reduction) {
            long hidden = Checks.reduced("scse-max", channels, reduction);
            fc1 = register_module("fc1", linear(channels, hidden));
            fc2 = register_module("fc2", linear(hidden, channels));
        }

        @Override
        public Tensor forward(Tensor x) {
            GatedMap map = GatedMap.ofMeans(x);
            Tensor hidden = fc1.forward(map.mean().flatten(1, 3)).relu(); // (B, C/r)
            Tensor gate = fc2.forward(hidden).sigmoid().unsqueeze(2).unsqueeze(3); // (B, C, 1, 1)
            return map.gated(seen(this, CHANNEL, gate));
        }
    }

    private static final class SpatialGate extends Layer {
        private final Maps maps;
        private final Conv2dImpl conv;

        SpatialGate(String key, long channels, Maps maps) {
            this.maps = maps;
            conv = register_module(key, conv2d(channels, maps == Maps.ONE ? 1 : channels, 1));
        }

        @Override
        public Tensor forward(Tensor x) {
            if (maps == Maps.ALL) {
                return x.mul(seen(this, ELEMENT, conv.forward(x).sigmoid())); // (B, C, H, W)
            }
            GatedMap map = GatedMap.of(x);
            return map.gatedPositions(gate(map));
        }

        private Tensor gate(GatedMap map) {
            return seen(this, SPATIAL, map.project(conv).sigmoid()); // (B, 1, H, W)
        }
    }
}
