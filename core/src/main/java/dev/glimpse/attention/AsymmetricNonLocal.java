package dev.glimpse.attention;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.dropout2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Tensors.adaptiveMean;
import static dev.glimpse.nn.Tensors.cat;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import java.util.List;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Asymmetric non-local attention: all positions attend to a few anchors, the means over the cells of coarse grids.
 *
 * <pre>
 * Q = f_q(high), K = P(f_k(low)), V = P(f_v(low))           (B, K, N), (B, K, S), (B, V, S)
 *     P: means over 1x1, 3x3, 6x6 and 8x8 cells, so that S = 110
 * A = softmax(Q^T K / sqrt(K))                              (B, N, S)
 * y = g([W(A V^T); high])                                   (B, out, H, W)
 * </pre>
 *
 * Zhu, Xu, Bai, Huang, Bai: Asymmetric Non-local Neural Networks for Semantic Segmentation. ICCV 2019.
 * <a href="https://arxiv.org/abs/1908.07678">arXiv:1908.07678</a>
 *
 * <p>
 * As the authors' code, with its keys. {@link Apnb} is one map's attention to itself, {@link Afnb} fuses two stages of a
 * network. W starts at 0, and the output does not yet depend on the anchors. Memory grows with N, not with its square: take
 * it for large maps instead of {@code nonlocal}. The anchors are no positions, so no map is shown.
 */
public final class AsymmetricNonLocal {
    /**
     * @param out channels of the output
     * @param key features that a position and an anchor compare
     * @param value features that a position takes from the anchors
     * @param dropout probability that an output's channel is dropped in training
     * @param sizes cells along each side of the grids
     */
    public record Config(long out, long key, long value, double dropout, List<Long> sizes) {
        /** The authors'. */
        private static final double DROPOUT = 0.05;
        private static final List<Long> SIZES = List.of(1L, 3L, 6L, 8L);

        public Config {
            Checks.positive("apnb/afnb: out_channels", out);
            Checks.positive("apnb/afnb: key_channels", key);
            Checks.positive("apnb/afnb: value_channels", value);
            Checks.probability("apnb/afnb: dropout", dropout);
            sizes = List.copyOf(sizes);
            if (sizes.isEmpty()) {
                throw new IllegalArgumentException("apnb/afnb: sizes are none, must be one or more");
            }
            sizes.forEach(size -> Checks.positive("apnb/afnb: one of sizes", size));
        }

        /** The authors' network's for a map that keeps its shape: keys and values are 1/{@code share} of the channels. */
        static Config share(long channels, long share) {
            long features = Math.max(1, channels / share);
            return new Config(channels, features, features, DROPOUT, SIZES);
        }

        static Config read(Args args, Config byDefault) {
            return new Config(args.integer("out_channels", byDefault.out), args.integer("key_channels", byDefault.key),
                    args.integer("value_channels", byDefault.value), args.number("dropout", byDefault.dropout),
                    args.integers("sizes", byDefault.sizes));
        }
    }

    private AsymmetricNonLocal() {}

    /**
     * The asymmetric pyramid non-local block: a map's attention to its own anchors.
     *
     * <p>
     * Queries and keys are one projection, registered under two names; in training its batch norm takes in each batch's
     * statistics twice, as the authors'. Theirs fails unless {@code out_channels} equals {@code channels}.
     */
    public static final class Apnb extends Layer {
        /** What the authors' network has: keys and values of half the channels. */
        private static final long SHARE = 2;
        private final long channels;
        private final Stage stage;
        private final Sequential end;

        public Apnb(long channels) {
            this(channels, Config.share(Checks.positive("apnb: channels", channels), SHARE));
        }

        public Apnb(long channels, Config config) {
            this.channels = Checks.positive("apnb: channels", channels);
            Sequential both = projection(channels, config.key);
            stage = register_module("stages", new Module()).register_module("0",
                    new Stage(channels, config, both, both));
            end = register_module("conv_bn_dropout", new Sequential(conv2d(config.out + channels, config.out, 1),
                    new Sequential(batchNorm2d(config.out), relu()), dropout2d(config.dropout)));
        }

        static Apnb read(Args args) {
            long channels = args.required("channels");
            return new Apnb(channels,
                    Config.read(args, Config.share(Checks.positive("apnb: channels", channels), SHARE)));
        }

        /** (B, C, H, W) to (B, out, H, W). */
        @Override
        public Tensor forward(Tensor x) {
            Checks.maps("apnb", channels, x);
            Checks.valuesForNorm("apnb", this, x);
            return end.forward(cat(1, stage.forward(x, x), x));
        }
    }

    /** The asymmetric fusion non-local block: a high stage's attention to a lower one's anchors. No ReLU at its end. */
    public static final class Afnb extends Module {
        /** What the authors' network has: keys and values of an eighth of the high channels. */
        private static final long SHARE = 8;
        private final long lowChannels;
        private final long highChannels;
        private final Stage stage;
        private final Sequential end;

        public Afnb(long lowChannels, long highChannels) {
            this(lowChannels, highChannels,
                    Config.share(Checks.positive("afnb: high_channels", highChannels), SHARE));
        }

        public Afnb(long lowChannels, long highChannels, Config config) {
            this.lowChannels = Checks.positive("afnb: low_channels", lowChannels);
            this.highChannels = Checks.positive("afnb: high_channels", highChannels);
            stage = register_module("stages", new Module()).register_module("0", new Stage(lowChannels, config,
                    projection(lowChannels, config.key), projection(highChannels, config.key)));
            end = register_module("conv_bn_dropout", new Sequential(conv2d(config.out + highChannels, config.out, 1),
                    batchNorm2d(config.out), dropout2d(config.dropout)));
        }

        static Afnb read(Args args) {
            long low = args.required("low_channels");
            long high = args.required("high_channels");
            return new Afnb(low, high,
                    Config.read(args, Config.share(Checks.positive("afnb: high_channels", high), SHARE)));
        }

        /**
         * @param low (B, C, h, w)
         * @param high (B, C', H, W)
         * @return (B, out, H, W)
         */
        public Tensor forward(Tensor low, Tensor high) {
            Checks.shape("afnb", "high maps", high, "images", highChannels, "height", "width");
            Checks.shape("afnb", "low maps", low, high.size(0), lowChannels, "height", "width");
            Checks.valuesForNorm("afnb", this, low);
            Checks.valuesForNorm("afnb", this, high);
            return end.forward(cat(1, stage.forward(low, high), high));
        }
    }

    /** 1x1 convolution, batch norm and ReLU, nested as the authors'. */
    private static Sequential projection(long channels, long features) {
        return new Sequential(conv2d(channels, features, 1), new Sequential(batchNorm2d(features), relu()));
    }

    private static final class Stage extends Module {
        private final double scale;
        private final List<Long> sizes;
        private final Sequential key;
        private final Sequential query;
        private final Conv2dImpl value;
        private final Conv2dImpl out;

        Stage(long lowChannels, Config config, Sequential key, Sequential query) {
            scale = 1 / Math.sqrt(config.key);
            sizes = config.sizes;
            this.key = register_module("f_key", key);
            this.query = register_module("f_query", query);
            value = register_module("f_value", conv2d(lowChannels, config.value, 1));
            out = register_module("W", conv2d(config.value, config.out, 1));
            Init.zero(out);
        }

        Tensor forward(Tensor low, Tensor high) {
            Tensor queries = query.forward(high).flatten(2, 3).transpose(1, 2); // (B, N, K)
            Tensor keys = anchors(key.forward(low)); // (B, K, S)
            Tensor values = anchors(value.forward(low)); // (B, V, S)
            Tensor weights = queries.matmul(keys).mul(new Scalar(scale)).softmax(-1); // (B, N, S)
            Tensor context = values.matmul(weights.transpose(1, 2)); // (B, V, N)
            return out.forward(context.view(high.size(0), -1, high.size(2), high.size(3)));
        }

        private Tensor anchors(Tensor x) {
            return cat(2, sizes.stream().map(size -> adaptiveMean(x, size, size).flatten(2, 3))
                    .toArray(Tensor[]::new));
        }
    }
}
