package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.PAIRS;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.conv2d;

import dev.glimpse.nn.Init;
import dev.glimpse.Layer;
import dev.glimpse.kernel.PairAttention;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Memory;
import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * DANet's position attention: adds to each position a mixture of all positions' values, weighted by likeness.
 *
 * <pre>
 * Q, K, V = q x, k x, v x        1x1 with bias: (B, C/8, N), (B, C/8, N), (B, C, N)
 * A = softmax(Q^T K)             (B, 1, N queries, N keys), not scaled
 * y = gamma V A^T + x            (B, C, H, W)
 * </pre>
 *
 * Fu, Liu, Tian, Li, Bao, Fang, Lu: Dual Attention Network for Scene Segmentation. CVPR 2019.
 * <a href="https://arxiv.org/abs/1809.02983">arXiv:1809.02983</a>
 *
 * <p>
 * As the authors' code, with its keys. Differs from the paper, whose queries and keys keep all C channels. Gamma starts at
 * 0: the layer starts as the identity. Take {@code danet} for both of the paper's branches, {@code nonlocal} for narrow
 * values and sub-sampled keys. Memory grows with N; while the map is watched it is held in full, N x N.
 */
public final class Pam extends Layer implements StartsAsIdentity {
    /** @param reduction queries and keys have {@code channels / reduction} channels, rounded down */
    public record Config(long reduction) {
        /** The authors': an eighth. */
        public static final Config DEFAULT = new Config(8);

        public Config {
            Checks.positive("pam: reduction", reduction);
        }

        static Config read(Args args) {
            return new Config(args.integer("reduction", DEFAULT.reduction));
        }
    }

    private final long channels;
    private final Conv2dImpl query;
    private final Conv2dImpl key;
    private final Conv2dImpl value;
    private final Tensor gamma;

    public Pam(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Pam(long channels, Config config) {
        this.channels = channels;
        long reduced = Checks.reduced("pam", channels, config.reduction());
        query = register_module("query_conv", conv2d(channels, reduced, 1));
        key = register_module("key_conv", conv2d(channels, reduced, 1));
        value = register_module("value_conv", conv2d(channels, channels, 1));
        gamma = register_parameter("gamma", Tensors.zeros(ScalarType.Float, 1));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("pam", channels, x);
        requireMemory(x);
        Tensor queries = positions(query.forward(x)); // (B, 1, N, C/8)
        Tensor keys = positions(key.forward(x)); // (B, 1, N, C/8)
        Tensor values = positions(value.forward(x)); // (B, 1, N, C)
        Tensor mixed = watched() ? seen(this, PAIRS, PairAttention.weights(queries, keys, 1)).matmul(values)
                : PairAttention.attend(queries, keys, values, 1); // (B, 1, N, C)
        Tensor map = mixed.transpose(2, 3).contiguous().view(Tensors.shape(x)); // (B, C, H, W)
        return x.add(gamma.mul(map));
    }

    /** Where somebody watches: the weights, their scores and with gradients those of both. */
    private static void requireMemory(Tensor x) {
        if (watched()) {
            long positions = x.size(2) * x.size(3);
            Memory.require("pam", Memory.bytes(x, GradMode.is_enabled() ? 4 : 2, x.size(0), positions, positions),
                    "use a smaller map, or do not watch its attention");
        }
    }

    private static Tensor positions(Tensor map) {
        return map.flatten(2, 3).transpose(1, 2).unsqueeze(1);
    }

    @Override
    public void open() {
        Init.constant(gamma, 1);
    }

    @Override
    public boolean scale(double factor) {
        Init.scale(gamma, factor);
        return true;
    }
}
