package dev.glimpse.attention;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.dropout2d;
import static dev.glimpse.nn.Layers.relu;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Window;
import org.bytedeco.pytorch.Tensor;

/**
 * DANet's head: position and channel attention side by side on a quarter of the channels, then added.
 *
 * <pre>
 * p   = conv51(Pam(conv5a(x)))       conv5a, conv5c: 3x3, C to C/4, BN, ReLU: (B, C/4, H, W)
 * c   = conv52(Cam(conv5c(x)))       conv51, conv52: 3x3, C/4 to C/4, BN, ReLU
 * sum = conv8(p + c)                 conv6, conv7, conv8: dropout of channels, 1x1, C/4 to K: (B, K, H, W)
 * position, channel = conv6(p), conv7(c)
 * </pre>
 *
 * Fu, Liu, Tian, Li, Bao, Fang, Lu: Dual Attention Network for Scene Segmentation. CVPR 2019.
 * <a href="https://arxiv.org/abs/1809.02983">arXiv:1809.02983</a>
 *
 * <p>
 * As the authors' code, with its keys. As a segmentation head give it {@code out_channels}, the classes, and train all
 * three of {@link #branches}. In a network's slot it keeps the channels and gives the sum; conv6 and conv7, which serve
 * the branches' own losses, then do not learn. There it replaces its input, where {@code pam} and {@code cam} add to it.
 */
public final class DaNet extends Layer {
    private static final long REDUCTION = 4;
    /** The position attention's queries take an eighth of a quarter. */
    private static final long LEAST_CHANNELS = 32;

    /**
     * @param outChannels channels of the output, classes in a segmentation head; 0 takes the input's
     * @param dropout probability for a channel before each 1x1 convolution, in training
     * @param cam the channel attention's form
     */
    public record Config(long outChannels, double dropout, Cam.Config cam) {
        /** The authors', keeping the channels. */
        public static final Config DEFAULT = new Config(0, 0.1, Cam.Config.DEFAULT);

        public Config {
            if (outChannels < 0) {
                throw new IllegalArgumentException("danet: out_channels is " + outChannels + ", must not be negative");
            }
            Checks.probability("danet: dropout", dropout);
        }

        static Config read(Args args) {
            return new Config(args.integer("out_channels", DEFAULT.outChannels),
                    args.number("dropout", DEFAULT.dropout), Cam.Config.read(args));
        }
    }

    /**
     * @param sum both branches': (B, K, H, W)
     * @param position the position attention's alone: (B, K, H, W)
     * @param channel the channel attention's alone: (B, K, H, W)
     */
    public record Result(Tensor sum, Tensor position, Tensor channel) {}

    private final long channels;
    private final Sequential conv5a;
    private final Sequential conv5c;
    private final Pam sa;
    private final Cam sc;
    private final Sequential conv51;
    private final Sequential conv52;
    private final Sequential conv6;
    private final Sequential conv7;
    private final Sequential conv8;

    public DaNet(long channels) {
        this(channels, Config.DEFAULT);
    }

    public DaNet(long channels, Config config) {
        if (channels < LEAST_CHANNELS) {
            throw new IllegalArgumentException("danet: channels is " + channels + ", must be at least "
                    + LEAST_CHANNELS);
        }
        this.channels = channels;
        long inner = channels / REDUCTION;
        long out = config.outChannels() == 0 ? channels : config.outChannels();
        conv5a = register_module("conv5a", convolution(channels, inner));
        conv5c = register_module("conv5c", convolution(channels, inner));
        sa = register_module("sa", new Pam(inner));
        sc = register_module("sc", new Cam(inner, config.cam()));
        conv51 = register_module("conv51", convolution(inner, inner));
        conv52 = register_module("conv52", convolution(inner, inner));
        conv6 = register_module("conv6", prediction(inner, out, config.dropout()));
        conv7 = register_module("conv7", prediction(inner, out, config.dropout()));
        conv8 = register_module("conv8", prediction(inner, out, config.dropout()));
    }

    /** (B, C, H, W) to (B, K, H, W): the sum of both branches. */
    @Override
    public Tensor forward(Tensor x) {
        return conv8.forward(position(x).add(channel(x)));
    }

    /** What a segmentation head is trained on: the sum, and each branch by itself. */
    public Result branches(Tensor x) {
        Tensor position = position(x); // (B, C/4, H, W)
        Tensor channel = channel(x); // (B, C/4, H, W)
        return new Result(conv8.forward(position.add(channel)), conv6.forward(position), conv7.forward(channel));
    }

    private Tensor position(Tensor x) {
        Checks.maps("danet", channels, x);
        Checks.valuesForNorm("danet", this, x);
        return conv51.forward(sa.forward(conv5a.forward(x)));
    }

    private Tensor channel(Tensor x) {
        return conv52.forward(sc.forward(conv5c.forward(x)));
    }

    private static Sequential convolution(long in, long out) {
        return new Sequential(conv2d(in, out, 3, Window.padding(1).noBias()), batchNorm2d(out), relu());
    }

    private static Sequential prediction(long in, long out, double dropout) {
        return new Sequential(dropout2d(dropout), conv2d(in, out, 1));
    }
}
