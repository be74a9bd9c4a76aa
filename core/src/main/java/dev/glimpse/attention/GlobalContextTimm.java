package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.layerNorm;

import dev.glimpse.Layer;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * Global context as timm has it: the context, pooled by attention, gates the channels unless it is to be added.
 *
 * <pre>
 * a = softmax over positions of conv1x1(x)                      (B, 1, H, W)
 * c = sum_u a_u x_u                                             (B, C, 1, 1)
 * t = conv1x1(relu(LayerNorm(conv1x1(c))))                      (B, C, 1, 1)
 * y = x * sigmoid(t)                                            (B, C, H, W)
 * </pre>
 *
 * Cao, Xu, Lin, Wei, Hu: GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond. ICCV Workshops 2019.
 * <a href="https://arxiv.org/abs/1904.11492">arXiv:1904.11492</a>; timm's {@code GlobalContext}.
 *
 * <p>
 * Differs from the authors' code ({@code gc}): it gates where the paper adds (timm's {@code gca} is
 * {@code fuse_add=true,fuse_scale=false}), the hidden width is an eighth, and the norm's epsilon is 1e-6. What is added
 * starts at its last bias instead of 0. timm takes {@code init_last_zero} and ignores it; here the gate then starts at one
 * half.
 */
public final class GlobalContextTimm extends Layer {
    /**
     * @param attention whether positions are weighted by attention, or all alike
     * @param add whether a transform of the context is added
     * @param scale whether one gates the channels; before the other is added
     * @param lastZero whether the gate's last convolution starts at 0
     * @param hiddenRatio the hidden width as a share of the channels
     * @param hidden the width itself; 0 takes the share
     * @param divisor the share is rounded to a multiple of it
     */
    public record Config(boolean attention, boolean add, boolean scale, boolean lastZero, double hiddenRatio,
            long hidden, long divisor) {
        /** timm's: attention, a gate, an eighth. */
        public static final Config DEFAULT = new Config(true, false, true, false, 1.0 / 8, 0, 1);

        public Config {
            Timm.checkHidden("gc-timm", hiddenRatio, hidden, divisor);
            if (!add && !scale) {
                throw new IllegalArgumentException(
                        "gc-timm: fuse_add and fuse_scale are both false, so it would do nothing; set one");
            }
        }

        static Config read(Args args) {
            return new Config(args.flag("use_attn", DEFAULT.attention), args.flag("fuse_add", DEFAULT.add),
                    args.flag("fuse_scale", DEFAULT.scale), args.flag("init_last_zero", DEFAULT.lastZero),
                    args.number("rd_ratio", DEFAULT.hiddenRatio), args.integer("rd_channels", DEFAULT.hidden),
                    args.integer("rd_divisor", DEFAULT.divisor));
        }
    }

    private static final double EPSILON = 1e-6;

    private final long channels;
    private final Conv2dImpl attention;
    private final Mlp add;
    private final Mlp scale;

    public GlobalContextTimm(long channels) {
        this(channels, Config.DEFAULT);
    }

    public GlobalContextTimm(long channels, Config config) {
        this.channels = Checks.positive("gc-timm: channels", channels);
        long hidden = Timm.hidden(channels, config.hiddenRatio, config.hidden, config.divisor);
        attention = config.attention ? register_module("conv_attn", conv2d(channels, 1, 1)) : null;
        add = config.add ? register_module("mlp_add", new Mlp(channels, hidden)) : null;
        scale = config.scale ? register_module("mlp_scale", new Mlp(channels, hidden)) : null;
        if (attention != null) {
            Init.kaimingFanIn(attention.weight());
        }
        if (add != null) {
            Init.constant(add.fc2.weight(), 0);
        }
        if (scale != null && config.lastZero) {
            Init.zero(scale.fc2);
        }
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("gc-timm", channels, x);
        GatedMap map = add != null && scale != null ? GatedMap.composed(x) : GatedMap.of(x);
        Tensor context = attention == null ? map.mean() : GlobalContext.pooled(this, map, attention); // (B, C, 1, 1)
        return GlobalContext.joined(this, map, context, scale, add);
    }

    private static final class Mlp extends Layer {
        private final Conv2dImpl fc1;
        private final LayerNormImpl norm;
        private final Conv2dImpl fc2;

        Mlp(long channels, long hidden) {
            fc1 = register_module("fc1", conv2d(channels, hidden, 1));
            norm = register_module("norm", layerNorm(hidden, EPSILON));
            fc2 = register_module("fc2", conv2d(hidden, channels, 1));
        }

        /** (B, C, 1, 1) to the same. */
        @Override
        public Tensor forward(Tensor x) {
            Tensor hidden = norm.forward(fc1.forward(x).flatten(1, 3)); // (B, m)
            return fc2.forward(hidden.relu().unsqueeze(2).unsqueeze(3));
        }
    }
}
