package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.ELEMENT;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Window.padding;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * Large kernel attention: multiplies each element by what a 21x21 convolution, taken apart into three, says of it.
 *
 * <pre>
 * A = W DW7x7(DW5x5 x), the 7x7 with dilation 3    (B, C, H, W)
 * y = A * x                                        (B, C, H, W)
 * </pre>
 *
 * Guo, Lu, Liu, Cheng, Hu: Visual Attention Network. Computational Visual Media 2023.
 * <a href="https://arxiv.org/abs/2202.09741">arXiv:2202.09741</a>
 *
 * <p>
 * This is the authors' {@code AttentionModule}, with its keys and its network's initial values (normal, variance 2 over
 * the outputs that an input reaches; biases 0). A is no probability: it may be negative or above 1. Their network wraps
 * the module into two 1x1 convolutions, a GELU and a residual, which are not part of this.
 */
public final class LargeKernelAttention extends Layer {
    private final long channels;
    private final Conv2dImpl near;
    private final Conv2dImpl far;
    private final Conv2dImpl mix;

    public LargeKernelAttention(long channels) {
        this.channels = Checks.positive("lka: channels", channels);
        near = register_module("conv0", conv2d(channels, channels, 5, padding(2).withGroups(channels)));
        far = register_module("conv_spatial",
                conv2d(channels, channels, 7, padding(9).withDilation(3).withGroups(channels)));
        mix = register_module("conv1", conv2d(channels, channels, 1));
        Init.kaimingDepthwise(near.weight());
        Init.kaimingDepthwise(far.weight());
        Init.kaimingFanOut(mix.weight());
        for (Conv2dImpl conv : new Conv2dImpl[]{near, far, mix}) {
            Init.constant(conv.bias(), 0);
        }
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("lka", channels, x);
        Tensor attention = mix.forward(far.forward(near.forward(x))); // (B, C, H, W)
        return x.mul(seen(this, ELEMENT, attention));
    }
}
