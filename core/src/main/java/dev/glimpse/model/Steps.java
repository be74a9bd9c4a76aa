package dev.glimpse.model;

import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.nn.Scopes;
import java.util.ArrayList;
import java.util.List;
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

    /** Runs stages, each of them blocks, one after the other, and gives the maps at the end of each. */
    static List<Tensor> ends(List<List<UnaryOperator<Tensor>>> stages, Tensor x) {
        List<Tensor> ends = new ArrayList<>();
        Tensor y = x;
        for (List<UnaryOperator<Tensor>> blocks : stages) {
            for (UnaryOperator<Tensor> block : blocks) {
                y = run(block, y);
            }
            ends.add(y);
        }
        return ends;
    }
}
