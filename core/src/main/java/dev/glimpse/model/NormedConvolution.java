package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;

import dev.glimpse.Layer;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Window;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A convolution, its norm and what follows, under the keys {@code conv} and {@code bn} as in timm. */
final class NormedConvolution extends Layer {
    /** What follows the norm. */
    enum Activation {
        NONE, RELU, SILU;

        Tensor apply(Tensor x) {
            return switch (this) {
                case NONE -> x;
                case RELU -> x.relu_();
                case SILU -> torch.silu(x);
            };
        }
    }

    private final Conv2dImpl conv;
    private final BatchNorm2dImpl bn;
    private final Activation activation;

    NormedConvolution(long in, long out, long kernel, Window window, Activation activation) {
        conv = register_module("conv", conv2d(in, out, kernel, window.noBias()));
        bn = register_module("bn", batchNorm2d(out));
        this.activation = activation;
        Init.kaimingGrouped(conv.weight(), window.groups());
    }

    /** The norm's weights are zero at first, so that what this is added to starts alone. */
    void startAtZero() {
        Init.constant(bn.weight(), 0);
    }

    /** (B, in, H, W) to (B, out, H/stride, W/stride). */
    @Override
    public Tensor forward(Tensor x) {
        return activation.apply(bn.forward(conv.forward(x)));
    }
}
