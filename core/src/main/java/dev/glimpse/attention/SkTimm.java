package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Tensors.spatialMean;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Window;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Selective kernel convolution as timm has it: two branches, each over its half of the input's channels.
 *
 * <pre>
 * x   = [x_0; x_1]                                             (B, C/2, H, W) each
 * U_i = ReLU(BN(conv_i x_i)), i = 0, 1: 3x3, dilation 1+i      (B, D, H, W), D = out_channels
 * z   = ReLU(BN(W mean_hw (U_0 + U_1)))                        (B, d, 1, 1), d near D/16
 * a   = softmax over i of V z, cut in two                      (B, 2, D, 1, 1)
 * y   = a_0 * U_0 + a_1 * U_1                                  (B, D, H, W)
 * </pre>
 *
 * Li, Wang, Hu, Yang: Selective Kernel Networks. CVPR 2019.
 * <a href="https://arxiv.org/abs/1903.06586">arXiv:1903.06586</a>; timm's {@code SelectiveKernel}.
 *
 * <p>
 * Differs from the paper ({@code sk}): each branch sees its half of the channels unless {@code split_input=false}, the
 * convolutions are not grouped unless {@code groups} says so, and the choice has no biases. timm's skresnet18 and
 * skresnet34 take {@code rd_ratio=0.125,rd_divisor=16}, its skresnext50 {@code split_input=false,groups=32}.
 */
public final class SkTimm extends Layer {
    private static final int PATHS = 2;
    /** timm rounds a hidden width up rather than lose more than a tenth of it. */
    private static final double ROUND_LIMIT = 0.9;

    /**
     * @param outChannels the output's channels; 0 for as many as the input's
     * @param hiddenRatio the width of z as a share of the output's channels
     * @param hidden the width itself; 0 takes the share
     * @param divisor the width is rounded to a multiple of it
     * @param keep3x3 whether the second branch is a dilated 3x3 convolution, not a 5x5
     * @param splitInput whether each branch sees its half of the input's channels, not all
     * @param stride of the convolutions
     * @param groups of the convolutions, at most the output's channels
     */
    public record Config(long outChannels, double hiddenRatio, long hidden, long divisor, boolean keep3x3,
            boolean splitInput, long stride, long groups) {
        /** timm's. */
        public static final Config DEFAULT = new Config(0, 1.0 / 16, 0, 8, true, true, 1, 1);

        public Config {
            if (outChannels < 0) {
                throw new IllegalArgumentException(
                        "sk-timm: out_channels is " + outChannels + ", must not be negative");
            }
            Timm.checkHidden("sk-timm", hiddenRatio, hidden, divisor);
            Checks.positive("sk-timm: stride", stride);
            Checks.positive("sk-timm: groups", groups);
        }

        static Config read(Args args) {
            return new Config(args.integer("out_channels", DEFAULT.outChannels),
                    args.number("rd_ratio", DEFAULT.hiddenRatio), args.integer("rd_channels", DEFAULT.hidden),
                    args.integer("rd_divisor", DEFAULT.divisor), args.flag("keep_3x3", DEFAULT.keep3x3),
                    args.flag("split_input", DEFAULT.splitInput), args.integer("stride", DEFAULT.stride),
                    args.integer("groups", DEFAULT.groups));
        }

        private long hiddenFor(long channels) {
            return Timm.hidden(channels, hiddenRatio, hidden, divisor, ROUND_LIMIT);
        }

        private long groupsFor(long in, long out) {
            long fitting = Math.min(out, groups);
            if (in % fitting != 0 || out % fitting != 0) {
                throw new IllegalArgumentException("sk-timm: groups=" + fitting + " must divide the " + in
                        + " channels that go into a branch and the " + out + " that come out");
            }
            return fitting;
        }
    }

    private final long channels;
    private final boolean splitInput;
    private final Path[] paths = new Path[PATHS];
    private final Attention attention;

    public SkTimm(long channels) {
        this(channels, Config.DEFAULT);
    }

    public SkTimm(long channels, Config config) {
        this.channels = Checks.positive("sk-timm: channels", channels);
        splitInput = config.splitInput();
        if (splitInput && channels % PATHS != 0) {
            throw new IllegalArgumentException("sk-timm: " + channels
                    + " channels do not split in two; give an even number, or split_input=false");
        }
        long in = splitInput ? channels / PATHS : channels;
        long out = config.outChannels() > 0 ? config.outChannels() : channels;
        Window window = Window.stride(config.stride()).withGroups(config.groupsFor(in, out)).noBias();
        Module list = register_module("paths", new Module());
        for (int i = 0; i < PATHS; i++) {
            Path path = config.keep3x3() ? new Path(in, out, 3, window.withDilation(1 + i))
                    : new Path(in, out, 3 + 2 * i, window);
            paths[i] = list.register_module(Integer.toString(i), path);
        }
        attention = register_module("attn", new Attention(out, config.hiddenFor(out)));
    }

    /** (B, C, H, W) to the same, unless {@code out_channels} or {@code stride} is given. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("sk-timm", channels, x);
        Checks.imagesForNorm("sk-timm", this, x);
        long half = channels / PATHS;
        Tensor near = paths[0].forward(splitInput ? x.narrow(1, 0, half) : x); // (B, D, H, W)
        Tensor far = paths[1].forward(splitInput ? x.narrow(1, half, half) : x); // (B, D, H, W)
        Tensor gates = attention.forward(near.add(far)); // (B, 2, D, 1, 1)
        Tensor ofNear = seen(attention, CHANNEL, gates.select(1, 0)); // (B, D, 1, 1)
        Tensor ofFar = seen(attention, CHANNEL, gates.select(1, 1)); // (B, D, 1, 1)
        return near.mul(ofNear).add(far.mul(ofFar));
    }

    private static final class Path extends Layer {
        private final Conv2dImpl conv;
        private final BatchNorm2dImpl bn;

        Path(long in, long out, long kernel, Window window) {
            long padding = (window.stride() - 1 + window.dilation() * (kernel - 1)) / 2;
            conv = register_module("conv", conv2d(in, out, kernel, window.withPadding(padding)));
            bn = register_module("bn", batchNorm2d(out));
        }

        @Override
        public Tensor forward(Tensor x) {
            return bn.forward(conv.forward(x)).relu();
        }
    }

    /** The weights of the branches, from their sum. */
    private static final class Attention extends Layer {
        private final long channels;
        private final Conv2dImpl reduce;
        private final BatchNorm2dImpl bn;
        private final Conv2dImpl select;

        Attention(long channels, long hidden) {
            this.channels = channels;
            reduce = register_module("fc_reduce", conv2d(channels, hidden, 1, Window.unbiased()));
            bn = register_module("bn", batchNorm2d(hidden));
            select = register_module("fc_select", conv2d(hidden, PATHS * channels, 1, Window.unbiased()));
        }

        @Override
        public Tensor forward(Tensor sum) {
            Tensor squeezed = bn.forward(reduce.forward(spatialMean(sum))).relu(); // (B, d, 1, 1)
            return select.forward(squeezed).view(sum.size(0), PATHS, channels, 1, 1).softmax(1);
        }
    }
}
