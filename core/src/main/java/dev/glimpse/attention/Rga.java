package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.Kind.SPATIAL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Tensors.cat;
import static dev.glimpse.nn.Tensors.mean;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Memory;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Window;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;

/**
 * Relation-aware global attention: a position's gate follows from its relations with all positions, then a channel's from
 * its relations with all channels.
 *
 * <pre>
 * nodes x_i: the N positions, with C features each; then the C channels, with N features each
 * r_ij = theta(x_i) . phi(x_j), the nodes' relations                          (B, M, M), M nodes
 * g_i  = ReLU(BN(conv1x1[r_1i, ..., r_Mi; r_i1, ..., r_iM]))                  (B, M / ratio, M)
 * a_i  = sigmoid(BN(conv1x1(ReLU(BN(conv1x1[mean of gx(x_i); g_i])))))        (B, 1, M)
 * y    = a x                                                                  (B, C, H, W)
 * </pre>
 *
 * Zhang, Lan, Zeng, Jin, Chen: Relation-Aware Global Attention for Person Re-identification. CVPR 2020.
 * <a href="https://arxiv.org/abs/1904.02998">arXiv:1904.02998</a>
 *
 * <p>
 * This is the authors' code, with its keys; theta, phi and gx are ReLU(BN(conv1x1)). It takes maps of one size alone. It
 * differs from their code where a size divided by its ratio leaves nothing: the width is then 1. {@code spatial} and
 * {@code channel} choose the gates, the paper's RGA-S, RGA-C and RGA-SC. Memory grows with the square of N over the ratio.
 */
public final class Rga extends Layer {
    /**
     * @param spatial whether positions are gated
     * @param channel whether channels are gated, after the positions
     * @param channelRatio the channels are divided by it where they are embedded
     * @param spatialRatio the positions are divided by it where they are embedded
     * @param downRatio divides the hidden width before the gate
     */
    public record Config(boolean spatial, boolean channel, long channelRatio, long spatialRatio, long downRatio) {
        /** The authors': both gates, all ratios 8. */
        public static final Config DEFAULT = new Config(true, true, 8, 8, 8);

        public Config {
            if (!spatial && !channel) {
                throw new IllegalArgumentException("rga: spatial is false and channel is false, must be one at least");
            }
            Checks.positive("rga: channel_ratio", channelRatio);
            Checks.positive("rga: spatial_ratio", spatialRatio);
            Checks.positive("rga: down_ratio", downRatio);
        }

        static Config read(Args args) {
            return new Config(args.flag("spatial", DEFAULT.spatial), args.flag("channel", DEFAULT.channel),
                    args.integer("channel_ratio", DEFAULT.channelRatio),
                    args.integer("spatial_ratio", DEFAULT.spatialRatio),
                    args.integer("down_ratio", DEFAULT.downRatio));
        }
    }

    private final long channels;
    private final long height;
    private final long width;
    private final Relations spatial;
    private final Relations channel;

    public Rga(long channels, long height, long width) {
        this(channels, height, width, Config.DEFAULT);
    }

    public Rga(long channels, long height, long width, Config config) {
        this.channels = Checks.positive("rga: channels", channels);
        this.height = Checks.positive("rga: height", height);
        this.width = Checks.positive("rga: width", width);
        long positions = (long) ((double) height * width); // which does not overflow
        long fewerChannels = Math.max(1, channels / config.channelRatio());
        long fewerPositions = Math.max(1, positions / config.spatialRatio());
        long down = config.downRatio();
        spatial = config.spatial()
                ? new Relations(this, "_spatial", channels, fewerChannels, positions, fewerPositions, down)
                : null;
        channel = config.channel()
                ? new Relations(this, "_channel", positions, fewerPositions, channels, fewerChannels, down)
                : null;
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("rga", channels, x);
        requireSize(x);
        Checks.valuesForNorm("rga", this, x);
        Tensor gated = spatial == null ? x : gatePositions(x);
        return channel == null ? gated : gateChannels(gated);
    }

    private Tensor gatePositions(Tensor x) {
        Tensor gate = spatial.gate(x.flatten(2, 3)).view(x.size(0), 1, height, width); // (B, 1, H, W)
        return x.mul(seen(this, SPATIAL, gate));
    }

    private Tensor gateChannels(Tensor x) {
        Tensor gate = channel.gate(x.flatten(2, 3).transpose(1, 2)).view(x.size(0), channels, 1, 1); // (B, C, 1, 1)
        return x.mul(seen(this, CHANNEL, gate));
    }

    private void requireSize(Tensor x) {
        if (x.size(2) != height || x.size(3) != width) {
            throw new IllegalArgumentException("rga: built for maps of " + height + "x" + width + ", got " + x.size(2)
                    + "x" + x.size(3) + "; resize them, or build one for that size");
        }
    }

    /** One of the two gates. Its parts belong to the module itself, as in the authors' keys. */
    private static final class Relations {
        private final long nodes;
        private final long hidden;
        private final Sequential theta;
        private final Sequential phi;
        private final Sequential own;
        private final Conv2dImpl related;
        private final BatchNorm2dImpl relatedNorm;
        private final Sequential gate;

        Relations(Rga owner, String suffix, long features, long embedded, long nodes, long hidden, long downRatio) {
            this.nodes = nodes;
            this.hidden = hidden;
            double weights = 3.0 * features * embedded + 2.0 * nodes * hidden;
            Memory.require("rga", (long) (Float.BYTES * weights), "build it for smaller maps or with larger ratios");
            long down = Math.max(1, (1 + hidden) / downRatio);
            related = conv(2 * nodes, hidden);
            relatedNorm = batchNorm2d(hidden);
            own = owner.register_module("gx" + suffix, embedding(features, embedded));
            owner.register_module("gg" + suffix, new Sequential(related, relatedNorm, relu()));
            gate = owner.register_module("W" + suffix,
                    new Sequential(conv(1 + hidden, down), batchNorm2d(down), relu(), conv(down, 1), batchNorm2d(1)));
            theta = owner.register_module("theta" + suffix, embedding(features, embedded));
            phi = owner.register_module("phi" + suffix, embedding(features, embedded));
        }

        /** (B, features, M) to (B, 1, M, 1). */
        Tensor gate(Tensor x) {
            requireRoom(x);
            Tensor column = x.unsqueeze(3); // (B, features, M, 1)
            Tensor from = theta.forward(column).squeeze(3); // (B, embedded, M)
            Tensor to = phi.forward(column).squeeze(3); // (B, embedded, M)
            Tensor relations = relatedNorm.forward(related(from, to).unsqueeze(3)).relu(); // (B, hidden, M, 1)
            Tensor features = mean(own.forward(column), 1); // (B, 1, M, 1)
            return gate.forward(cat(1, features, relations)).sigmoid();
        }

        /**
         * The convolution's two halves times the relations R = from^T to: {@code in R^T + out R}. The products are taken
         * from the left, so that R itself, with the square of the nodes, is never formed.
         */
        private Tensor related(Tensor from, Tensor to) {
            Tensor weight = related.weight().flatten(1, 3); // (hidden, 2M)
            Tensor in = weight.narrow(1, 0, nodes);
            Tensor out = weight.narrow(1, nodes, nodes);
            Tensor incoming = in.matmul(to.transpose(1, 2)).matmul(from); // (B, hidden, M)
            return incoming.add(out.matmul(from.transpose(1, 2)).matmul(to)); // (B, hidden, M)
        }

        /** For tensors as large as the convolved relations; the weight's gradient and its halves' are four. */
        private void requireRoom(Tensor x) {
            long tensors = GradMode.is_enabled() ? 10 * x.size(0) + 4 : 8 * x.size(0);
            Memory.require("rga", Memory.bytes(x, tensors, hidden, nodes),
                    "give fewer images, or build it for smaller maps or with larger ratios");
        }

        private static Sequential embedding(long in, long out) {
            return new Sequential(conv(in, out), batchNorm2d(out), relu());
        }

        private static Conv2dImpl conv(long in, long out) {
            return conv2d(in, out, 1, Window.unbiased());
        }
    }
}
