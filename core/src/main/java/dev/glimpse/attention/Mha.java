package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.PAIRS;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.dropout;
import static dev.glimpse.nn.Layers.layerNorm;
import static dev.glimpse.nn.Layers.linearNoBias;

import dev.glimpse.kernel.PairAttention;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Memory;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Multi-head attention with a residual and a layer norm around it: the Transformer's sub-layer.
 *
 * <pre>
 * Q, K, V = q Wq, k Wk, v Wv, cut into h heads           (B, h, Lq, d_k), (B, h, Lk, d_k), (B, h, Lk, d_v)
 * A = softmax(Q K^T / sqrt(d_k))                         (B, h, Lq, Lk)
 * y = LayerNorm(q + Wo concat(A V))                      (B, Lq, d_model)
 * </pre>
 *
 * Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin: Attention Is All You Need. NeurIPS 2017.
 * <a href="https://arxiv.org/abs/1706.03762">arXiv:1706.03762</a>
 *
 * <p>
 * Keys and values as in jadore801120/attention-is-all-you-need-pytorch: no biases, the norm after the residual with
 * epsilon 1e-6. Dropout after the output projection; there, the weights are dropped out too ({@code attn_dropout},
 * here 0 as in the white-patch article, unless set).
 */
public final class Mha extends Module {
    private static final double EPSILON = 1e-6;

    /**
     * @param dModel features of queries, keys, values and output
     * @param heads how many attend side by side
     * @param dK features a head compares
     * @param dV features a head mixes
     * @param dropout probability after the output projection, in training
     * @param attentionDropout probability on the weights, in training
     */
    public record Config(long dModel, long heads, long dK, long dV, double dropout, double attentionDropout) {
        public Config {
            Checks.positive("mha: d_model", dModel);
            Checks.positive("mha: heads", heads);
            Checks.positive("mha: d_k", dK);
            Checks.positive("mha: d_v", dV);
            Checks.probability("mha: dropout", dropout);
            Checks.probability("mha: attn_dropout", attentionDropout);
        }

        /**
         * Heads that share the features evenly.
         *
         * @throws IllegalArgumentException when they cannot
         */
        public static Config even(long dModel, long heads) {
            Checks.positive("mha: heads", heads);
            if (dModel % heads != 0) {
                throw new IllegalArgumentException("mha: " + dModel + " channels do not divide by heads=" + heads);
            }
            return new Config(dModel, heads, dModel / heads, dModel / heads, 0.1, 0);
        }

        static Config read(Args args, long dModel) {
            long heads = args.integer("heads", 4);
            long share = args.has("d_k") && args.has("d_v") ? 1 : even(dModel, heads).dK();
            return new Config(dModel, heads, args.integer("d_k", share), args.integer("d_v", share),
                    args.number("dropout", 0.1), args.number("attn_dropout", 0));
        }
    }

    /**
     * @param output (B, Lq, d_model)
     * @param weights how much each query takes of each value: (B, h, Lq, Lk)
     */
    public record Result(Tensor output, Tensor weights) {}

    private final Config config;
    private final LinearImpl queries;
    private final LinearImpl keys;
    private final LinearImpl values;
    private final LinearImpl fc;
    private final LayerNormImpl norm;
    private final DropoutImpl dropout;
    private final DropoutImpl attentionDropout;

    /** Four heads that share the features. */
    public Mha(long features) {
        this(Config.even(features, 4));
    }

    public Mha(Config config) {
        this.config = config;
        queries = register_module("w_qs", linearNoBias(config.dModel(), config.heads() * config.dK()));
        keys = register_module("w_ks", linearNoBias(config.dModel(), config.heads() * config.dK()));
        values = register_module("w_vs", linearNoBias(config.dModel(), config.heads() * config.dV()));
        fc = register_module("fc", linearNoBias(config.heads() * config.dV(), config.dModel()));
        norm = register_module("layer_norm", layerNorm(config.dModel(), EPSILON));
        dropout = register_module("dropout", dropout(config.dropout()));
        attentionDropout = register_module("attn_dropout", dropout(config.attentionDropout()));
    }

    /**
     * @param q (B, Lq, d_model)
     * @param k (B, Lk, d_model)
     * @param v (B, Lk, d_model)
     */
    public Result forward(Tensor q, Tensor k, Tensor v) {
        requireMemory(q, k);
        Tensor query = split(queries.forward(q), config.dK()); // (B, h, Lq, d_k)
        Tensor key = split(keys.forward(k), config.dK()); // (B, h, Lk, d_k)
        Tensor value = split(values.forward(v), config.dV()); // (B, h, Lk, d_v)
        Tensor weights = PairAttention.weights(query, key, scale()); // (B, h, Lq, Lk)
        Tensor mixed = attentionDropout.forward(weights).matmul(value); // (B, h, Lq, d_v)
        return new Result(joined(mixed, q), seen(this, PAIRS, weights));
    }

    /** The output alone, for which the weights need not be held unless they are watched or dropped out. */
    public Tensor output(Tensor q, Tensor k, Tensor v) {
        if (watched() || is_training() && config.attentionDropout() > 0) {
            return forward(q, k, v).output();
        }
        Tensor query = split(queries.forward(q), config.dK()); // (B, h, Lq, d_k)
        Tensor key = split(keys.forward(k), config.dK()); // (B, h, Lk, d_k)
        Tensor value = split(values.forward(v), config.dV()); // (B, h, Lk, d_v)
        return joined(PairAttention.attend(query, key, value, scale()), q);
    }

    private double scale() {
        return 1 / Math.sqrt(config.dK());
    }

    private Tensor joined(Tensor mixed, Tensor q) {
        Tensor heads = mixed.transpose(1, 2).flatten(2, 3); // (B, Lq, h*d_v)
        return norm.forward(dropout.forward(fc.forward(heads)).add(q));
    }

    /** The scores and the weights, which are returned, and in training their gradients. */
    private void requireMemory(Tensor q, Tensor k) {
        long times = GradMode.is_enabled() ? 4 : 2;
        Memory.require("mha", Memory.bytes(q, times, q.size(0), config.heads(), q.size(1), k.size(1)),
                "use fewer tokens, or pam or nonlocal, which need not hold all pairs");
    }

    private Tensor split(Tensor x, long size) {
        return x.view(x.size(0), x.size(1), config.heads(), size).transpose(1, 2);
    }
}
