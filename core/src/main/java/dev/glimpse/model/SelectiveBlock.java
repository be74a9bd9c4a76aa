package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Window.stride;

import dev.glimpse.Layer;
import dev.glimpse.attention.SkTimm;
import dev.glimpse.model.Placement.Site;
import dev.glimpse.model.ResNet.Config;
import dev.glimpse.model.ResNet.Stride;
import dev.glimpse.model.ResNet.Unit;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * A block of {@link ResNet} whose 3x3 convolution, or the first of two, is one of selective kernels; keys as in timm.
 */
final class SelectiveBlock extends Layer {
    private final List<Layer> convs = new ArrayList<>();
    private final Optional<Layer> attention;
    private final Optional<Sequential> downsample;

    SelectiveBlock(long in, long width, long stride, Config config, SkTimm.Config kernels, String path) {
        long out = width * config.unit().expansion();
        Normed last;
        if (config.unit() == Unit.BASIC) {
            add(new SkTimm(in, sized(kernels, width, stride, 1)));
            last = add(new Normed(width, out, 3, Window.padding(1), false));
        } else {
            long inner = ResidualBlock.innerWidth(width, config);
            boolean early = config.stride() == Stride.IN_1X1;
            add(new Normed(in, inner, 1, stride(early ? stride : 1), true));
            add(new SkTimm(inner, sized(kernels, inner, early ? 1 : stride, config.groups())));
            last = add(new Normed(inner, out, 1, Window.DEFAULT, false));
        }
        for (Tensor parameter : parameters().get()) {
            if (parameter.dim() == 4) { // a convolution's
                Init.kaimingFanOut(parameter);
            }
        }
        if (config.zeroLast()) {
            Init.constant(last.bn.weight(), 0);
        }
        attention = config.attention().create(path, Site.BLOCK, out)
                .map(layer -> register_module(config.attention().key(), layer));
        downsample = ResidualBlock.shortcut(in, out, stride, config.shortcut())
                .map(layers -> register_module("downsample", layers));
    }

    private <L extends Layer> L add(L conv) {
        convs.add(conv);
        return register_module("conv" + convs.size(), conv);
    }

    private static SkTimm.Config sized(SkTimm.Config kernels, long out, long stride, long groups) {
        return new SkTimm.Config(out, kernels.hiddenRatio(), kernels.hidden(), kernels.divisor(), kernels.keep3x3(),
                kernels.splitInput(), stride, groups);
    }

    /** (B, in, H, W) to (B, out, H/stride, W/stride). */
    @Override
    public Tensor forward(Tensor x) {
        Tensor y = x;
        for (Layer conv : convs) {
            y = conv.forward(y);
        }
        if (attention.isPresent()) {
            y = attention.get().forward(y); // (B, out, H/stride, W/stride)
        }
        Tensor residual = downsample.isPresent() ? downsample.get().forward(x) : x;
        return y.add(residual).relu_();
    }

    /** A convolution and its norm, as timm keys them. */
    private static final class Normed extends Layer {
        private final Conv2dImpl conv;
        private final BatchNorm2dImpl bn;
        private final boolean relu;

        Normed(long in, long out, long kernel, Window window, boolean relu) {
            conv = register_module("conv", conv2d(in, out, kernel, window.noBias()));
            bn = register_module("bn", batchNorm2d(out));
            this.relu = relu;
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = bn.forward(conv.forward(x));
            return relu ? y.relu_() : y;
        }
    }
}
