package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Window.DEFAULT;

import dev.glimpse.Layer;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.kernel.Mlp;
import dev.glimpse.kernel.PooledGates;
import dev.glimpse.nn.Checks;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * Squeeze-and-excitation as timm has it: the MLP as biased 1x1 convolutions, its width a multiple of eight.
 *
 * <pre>
 * s = sigmoid(conv1x1(relu(conv1x1(mean_hw x))))     (B, C, 1, 1)
 * y = s * x                                          (B, C, H, W)
 * </pre>
 *
 * Hu, Shen, Sun: Squeeze-and-Excitation Networks. CVPR 2018.
 * <a href="https://arxiv.org/abs/1709.01507">arXiv:1709.01507</a>; timm's {@code SEModule}.
 *
 * <p>
 * Differs from the paper ({@code se}): biases, unless {@code bias=false}; a sixteenth of the channels is rounded to the
 * nearest multiple of {@code rd_divisor}, so that 64 channels get 8 hidden units, not 4. With {@code add_maxpool=true} half of
 * the maximum is pooled in. Torchvision's {@code SqueezeExcitation} and the SENets that were converted from Caffe have
 * the same keys: give their width as {@code rd_channels}.
 */
public final class SeTimm extends Layer {
    /**
     * @param hiddenRatio the MLP's hidden width as a share of the channels
     * @param hidden the width itself; 0 takes the share
     * @param divisor the width is rounded to a multiple of it
     * @param bias whether the MLP has biases
     * @param addMaxpool whether the mean is averaged with the maximum
     */
    public record Config(double hiddenRatio, long hidden, long divisor, boolean bias, boolean addMaxpool) {
        /** timm's: a sixteenth, in eights, with biases, the mean alone. */
        public static final Config DEFAULT = new Config(1.0 / 16, 0, 8, true, false);

        public Config {
            Timm.checkHidden("se-timm", hiddenRatio, hidden, divisor);
        }

        static Config read(Args args) {
            return new Config(args.number("rd_ratio", DEFAULT.hiddenRatio), args.integer("rd_channels", DEFAULT.hidden),
                    args.integer("rd_divisor", DEFAULT.divisor), args.flag("bias", DEFAULT.bias),
                    args.flag("add_maxpool", DEFAULT.addMaxpool));
        }
    }

    private final long channels;
    private final boolean addMaxpool;
    private final Conv2dImpl fc1;
    private final Conv2dImpl fc2;

    public SeTimm(long channels) {
        this(channels, Config.DEFAULT);
    }

    public SeTimm(long channels, Config config) {
        this.channels = Checks.positive("se-timm: channels", channels);
        addMaxpool = config.addMaxpool();
        long hidden = Timm.hidden(channels, config.hiddenRatio(), config.hidden(), config.divisor());
        fc1 = register_module("fc1", conv2d(channels, hidden, 1, DEFAULT.withBias(config.bias())));
        fc2 = register_module("fc2", conv2d(hidden, channels, 1, DEFAULT.withBias(config.bias())));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("se-timm", channels, x);
        return addMaxpool ? gated(x)
                : PooledGates.gated(x, PooledGates.Pooled.MEAN, Mlp.of(fc1, fc2), null,
                        watched() ? (gate, _) -> seen(this, CHANNEL, gate) : null, () -> gated(x));
    }

    private Tensor gated(Tensor x) {
        GatedMap map = addMaxpool ? GatedMap.composed(x) : GatedMap.ofMeans(x);
        Tensor squeezed = addMaxpool ? Timm.squeeze(x, true) : map.mean(); // (B, C, 1, 1)
        Tensor gate = fc2.forward(fc1.forward(squeezed).relu()).sigmoid(); // (B, C, 1, 1)
        return map.gated(seen(this, CHANNEL, gate));
    }
}
