package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.ELEMENT;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Tensors.cat;
import static dev.glimpse.nn.Tensors.max;
import static dev.glimpse.nn.Tensors.mean;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Window;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Triplet attention: a gate over each pair of the dimensions C, H and W, pooled over the third, and their mean.
 *
 * <pre>
 * g_d = sigmoid(BN(conv7x7[max_d x; mean_d x])), d = H, W, C    (B, C, 1, W), (B, C, H, 1), (B, 1, H, W)
 * y   = (g_H + g_W + g_C) / 3 * x                               (B, C, H, W)
 * </pre>
 *
 * Misra, Nalamada, Arasanipalai, Hou: Rotate to Attend: Convolutional Triplet Attention Module. WACV 2021.
 * <a href="https://arxiv.org/abs/2010.03045">arXiv:2010.03045</a>
 *
 * <p>
 * This is the authors' code, with the keys of their module on its own. The networks in their folder MODELS call the
 * gates {@code cw}, {@code hc} and {@code hw} {@code ChannelGateH}, {@code ChannelGateW} and {@code SpatialGate}, and
 * {@code conv} in them {@code spatial}; the initial values are theirs (He et al., fan out), but that they start the norm
 * of {@code SpatialGate} at weight 0. Theirs turns the input and multiplies it by each gate; the mean of the gates comes
 * to the same.
 */
public final class TripletAttention extends Layer {
    /** @param spatial whether there is g_C, the gate over positions; the mean is of two gates without */
    public record Config(boolean spatial) {
        /** All three. */
        public static final Config DEFAULT = new Config(true);

        static Config read(Args args) {
            return new Config(args.flag("spatial", DEFAULT.spatial));
        }
    }

    private final long channels;
    private final Gate overHeight = register_module("cw", new Gate(2));
    private final Gate overWidth = register_module("hc", new Gate(3));
    private final Gate overChannels;

    public TripletAttention(long channels) {
        this(channels, Config.DEFAULT);
    }

    public TripletAttention(long channels, Config config) {
        this.channels = Checks.positive("triplet: channels", channels);
        overChannels = config.spatial() ? register_module("hw", new Gate(1)) : null;
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("triplet", channels, x);
        Tensor sum = overHeight.forward(x).add(overWidth.forward(x)); // (B, C, H, W)
        Tensor gate = overChannels == null ? sum.div(new Scalar(2.0))
                : sum.add(overChannels.forward(x)).div(new Scalar(3.0)); // (B, C, H, W)
        return x.mul(seen(this, ELEMENT, gate));
    }

    /** The weights over two dimensions, from the maximum and the mean over the other. */
    private static final class Gate extends Layer {
        private final long pooled;
        private final ConvNorm conv = register_module("conv", new ConvNorm());

        Gate(long pooled) {
            this.pooled = pooled;
        }

        /** (B, C, H, W) to the same with the pooled dimension at 1. */
        @Override
        public Tensor forward(Tensor x) {
            Tensor pair = cat(pooled, max(x, pooled), mean(x, pooled)).transpose(1, pooled); // (B, 2, ...)
            return conv.forward(pair).sigmoid().transpose(1, pooled);
        }
    }

    private static final class ConvNorm extends Layer {
        private static final double MOMENTUM = 0.01;
        private final Conv2dImpl conv = register_module("conv", conv2d(2, 1, 7, Window.padding(3).noBias()));
        private final BatchNorm2dImpl bn = register_module("bn", batchNorm2d(1, MOMENTUM));

        ConvNorm() {
            Init.kaimingFanOut(conv.weight());
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = conv.forward(x);
            Checks.valuesForNorm("triplet", this, y);
            return bn.forward(y);
        }
    }
}
