package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.Kind.SPATIAL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.heightConv2d;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Global second-order pooling: gates channels by how they vary together, positions likewise, or both.
 *
 * <pre>
 * X = ReLU(BN(W relu(x))), M positions                        (B, d, M)
 * S = BN(cov(X)), rows as channels                            (B, d, d, 1)
 * c = sigmoid(F R(S)), R: each row to 4 values                (B, C, 1, 1)
 * channel:  y = c * x                                         (B, C, H, W)
 *
 * P = mean of BN(W' relu(x)) over 8x8 cells                   (B, d, 64)
 * T = BN(cov(P^T)), rows as channels                          (B, 64, 64, 1)
 * p = sigmoid(F' relu(R' T)), cells resized to the map        (B, 1, H, W)
 * position: y = relu(p * x)                                   (B, C, H, W)
 * </pre>
 *
 * {@code average} is the sum of the two, {@code maximum} the larger at each element; {@code concatenation} adds a
 * grouped convolution along the height of each and normalises.
 *
 * <p>
 * Gao, Xie, Wang, Li: Global Second-order Pooling Convolutional Networks. CVPR 2019.
 * <a href="https://arxiv.org/abs/1811.12006">arXiv:1811.12006</a>
 *
 * <p>
 * This is the authors' code, with its keys and its initial values (He et al., fan out). W has stride 2 where there are
 * 256 channels or fewer. It differs from the paper in two places, which {@code form=paper} mends: the paper has a leaky
 * ReLU between R and F; and its covariance of positions centres by the mean over d channels, where the code's divides
 * by the 64 cells instead. Take {@code channel}, the paper's main form; the others cost a second branch.
 */
public final class Gsop extends Layer {
    private static final long SIDE = 8;
    private static final long CELLS = SIDE * SIDE;
    private static final double LEAK = 0.1;
    private static final long WIDEST_STRIDED = 256;

    /** What is gated, and how two gated maps become one. */
    public enum Mode {
        CHANNEL, POSITION, AVERAGE, MAXIMUM, CONCATENATION
    }

    /** Whose, where code and paper disagree. */
    public enum Form {
        AUTHORS, PAPER
    }

    /**
     * @param mode what is gated
     * @param dim channels of which the covariance is taken, d above; at least 2
     * @param form the authors' code or the paper's text
     */
    public record Config(Mode mode, long dim, Form form) {
        /** The authors': channels, by 128 x 128 covariances. */
        public static final Config DEFAULT = new Config(Mode.CHANNEL, 128, Form.AUTHORS);

        public Config {
            if (dim < 2) {
                throw new IllegalArgumentException("gsop: dim is " + dim + ", must be at least 2, for a covariance");
            }
        }

        static Config read(Args args) {
            return new Config(
                    Args.constant("gsop", "mode", Mode.class, args.text("mode", "channel")),
                    args.integer("dim", DEFAULT.dim),
                    Args.constant("gsop", "form", Form.class, args.text("form", "authors")));
        }
    }

    private final long channels;
    private final Config config;
    private final ChannelGate channelGate;
    private final PositionGate positionGate;
    private final Concatenation concatenation;

    public Gsop(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Gsop(long channels, Config config) {
        this.channels = Checks.positive("gsop: channels", channels);
        this.config = config;
        channelGate = config.mode() == Mode.POSITION ? null : new ChannelGate();
        positionGate = config.mode() == Mode.CHANNEL ? null : new PositionGate();
        concatenation = config.mode() == Mode.CONCATENATION ? new Concatenation() : null;
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("gsop", channels, x);
        return switch (config.mode()) {
            case CHANNEL -> channelGate.forward(x);
            case POSITION -> positionGate.forward(x);
            case AVERAGE -> channelGate.forward(x).add(positionGate.forward(x));
            case MAXIMUM -> channelGate.forward(x).maximum(positionGate.forward(x));
            case CONCATENATION -> concatenation.forward(channelGate.forward(x), positionGate.forward(x));
        };
    }

    private Conv2dImpl register(String key, Conv2dImpl conv) {
        Init.kaimingFanOut(conv.weight());
        return register_module(key, conv);
    }

    /** Its layers are the module's own, as the authors' keys have it; so with the other parts. */
    private final class ChannelGate {
        private final long dim = config.dim();
        private final Conv2dImpl reduce = register("conv_for_DR",
                conv2d(channels, dim, 1, Window.stride(channels <= WIDEST_STRIDED ? 2 : 1)));
        private final BatchNorm2dImpl norm = register_module("bn_for_DR", batchNorm2d(dim));
        private final BatchNorm2dImpl rowNorm = register_module("row_bn", batchNorm2d(dim));
        private final Conv2dImpl rowConv = register("row_conv_group",
                conv2d(dim, 4 * dim, dim, 1, Window.DEFAULT.withGroups(dim)));
        private final Conv2dImpl fc = register("fc_adapt_channels", conv2d(4 * dim, channels, 1));

        Tensor forward(Tensor x) {
            Tensor reduced = reduce.forward(x.relu());
            Checks.valuesForNorm("gsop", Gsop.this, reduced);
            Tensor features = norm.forward(reduced).relu().flatten(2, 3); // (B, d, M)
            Tensor centred = features.sub(Tensors.mean(features, 2));
            Tensor covariance = centred.matmul(centred.transpose(1, 2)).div(new Scalar((double) features.size(2)));
            Tensor rows = rowConv.forward(rowNorm.forward(covariance.unsqueeze(3))); // (B, 4d, 1, 1)
            Tensor gate = fc.forward(config.form() == Form.PAPER ? leaky(rows) : rows).sigmoid(); // (B, C, 1, 1)
            return x.mul(seen(Gsop.this, CHANNEL, gate));
        }

        private static Tensor leaky(Tensor x) {
            return torch.leaky_relu(x, new Scalar(LEAK));
        }
    }

    private final class PositionGate {
        private final long dim = config.dim();
        private final Conv2dImpl reduce = register("conv_for_DR_spatial", conv2d(channels, dim, 1));
        private final BatchNorm2dImpl norm = register_module("bn_for_DR_spatial", batchNorm2d(dim));
        private final BatchNorm2dImpl rowNorm = register_module("row_bn_for_spatial", batchNorm2d(CELLS));
        private final Conv2dImpl rowConv = register("row_conv_group_for_spatial",
                conv2d(CELLS, 4 * CELLS, CELLS, 1, Window.DEFAULT.withGroups(CELLS)));
        private final Conv2dImpl fc = register("fc_adapt_channels_for_spatial", conv2d(4 * CELLS, CELLS, 1));

        Tensor forward(Tensor x) {
            Checks.valuesForNorm("gsop", Gsop.this, x);
            Tensor reduced = norm.forward(reduce.forward(x.relu())); // (B, d, H, W)
            Tensor features = Tensors.adaptiveMean(reduced, SIDE, SIDE).flatten(2, 3).transpose(1, 2); // (B, 64, d)
            Tensor rows = rowConv.forward(rowNorm.forward(covariance(features).unsqueeze(3))); // (B, 256, 1, 1)
            Tensor cells = fc.forward(rows.relu()).sigmoid().view(x.size(0), 1, SIDE, SIDE);
            Tensor gate = Tensors.adaptiveMean(cells, x.size(2), x.size(3)); // (B, 1, H, W)
            return x.mul(seen(Gsop.this, SPATIAL, gate)).relu();
        }

        /** Of positions over channels: (B, 64, d) to (B, 64, 64). */
        private Tensor covariance(Tensor features) {
            Scalar samples = new Scalar((double) (config.form() == Form.PAPER ? dim : CELLS));
            Tensor sums = features.sum(2).unsqueeze(2); // (B, 64, 1)
            Tensor products = features.matmul(features.transpose(1, 2)); // (B, 64, 64)
            return products.sub(sums.matmul(sums.transpose(1, 2)).div(samples)).div(samples);
        }
    }

    private final class Concatenation {
        private final Conv2dImpl ofChannels = register("dilate_conv_for_concat1", convolution());
        private final Conv2dImpl ofPositions = register("dilate_conv_for_concat2", convolution());
        private final BatchNorm2dImpl norm = register_module("bn_for_concat", batchNorm2d(channels));

        Tensor forward(Tensor byChannel, Tensor byPosition) {
            return norm.forward(ofChannels.forward(byChannel).add(ofPositions.forward(byPosition)));
        }

        /** Groups of 64 channels; the fewer groups, the longer the kernel. */
        private Conv2dImpl convolution() {
            long groups = channels / 64;
            if (groups == 0 || channels % groups != 0) {
                throw new IllegalArgumentException("gsop: mode=concatenation splits channels into groups of 64, and "
                        + channels + " do not; give a multiple of 64");
            }
            long doublings = (long) (Math.log(32.0 / groups) / Math.log(2));
            long kernel = Checks.odd("gsop: for " + channels + " channels the kernel of mode=concatenation",
                    2 * doublings + 5);
            return heightConv2d(channels, kernel, groups);
        }
    }
}
