package dev.glimpse.glimpses;

import static dev.glimpse.nn.Layers.linear;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * An attention proposal network: where to look closer, from a scale's last maps.
 *
 * <pre>
 * t = sigmoid(W2 tanh(W1 pool(F)))          (B, C, H, W) to (B, 3): across, down and side, each in 0 to 1
 * </pre>
 *
 * Fu, Zheng, Mei, CVPR 2017 (see {@link RaCnn}), as jeong-tae's code has it. Maps of a side above 14 are max-pooled to half of
 * it until they are not, as 28x28 there.
 */
final class ProposalNetwork extends Layer {
    private static final long LARGEST_SIDE = 14;

    private final LinearImpl hidden;
    private final LinearImpl out;

    /** @param maps (1, C, H, W) as they will come */
    ProposalNetwork(Tensor maps, long width) {
        Checks.positive("racnn: hidden", width);
        hidden = register_module("0", linear(pooled(maps).numel(), width));
        out = register_module("2", linear(width, 3));
    }

    @Override
    public Tensor forward(Tensor maps) {
        return out.forward(hidden.forward(pooled(maps).flatten(1, 3)).tanh()).sigmoid();
    }

    private static Tensor pooled(Tensor maps) {
        Tensor x = maps;
        while (Math.min(x.size(2), x.size(3)) > LARGEST_SIDE) {
            x = Tensors.maxPool(x, 2, 2);
        }
        return x;
    }
}
