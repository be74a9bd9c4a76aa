package dev.glimpse.sequence;

import static dev.glimpse.attention.AttentionMaps.Kind.PAIRS;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.dropout;
import static dev.glimpse.nn.Layers.layerNorm;
import static dev.glimpse.nn.Layers.linearNoBias;

import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * A Transformer's attention with what stands around it: residual, dropout and layer norm.
 *
 * <pre>
 * A = softmax(Q K^T / sqrt(d_k)), 0 where the mask is false       (B, h, Lq, Lk)
 * y = LayerNorm(x + Wo concat(A V))        post-norm              (B, Lq, d_model)
 * y = x + Wo concat(A V), all from LayerNorm(x)     pre-norm
 * </pre>
 *
 * By libtorch's fused operation, which does not hold A; while somebody watches, A is computed and shown.
 */
final class MultiHead extends Module {
    /**
     * What can be attended to.
     *
     * @param keys (B, h, L, d_k)
     * @param values (B, h, L, d_v)
     */
    record Remembered(Tensor keys, Tensor values) {
        /** Both, one after the other. */
        Remembered and(Remembered later) {
            return new Remembered(Tensors.cat(2, keys, later.keys), Tensors.cat(2, values, later.values));
        }

        /** The rows of a batch that are named, in that order. */
        Remembered rows(Tensor indices) {
            return new Remembered(keys.index_select(0, indices), values.index_select(0, indices));
        }
    }

    private final Transformer.Config config;
    private final LinearImpl queries;
    private final LinearImpl keys;
    private final LinearImpl values;
    private final LinearImpl fc;
    private final DropoutImpl dropout;
    private final LayerNormImpl norm;

    MultiHead(Transformer.Config config) {
        this.config = config;
        queries = register_module("w_qs", linearNoBias(config.dModel(), config.heads() * config.dK()));
        keys = register_module("w_ks", linearNoBias(config.dModel(), config.heads() * config.dK()));
        values = register_module("w_vs", linearNoBias(config.dModel(), config.heads() * config.dV()));
        fc = register_module("fc", linearNoBias(config.heads() * config.dV(), config.dModel()));
        dropout = register_module("dropout", dropout(config.dropout()));
        norm = register_module("layer_norm", layerNorm(config.dModel(), Transformer.EPSILON));
    }

    /** What queries, and in self-attention keys and values, are computed from. */
    Tensor normed(Tensor x) {
        return config.preNorm() ? norm.forward(x) : x;
    }

    Remembered remember(Tensor x) {
        return new Remembered(split(keys.forward(x), config.dK()), split(values.forward(x), config.dV()));
    }

    /** @param mask true where a query may attend to a key: (B, 1, Lq or 1, Lk), or null */
    Tensor forward(Tensor x, Tensor normed, Remembered to, Tensor mask) {
        Tensor query = split(queries.forward(normed), config.dK());
        double scale = 1 / Math.sqrt(config.dK());
        Tensor mixed = AttentionMaps.watched() ? seen(this, PAIRS, weights(query, to, mask, scale)).matmul(to.values)
                : Tensors.scaledDotProductAttention(query, to.keys, to.values, mask, scale);
        Tensor joined = mixed.transpose(1, 2).flatten(2, 3); // (B, Lq, h*d_v)
        Tensor y = x.add(dropout.forward(fc.forward(joined)));
        return config.preNorm() ? y : norm.forward(y);
    }

    private static Tensor weights(Tensor query, Remembered to, Tensor mask, double scale) {
        Tensor scores = query.mul(new Scalar(scale)).matmul(to.keys.transpose(2, 3));
        return (mask == null ? scores
                : scores.masked_fill(mask.logical_not(), new Scalar(Double.NEGATIVE_INFINITY))).softmax(-1);
    }

    private Tensor split(Tensor x, long size) {
        return x.view(x.size(0), x.size(1), config.heads(), size).transpose(1, 2);
    }
}
