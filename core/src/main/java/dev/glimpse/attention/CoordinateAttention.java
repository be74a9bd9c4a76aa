package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.ELEMENT;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Tensors.cat;
import static dev.glimpse.nn.Tensors.mean;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Coordinate attention: gates each element by what its row and what its column say.
 *
 * <pre>
 * f   = h-swish(BN(W [mean_w x; mean_h x]))    (B, m, H+W, 1), m = max(8, C/r)
 * g_h = sigmoid(W_h f[first H] + b_h)          (B, C, H, 1)
 * g_w = sigmoid(W_w f[last W] + b_w)           (B, C, 1, W)
 * y   = g_h * g_w * x                          (B, C, H, W)
 * </pre>
 *
 * Hou, Zhou, Feng: Coordinate Attention for Efficient Mobile Network Design. CVPR 2021.
 * <a href="https://arxiv.org/abs/2103.02907">arXiv:2103.02907</a>
 *
 * <p>
 * This is the authors' code, with the keys of their module on its own; in their MobileNetV2, whose initial values these
 * are (He et al., fan out, biases 0), {@code conv_h} and {@code conv_w} are called {@code conv2} and {@code conv3}.
 * timm's {@code CoordAttn} has the keys of this one but no biases, and another width: C/24, rounded to a multiple of 8.
 */
public final class CoordinateAttention extends Layer {
    private static final long LEAST_HIDDEN = 8;

    /** @param reduction r above */
    public record Config(long reduction) {
        /** The authors': reduction 32. */
        public static final Config DEFAULT = new Config(32);

        public Config {
            Checks.positive("coord: reduction", reduction);
        }

        static Config read(Args args) {
            return new Config(args.integer("reduction", DEFAULT.reduction));
        }
    }

    private final long channels;
    private final Conv2dImpl conv;
    private final BatchNorm2dImpl norm;
    private final Conv2dImpl ofRows;
    private final Conv2dImpl ofColumns;

    public CoordinateAttention(long channels) {
        this(channels, Config.DEFAULT);
    }

    public CoordinateAttention(long channels, Config config) {
        this.channels = Checks.positive("coord: channels", channels);
        long hidden = Math.max(LEAST_HIDDEN, channels / config.reduction());
        conv = register("conv1", conv2d(channels, hidden, 1));
        norm = register_module("bn1", batchNorm2d(hidden));
        ofRows = register("conv_h", conv2d(hidden, channels, 1));
        ofColumns = register("conv_w", conv2d(hidden, channels, 1));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("coord", channels, x);
        long height = x.size(2);
        long width = x.size(3);
        Tensor lines = cat(2, mean(x, 3), mean(x, 2).transpose(2, 3)); // (B, C, H+W, 1)
        Tensor mixed = torch.hardswish(norm.forward(conv.forward(lines))); // (B, m, H+W, 1)
        Tensor rows = ofRows.forward(mixed.narrow(2, 0, height)).sigmoid(); // (B, C, H, 1)
        Tensor columns = ofColumns.forward(mixed.narrow(2, height, width).transpose(2, 3)).sigmoid(); // (B, C, 1, W)
        return x.mul(seen(this, ELEMENT, rows.mul(columns)));
    }

    private Conv2dImpl register(String key, Conv2dImpl conv2d) {
        Init.kaimingFanOut(conv2d.weight());
        Init.constant(conv2d.bias(), 0);
        return register_module(key, conv2d);
    }
}
