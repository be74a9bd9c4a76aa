package dev.glimpse.model;

import static dev.glimpse.nn.Layers.avgPool2d;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Window.stride;

import dev.glimpse.Layer;
import dev.glimpse.model.Placement.Site;
import dev.glimpse.model.ResNet.Config;
import dev.glimpse.model.ResNet.Shortcut;
import dev.glimpse.model.ResNet.Stride;
import dev.glimpse.model.ResNet.Unit;
import dev.glimpse.nn.Dropping;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;

/** Convolutions around which the input is added: a block of {@link ResNet}. */
final class ResidualBlock extends Layer {
    private final List<Conv2dImpl> convs = new ArrayList<>();
    private final List<BatchNorm2dImpl> norms = new ArrayList<>();
    private final Optional<Layer> attention;
    private final Optional<Sequential> downsample;
    private final double dropPath;
    private final boolean rectified;

    ResidualBlock(long in, long width, Window window, Config config, String path) {
        this(in, width, window, config, path, false);
    }

    /** @param rectified whether a ReLU stands behind the last norm too, before the attention */
    ResidualBlock(long in, long width, Window window, Config config, String path, boolean rectified) {
        this.rectified = rectified;
        long stride = window.stride();
        long out = width * config.unit().expansion();
        if (config.unit() == Unit.BASIC) {
            add(in, width, 3, window);
            add(width, out, 3, window.withStride(1));
        } else {
            long inner = innerWidth(width, config);
            boolean early = config.stride() == Stride.IN_1X1;
            long first = config.unit() == Unit.NARROW_BOTTLENECK ? inner / 2 : inner;
            add(in, first, 1, stride(early ? stride : 1));
            add(first, inner, 3, window.withStride(early ? 1 : stride).withGroups(config.groups()));
            add(inner, out, 1, Window.DEFAULT);
        }
        if (config.zeroLast()) {
            Init.constant(norms.getLast().weight(), 0);
        }
        attention = config.attention().create(path, Site.BLOCK, out)
                .map(layer -> register_module(config.attention().key(), layer));
        downsample = shortcut(in, out, stride, config.shortcut())
                .map(layers -> register_module("downsample", layers));
        dropPath = config.drops().path();
    }

    private void add(long in, long out, long kernel, Window window) {
        int number = convs.size() + 1;
        convs.add(register_module("conv" + number, convolution(in, out, kernel, window)));
        norms.add(register_module("bn" + number, batchNorm2d(out)));
    }

    /** The width of a bottleneck's 3x3 convolution. */
    static long innerWidth(long width, Config config) {
        return width * config.baseWidth() / 64 * config.groups();
    }

    /** What brings the input to the size of what is added to it, if they differ. */
    static Optional<Sequential> shortcut(long in, long out, long stride, Shortcut kind) {
        if (stride == 1 && in == out) {
            return Optional.empty();
        }
        return Optional.of(switch (kind) {
            case CONVOLUTION -> new Sequential(convolution(in, out, 1, stride(stride)), batchNorm2d(out));
            case CONVOLUTION_3X3 -> new Sequential(convolution(in, out, stride == 1 ? 1 : 3,
                    stride(stride).withPadding(stride == 1 ? 0 : 1)), batchNorm2d(out));
            case AVERAGE -> {
                Sequential pooled = stride == 1 ? new Sequential() : new Sequential(avgPool2d(stride));
                yield pooled.then("1", convolution(in, out, 1, Window.DEFAULT)).then("2", batchNorm2d(out));
            }
        });
    }

    /** A convolution without a bias, since a norm follows. */
    static Conv2dImpl convolution(long in, long out, long kernel, Window window) {
        Conv2dImpl conv = conv2d(in, out, kernel, window.noBias());
        Init.kaimingFanOut(conv.weight());
        return conv;
    }

    /** (B, in, H, W) to (B, out, H/stride, W/stride). */
    @Override
    public Tensor forward(Tensor x) {
        Tensor y = x;
        for (int i = 0; i < convs.size(); i++) {
            y = norms.get(i).forward(convs.get(i).forward(y));
            y = rectified || i < convs.size() - 1 ? y.relu_() : y;
        }
        if (attention.isPresent()) {
            y = attention.get().forward(y); // (B, out, H/stride, W/stride)
        }
        Tensor residual = downsample.isPresent() ? downsample.get().forward(x) : x;
        return Dropping.path(y, dropPath, is_training()).add(residual).relu_();
    }
}
