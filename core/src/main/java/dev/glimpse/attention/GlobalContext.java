package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.Kind.SPATIAL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.layerNorm;
import static dev.glimpse.nn.Layers.relu;

import org.bytedeco.pytorch.Module;
import dev.glimpse.Layer;
import dev.glimpse.kernel.AddedContext;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * Global context: one attention over positions, the same for every query, pools a context that is added to all of them.
 *
 * <pre>
 * a = softmax over positions of conv1x1(x)                      (B, 1, H, W)
 * c = sum_u a_u x_u                                             (B, C, 1, 1)
 * t = conv1x1(relu(LayerNorm(conv1x1(c))))                      (B, C, 1, 1)
 * y = x + t                                                     (B, C, H, W)
 * </pre>
 *
 * Cao, Xu, Lin, Wei, Hu: GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond. ICCV Workshops 2019.
 * <a href="https://arxiv.org/abs/1904.11492">arXiv:1904.11492</a>
 *
 * <p>
 * As the authors' {@code ContextBlock}, with its keys and its options: {@code pooling=avg} takes the mean for c,
 * {@code fusions=channel_mul} gates x by sigmoid(t), and with both fusions, each with a t of its own, the gate comes
 * first. The last convolution starts at 0: added, the module starts as the identity; as a gate, it starts at one half.
 * {@code gc-timm} is timm's, which gates by default.
 */
public final class GlobalContext extends Layer implements StartsAsIdentity {
    /** Where the context comes from. */
    public enum Pooling {
        /** Attention over positions. */
        ATT,
        /** The mean. */
        AVG
    }

    /** What the context does to the map. */
    public enum Fusion {
        CHANNEL_ADD, CHANNEL_MUL;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * @param ratio the hidden width is this share of the channels, rounded down
     * @param pooling where the context comes from
     * @param fusions what it does, one or both
     */
    public record Config(double ratio, Pooling pooling, List<Fusion> fusions) {
        /** The paper's: a sixteenth, attention, added. */
        public static final Config DEFAULT = new Config(1.0 / 16, Pooling.ATT, List.of(Fusion.CHANNEL_ADD));

        public Config {
            if (!(ratio > 0)) {
                throw new IllegalArgumentException("gc: ratio is " + ratio + ", must be above 0");
            }
            fusions = List.copyOf(fusions);
            if (fusions.isEmpty() || new HashSet<>(fusions).size() < fusions.size()) {
                String typed = String.join("+", fusions.stream().map(Fusion::word).toList());
                throw new IllegalArgumentException("gc: fusions are '" + typed + "', must be one or more, each once");
            }
        }

        static Config read(Args args) {
            List<String> words = args.words("fusions", DEFAULT.fusions.stream().map(Fusion::word).toList());
            return new Config(args.number("ratio", DEFAULT.ratio),
                    Args.constant("gc", "pooling", Pooling.class, args.text("pooling", "att")),
                    words.stream().map(word -> Args.constant("gc", "fusions", Fusion.class, word)).toList());
        }

        private long hiddenFor(long channels) {
            long hidden = (long) (channels * ratio);
            if (hidden < 1) {
                throw new IllegalArgumentException("gc: ratio=" + ratio + " leaves no hidden unit for " + channels
                        + " channels; give a ratio of at least " + 1.0 / channels);
            }
            return hidden;
        }
    }

    private static final double EPSILON = 1e-5;

    private final long channels;
    private final Conv2dImpl mask;
    private final Sequential add;
    private final Sequential multiply;

    public GlobalContext(long channels) {
        this(channels, Config.DEFAULT);
    }

    public GlobalContext(long channels, Config config) {
        this.channels = Checks.positive("gc: channels", channels);
        long hidden = config.hiddenFor(channels);
        mask = config.pooling == Pooling.ATT ? register_module("conv_mask", conv2d(channels, 1, 1)) : null;
        if (mask != null) {
            Init.kaimingFanIn(mask.weight());
            Init.constant(mask.bias(), 0);
        }
        add = config.fusions.contains(Fusion.CHANNEL_ADD)
                ? register_module("channel_add_conv", transform(channels, hidden))
                : null;
        multiply = config.fusions.contains(Fusion.CHANNEL_MUL)
                ? register_module("channel_mul_conv", transform(channels, hidden))
                : null;
    }

    private static Sequential transform(long channels, long hidden) {
        Conv2dImpl last = conv2d(hidden, channels, 1);
        Init.zero(last);
        return new Sequential(conv2d(channels, hidden, 1), layerNorm(EPSILON, hidden, 1, 1), relu(), last);
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("gc", channels, x);
        if (mask == null || add == null || multiply != null) {
            return joined(x);
        }
        Map<String, Module> parts = add.parts();
        AddedContext.Layers layers = new AddedContext.Layers(mask, (Conv2dImpl) parts.get("0"),
                (LayerNormImpl) parts.get("1"), (Conv2dImpl) parts.get("3"));
        return AddedContext.added(x, layers, watched() ? weights -> seen(this, SPATIAL, weights) : null,
                () -> joined(x));
    }

    private Tensor joined(Tensor x) {
        GatedMap map = add != null && multiply != null ? GatedMap.composed(x) : GatedMap.of(x);
        Tensor context = mask == null ? map.mean() : pooled(this, map, mask); // (B, C, 1, 1)
        return joined(this, map, context, multiply, add);
    }

    /** The mean over positions, weighted by the softmax of their scores: (B, C, 1, 1). */
    static Tensor pooled(Layer source, GatedMap map, Conv2dImpl scores) {
        Tensor s = map.project(scores); // (B, 1, H, W)
        Tensor weights = s.flatten(2, 3).softmax(-1).view_as(s);
        return map.sum(seen(source, SPATIAL, weights));
    }

    /** The map gated by what one layer makes of the context, plus what another does; either may be missing. */
    static Tensor joined(Layer source, GatedMap map, Tensor context, Layer multiply, Layer add) {
        if (multiply == null) {
            return map.plus(add.forward(context));
        }
        Tensor y = map.gated(seen(source, CHANNEL, multiply.forward(context).sigmoid()));
        return add == null ? y : y.add(add.forward(context));
    }

    @Override
    public void open() {
        if (add != null) {
            ((Conv2dImpl) last(add)).reset_parameters();
        }
    }

    @Override
    public boolean scale(double factor) {
        if (multiply != null || add == null) {
            return false;
        }
        Init.scale(last(add), factor);
        return true;
    }

    private static Module last(Sequential transform) {
        return transform.parts().get("3");
    }
}
