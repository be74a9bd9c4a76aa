package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.Kind.SPATIAL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Tensors.amax;
import static dev.glimpse.nn.Tensors.cat;
import static dev.glimpse.nn.Tensors.mean;
import static dev.glimpse.nn.Tensors.spatialMean;
import static dev.glimpse.nn.Window.DEFAULT;
import static dev.glimpse.nn.Window.padding;

import dev.glimpse.Layer;
import dev.glimpse.kernel.Mlp;
import dev.glimpse.kernel.PlaneGate;
import dev.glimpse.kernel.PooledGates;
import dev.glimpse.nn.Checks;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;

/**
 * CBAM as timm has it: the mean before the maximum, batch norm after the spatial convolution, biases by option.
 *
 * <pre>
 * Mc = sigmoid(MLP(mean_hw x) + MLP(max_hw x))        (B, C, 1, 1)
 * x' = Mc * x                                         (B, C, H, W)
 * Ms = sigmoid(BN(conv7x7[mean_c x'; max_c x']))      (B, 1, H, W)
 * y  = Ms * x'                                        (B, C, H, W)
 * </pre>
 *
 * Woo, Park, Lee, Kweon: CBAM: Convolutional Block Attention Module. ECCV 2018.
 * <a href="https://arxiv.org/abs/1807.06521">arXiv:1807.06521</a>; timm's {@code CbamModule}.
 *
 * <p>
 * Differs from the authors' code ({@code cbam}): the 7x7 convolution's two input planes are swapped, the MLP has no
 * biases unless {@code mlp_bias=true}, and where several positions tie for the maximum they share the gradient.
 */
public final class CbamTimm extends Layer {
    /**
     * @param hiddenRatio the MLP's hidden width as a share of the channels
     * @param hidden the width itself; 0 takes the share
     * @param divisor the width is rounded to a multiple of it
     * @param kernel side of the spatial gate's convolution, odd
     * @param mlpBias whether the MLP has biases
     */
    public record Config(double hiddenRatio, long hidden, long divisor, long kernel, boolean mlpBias) {
        /** timm's: a sixteenth, kernel 7, no biases. */
        public static final Config DEFAULT = new Config(1.0 / 16, 0, 1, 7, false);

        public Config {
            Timm.checkHidden("cbam-timm", hiddenRatio, hidden, divisor);
            Checks.odd("cbam-timm: spatial_kernel_size", kernel);
        }

        static Config read(Args args) {
            return new Config(args.number("rd_ratio", DEFAULT.hiddenRatio), args.integer("rd_channels", DEFAULT.hidden),
                    args.integer("rd_divisor", DEFAULT.divisor), args.integer("spatial_kernel_size", DEFAULT.kernel),
                    args.flag("mlp_bias", DEFAULT.mlpBias));
        }

        long hiddenFor(long channels) {
            return Timm.hidden(channels, hiddenRatio, hidden, divisor);
        }
    }

    private final ChannelGate channel;
    private final SpatialGate spatial;

    public CbamTimm(long channels) {
        this(channels, Config.DEFAULT);
    }

    public CbamTimm(long channels, Config config) {
        channel = register_module("channel", new ChannelGate(channels, config));
        spatial = register_module("spatial", new SpatialGate(config.kernel()));
    }

    /**
     * (B, C, H, W) to the same. timm's maxima share a tie's gradient, so only a forward without gradients goes through the
     * kernels, whose maxima send it to one.
     */
    @Override
    public Tensor forward(Tensor x) {
        return GradMode.is_enabled() ? gated(x)
                : PooledGates.gated(x, PooledGates.Pooled.BOTH, Mlp.of(channel.fc1, channel.fc2),
                        new PlaneGate(spatial.conv.conv, spatial.conv.bn, false), watched() ? this::show : null,
                        () -> gated(x));
    }

    private Tensor gated(Tensor x) {
        return spatial.forward(channel.forward(x));
    }

    private void show(Tensor channels, Tensor positions) {
        seen(channel, CHANNEL, channels);
        seen(spatial, SPATIAL, positions);
    }

    private static final class ChannelGate extends Layer {
        private final Conv2dImpl fc1;
        private final Conv2dImpl fc2;

        ChannelGate(long channels, Config config) {
            Checks.positive("cbam-timm: channels", channels);
            long hidden = config.hiddenFor(channels);
            fc1 = register_module("fc1", conv2d(channels, hidden, 1, DEFAULT.withBias(config.mlpBias())));
            fc2 = register_module("fc2", conv2d(hidden, channels, 1, DEFAULT.withBias(config.mlpBias())));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor logits = mlp(spatialMean(x)).add(mlp(amax(x, 2, 3))); // (B, C, 1, 1)
            return x.mul(seen(this, CHANNEL, logits.sigmoid()));
        }

        private Tensor mlp(Tensor pooled) {
            return fc2.forward(fc1.forward(pooled).relu());
        }
    }

    private static final class SpatialGate extends Layer {
        private final ConvNorm conv;

        SpatialGate(long kernel) {
            conv = register_module("conv", new ConvNorm(kernel));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor pooled = cat(1, mean(x, 1), amax(x, 1)); // (B, 2, H, W)
            return x.mul(seen(this, SPATIAL, conv.forward(pooled).sigmoid()));
        }
    }

    private static final class ConvNorm extends Layer {
        private final Conv2dImpl conv;
        private final BatchNorm2dImpl bn = register_module("bn", batchNorm2d(1));

        ConvNorm(long kernel) {
            conv = register_module("conv", conv2d(2, 1, kernel, padding(kernel / 2).noBias()));
        }

        @Override
        public Tensor forward(Tensor x) {
            Checks.valuesForNorm("cbam-timm", this, x);
            return bn.forward(conv.forward(x));
        }
    }
}
