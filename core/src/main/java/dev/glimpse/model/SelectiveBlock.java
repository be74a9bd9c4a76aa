package dev.glimpse.model;

import static dev.glimpse.nn.Window.stride;

import dev.glimpse.Layer;
import dev.glimpse.attention.SkTimm;
import dev.glimpse.model.NormedConvolution.Activation;
import dev.glimpse.model.Placement.Site;
import dev.glimpse.model.ResNet.Config;
import dev.glimpse.model.ResNet.Stride;
import dev.glimpse.model.ResNet.Unit;
import dev.glimpse.nn.Dropping;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * A block of {@link ResNet} whose 3x3 convolution, or the first of two, is one of selective kernels; keys as in timm.
 */
final class SelectiveBlock extends Layer {
    private final List<Layer> convs = new ArrayList<>();
    private final Optional<Layer> attention;
    private final Optional<Sequential> downsample;
    private final double dropPath;

    SelectiveBlock(long in, long width, Window window, Config config, SkTimm.Config kernels, String path) {
        long stride = window.stride();
        long out = width * config.unit().expansion();
        SkTimm selective;
        NormedConvolution last;
        if (config.unit() == Unit.BASIC) {
            selective = add(new SkTimm(in, sized(kernels, width, stride, 1)));
            last = add(new NormedConvolution(width, out, 3, Window.padding(1), Activation.NONE));
        } else {
            long inner = ResidualBlock.innerWidth(width, config);
            boolean early = config.stride() == Stride.IN_1X1;
            add(new NormedConvolution(in, inner, 1, stride(early ? stride : 1), Activation.RELU));
            selective = add(new SkTimm(inner, sized(kernels, inner, early ? 1 : stride, config.groups())));
            last = add(new NormedConvolution(inner, out, 1, Window.DEFAULT, Activation.NONE));
        }
        for (Tensor parameter : selective.parameters().get()) {
            if (parameter.dim() == 4) { // a convolution's
                Init.kaimingFanOut(parameter);
            }
        }
        if (config.zeroLast()) {
            last.startAtZero();
        }
        attention = config.attention().create(path, Site.BLOCK, out)
                .map(layer -> register_module(config.attention().key(), layer));
        downsample = ResidualBlock.shortcut(in, out, stride, config.shortcut())
                .map(layers -> register_module("downsample", layers));
        dropPath = config.drops().path();
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
        return Dropping.path(y, dropPath, is_training()).add(residual).relu_();
    }
}
