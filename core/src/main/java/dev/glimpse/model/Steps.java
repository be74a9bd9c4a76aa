package dev.glimpse.model;

import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.nn.Scopes;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/** A network's forward, a block at a time. */
final class Steps {
    private Steps() {}

    /**
     * Runs a block. Where gradients are off, what it made but for its result is freed, unless somebody watches the attention
     * maps in it.
     */
    static Tensor run(UnaryOperator<Tensor> block, Tensor x) {
        return AttentionMaps.watched() ? block.apply(x) : Scopes.freeing(() -> block.apply(x));
    }
}
