package dev.glimpse.sequence;

import static dev.glimpse.nn.Layers.dropout;
import static dev.glimpse.nn.Layers.layerNorm;
import static dev.glimpse.nn.Layers.linear;

import dev.glimpse.Layer;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;

/** A Transformer's network for each position by itself, {@code W2 relu(W1 x)}, with residual and layer norm. */
final class FeedForward extends Layer {
    private final boolean preNorm;
    private final LinearImpl widen;
    private final LinearImpl narrow;
    private final LayerNormImpl norm;
    private final DropoutImpl dropout;

    FeedForward(Transformer.Config config) {
        preNorm = config.preNorm();
        widen = register_module("w_1", linear(config.dModel(), config.dInner()));
        narrow = register_module("w_2", linear(config.dInner(), config.dModel()));
        norm = register_module("layer_norm", layerNorm(config.dModel(), Transformer.EPSILON));
        dropout = register_module("dropout", dropout(config.dropout()));
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor normed = preNorm ? norm.forward(x) : x;
        Tensor y = x.add(dropout.forward(narrow.forward(widen.forward(normed).relu())));
        return preNorm ? y : norm.forward(y);
    }
}
