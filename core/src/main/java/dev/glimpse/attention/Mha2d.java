package dev.glimpse.attention;

import dev.glimpse.Layer;
import org.bytedeco.pytorch.Tensor;

/**
 * {@link Mha} over the positions of a map, each a token: self-attention in a network's slot.
 *
 * <pre>
 * t = transpose(flatten(x))       (B, N, C)
 * y = Mha(t, t, t)                back to (B, C, H, W)
 * </pre>
 *
 * Vaswani et al.: Attention Is All You Need. NeurIPS 2017. <a href="https://arxiv.org/abs/1706.03762">arXiv:1706.03762</a>
 *
 * <p>
 * Differs from the white-patch article, which turns (B, C, H, W) into (B, N, C) by a bare reshape and so mixes channels
 * with positions. While its map is watched, or weights are dropped out, memory grows with the square of N.
 */
public final class Mha2d extends Layer {
    private final Mha mha;

    /** Four heads that share the channels. */
    public Mha2d(long channels) {
        this(Mha.Config.even(channels, 4));
    }

    /** @param config its {@code dModel} is the number of channels */
    public Mha2d(Mha.Config config) {
        mha = register_module("mha", new Mha(config));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Tensor tokens = x.flatten(2, 3).transpose(1, 2); // (B, N, C)
        Tensor y = mha.output(tokens, tokens, tokens); // (B, N, C)
        return y.transpose(1, 2).reshape(x.size(0), x.size(1), x.size(2), x.size(3));
    }
}
