package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.PAIRS;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.conv1d;
import static dev.glimpse.nn.Layers.layerNorm;

import dev.glimpse.Layer;
import dev.glimpse.kernel.PairAttention;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Memory;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.pytorch.Conv1dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Multi-head attention over a map's positions whose projections are biased 1x1 convolutions, then a mixing layer.
 *
 * <pre>
 * A_i = softmax((Q_i x)^T (K_i x) / sqrt(key_size))   (B, N, N), each head i
 * z   = P concat_i (V_i x) A_i^T                       (B, C, N)
 * z'  = LayerNorm(z + x)                               over C
 * y   = LayerNorm(M2 relu(M1 z') + z')                 (B, C, H, W)
 * </pre>
 *
 * After Vaswani et al.: Attention Is All You Need. NeurIPS 2017.
 * <a href="https://arxiv.org/abs/1706.03762">arXiv:1706.03762</a>
 *
 * <p>
 * The third network of the white-patch article. Differs from {@code mha2d}: biases, and the Transformer's feed-forward
 * sub-layer is part of it. Differs from the article's listing, which adds the context where the query belongs; with one
 * input for both, as here, they are the same.
 */
public final class Conv1dMha extends Layer {
    private static final double EPSILON = 1e-5;

    /**
     * @param keySize features a head compares
     * @param outputSize features a head mixes
     * @param heads how many attend side by side
     */
    public record Config(long keySize, long outputSize, long heads) {
        /** The white-patch article's: keys and values of 32, four heads. */
        public static final Config DEFAULT = new Config(32, 32, 4);

        public Config {
            Checks.positive("conv1d-mha: key_size", keySize);
            Checks.positive("conv1d-mha: output_size", outputSize);
            Checks.positive("conv1d-mha: heads", heads);
        }

        static Config read(Args args) {
            return new Config(args.integer("key_size", DEFAULT.keySize),
                    args.integer("output_size", DEFAULT.outputSize),
                    args.integer("heads", DEFAULT.heads));
        }
    }

    private final double scale;
    private final List<Head> heads = new ArrayList<>();
    private final Conv1dImpl down;
    private final Conv1dImpl mixing1;
    private final Conv1dImpl mixing2;
    private final LayerNormImpl norm1;
    private final LayerNormImpl norm2;

    public Conv1dMha(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Conv1dMha(long channels, Config config) {
        Checks.positive("conv1d-mha: channels", channels);
        scale = 1 / Math.sqrt(config.keySize());
        Module layers = register_module("layers", new Module());
        for (int i = 0; i < config.heads(); i++) {
            heads.add(layers.register_module(Integer.toString(i), new Head(channels, config)));
        }
        down = register_module("proj_down", conv1d(config.heads() * config.outputSize(), channels, 1));
        mixing1 = register_module("mixing_layer1", conv1d(channels, channels, 1));
        mixing2 = register_module("mixing_layer2", conv1d(channels, channels, 1));
        norm1 = register_module("norm1", layerNorm(channels, EPSILON));
        norm2 = register_module("norm2", layerNorm(channels, EPSILON));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Tensor flat = x.flatten(2, 3); // (B, C, N)
        Tensor queries = ofAllHeads(head -> head.query, flat); // (B, h, N, key_size)
        Tensor keys = ofAllHeads(head -> head.key, flat); // (B, h, N, key_size)
        Tensor values = ofAllHeads(head -> head.value, flat); // (B, h, N, output_size)
        Tensor mixed = mixed(queries, keys, values).transpose(2, 3); // (B, h, output_size, N)
        Tensor attended = overChannels(norm1, down.forward(mixed.flatten(1, 2)).add(flat)); // (B, C, N)
        Tensor y = overChannels(norm2, mixing2.forward(mixing1.forward(attended).relu()).add(attended));
        return y.reshape(x.size(0), x.size(1), x.size(2), x.size(3));
    }

    /** While the map is watched, the scores and the weights are held, and in training their gradients. */
    private Tensor mixed(Tensor queries, Tensor keys, Tensor values) {
        if (!watched()) {
            return PairAttention.attend(queries, keys, values, scale);
        }
        long times = GradMode.is_enabled() ? 4 : 2;
        Memory.require("conv1d-mha",
                Memory.bytes(queries, times, queries.size(0), heads.size(), queries.size(2), keys.size(2)),
                "use a smaller map, or do not watch its attention");
        return seen(this, PAIRS, PairAttention.weights(queries, keys, scale)).matmul(values);
    }

    private Tensor ofAllHeads(Function<Head, Conv1dImpl> projection, Tensor x) {
        return Tensors.stack(1, heads.stream().map(head -> projection.apply(head).forward(x)).toArray(Tensor[]::new))
                .transpose(2, 3);
    }

    private static Tensor overChannels(LayerNormImpl norm, Tensor x) {
        return norm.forward(x.transpose(1, 2)).transpose(1, 2);
    }

    private static final class Head extends Module {
        private final Conv1dImpl key;
        private final Conv1dImpl value;
        private final Conv1dImpl query;

        Head(long channels, Config config) {
            key = register_module("key", conv1d(channels, config.keySize(), 1));
            value = register_module("value", conv1d(channels, config.outputSize(), 1));
            query = register_module("query", conv1d(channels, config.keySize(), 1));
        }
    }
}
