package dev.glimpse.model;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Tensors.spatialMean;

import dev.glimpse.Layer;
import dev.glimpse.model.Placement.Site;
import dev.glimpse.model.ResNet.Config;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Dropping;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.util.Optional;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * A bottleneck of {@link ResNet} with split attention for its 3x3 convolution: ResNeSt's; keys as in timm.
 *
 * <pre>
 * U_1, U_2 = relu(norm(conv3x3 x)), in two groups, cut in two            (B, C, H, W) each
 * a_1, a_2 = softmax over both of fc2(relu(norm(fc1(mean of U_1 + U_2))))   (B, C, 1, 1) each
 * y        = a_1 U_1 + a_2 U_2, and where the block halves, the means of its 3x3 windows of stride 2, zeros at the border
 * </pre>
 *
 * Zhang et al.: ResNeSt: Split-Attention Networks. CVPR Workshops 2022.
 * <a href="https://arxiv.org/abs/2004.08955">arXiv:2004.08955</a>
 */
final class SplitBlock extends Layer {
    private final Conv2dImpl conv1;
    private final BatchNorm2dImpl bn1;
    private final SplitAttention conv2;
    private final Conv2dImpl conv3;
    private final BatchNorm2dImpl bn3;
    private final Optional<Layer> attention;
    private final Optional<Sequential> downsample;
    private final double dropPath;
    private final long stride;

    SplitBlock(long in, long width, Window window, Config config, String path) {
        long out = width * config.unit().expansion();
        long inner = ResidualBlock.innerWidth(width, config);
        stride = window.stride();
        conv1 = register_module("conv1", ResidualBlock.convolution(in, inner, 1, Window.DEFAULT));
        bn1 = register_module("bn1", batchNorm2d(inner));
        conv2 = register_module("conv2", new SplitAttention(inner));
        conv3 = register_module("conv3", ResidualBlock.convolution(inner, out, 1, Window.DEFAULT));
        bn3 = register_module("bn3", batchNorm2d(out));
        if (config.zeroLast()) {
            Init.constant(bn3.weight(), 0);
        }
        attention = config.attention().create(path, Site.BLOCK, out)
                .map(layer -> register_module(config.attention().key(), layer));
        downsample = ResidualBlock.shortcut(in, out, stride, config.shortcut())
                .map(layers -> register_module("downsample", layers));
        dropPath = config.drops().path();
    }

    /** (B, in, H, W) to (B, out, H/stride, W/stride). */
    @Override
    public Tensor forward(Tensor x) {
        Tensor y = conv2.forward(bn1.forward(conv1.forward(x)).relu_()); // (B, inner, H, W)
        if (stride > 1) {
            y = Tensors.windowMeanWithZeros(y, 3, stride, 1); // (B, inner, H/stride, W/stride)
        }
        y = bn3.forward(conv3.forward(y)); // (B, out, H/stride, W/stride)
        if (attention.isPresent()) {
            y = attention.get().forward(y);
        }
        Tensor residual = downsample.isPresent() ? downsample.get().forward(x) : x;
        return Dropping.path(y, dropPath, is_training()).add(residual).relu_();
    }

    /** A convolution that gives two maps for each, and the choice between them. */
    private static final class SplitAttention extends Layer {
        private static final long RADIX = 2;
        private static final long LEAST_HIDDEN = 32;
        private final long channels;
        private final Conv2dImpl conv;
        private final BatchNorm2dImpl bn0;
        private final Conv2dImpl fc1;
        private final BatchNorm2dImpl bn1;
        private final Conv2dImpl fc2;

        SplitAttention(long channels) {
            this.channels = channels;
            long hidden = Math.max(LEAST_HIDDEN, (channels / 2 + 4) / 8 * 8); // a fourth of both, to the nearest eight
            conv = register_module("conv", ResidualBlock.convolution(channels, RADIX * channels, 3,
                    Window.padding(1).withGroups(RADIX)));
            bn0 = register_module("bn0", batchNorm2d(RADIX * channels));
            fc1 = register_module("fc1", conv2d(channels, hidden, 1));
            bn1 = register_module("bn1", batchNorm2d(hidden));
            fc2 = register_module("fc2", conv2d(hidden, RADIX * channels, 1));
            Init.kaimingFanOut(fc1.weight());
            Init.kaimingFanOut(fc2.weight());
        }

        /** (B, C, H, W) to the same. */
        @Override
        public Tensor forward(Tensor x) {
            Checks.imagesForNorm("resnest", this, x);
            Tensor both = bn0.forward(conv.forward(x)).relu_(); // (B, 2C, H, W)
            Tensor first = both.narrow(1, 0, channels); // (B, C, H, W)
            Tensor second = both.narrow(1, channels, channels); // (B, C, H, W)
            Tensor hidden = bn1.forward(fc1.forward(spatialMean(first.add(second)))).relu_(); // (B, hidden, 1, 1)
            Tensor gates = fc2.forward(hidden).view(x.size(0), RADIX, channels, 1, 1).softmax(1); // (B, 2, C, 1, 1)
            Tensor ofFirst = seen(this, CHANNEL, gates.select(1, 0)); // (B, C, 1, 1)
            Tensor ofSecond = seen(this, CHANNEL, gates.select(1, 1)); // (B, C, 1, 1)
            return first.mul(ofFirst).add(second.mul(ofSecond));
        }
    }
}
