package dev.glimpse.attention;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Tensors.cat;

import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Spatial-temporal interaction: the parts of a body in a video's frames tell each other what they show.
 *
 * <pre>
 * nodes x_i: P parts in each of T frames                        (B, M, C), M = T P
 * s_ij = BN(conv1x1[|x_i - x_j|; u])                            (B, M, M), u the global feature
 * W    = softmax over j of s_ij, where i and j share their frame or their part, not both
 * y_i  = ReLU(BN(conv1x1[x_i; sum_j W_ij x_j]))                 (B, T, P, C)
 * </pre>
 *
 * Hou, Ma, Chang, Gu, Shan, Chen: IAUnet: Global Context-Aware Feature Learning for Person Re-Identification. IEEE TNNLS
 * 2020. <a href="https://arxiv.org/abs/2009.01035">arXiv:2009.01035</a>
 *
 * <p>
 * This is the authors' code, with its keys, but for forbidden pairs: their scores get minus infinity added instead of
 * -1e8, which 16-bit types cannot hold; the weights are the same. The global feature adds one number to all scores of an
 * image, which the softmax ignores: in evaluation it has no effect, in training only by the batch's variance.
 * {@code iau} is the whole block for images.
 */
public final class Stiau extends Module {
    /**
     * @param frames the most that may come
     * @param parts of each frame
     */
    public record Config(long frames, long parts) {
        /** Four frames, as the authors train, of the four parts that they have. */
        public static final Config DEFAULT = new Config(4, 4);

        public Config {
            Checks.positive("stiau: frames", frames);
            Checks.positive("stiau: parts", parts);
        }

        static Config read(Args args) {
            return new Config(args.integer("frames", DEFAULT.frames), args.integer("parts", DEFAULT.parts));
        }
    }

    private final long channels;
    private final Config config;
    private final Relations relations;
    private final Update update;

    public Stiau(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Stiau(long channels, Config config) {
        this.channels = Checks.positive("stiau: channels", channels);
        this.config = config;
        relations = register_module("module_w", new Relations(channels));
        update = register_module("module_l", new Update(channels));
    }

    /**
     * @param parts (B, T, P, C)
     * @param global (B, C)
     * @return (B, T, P, C)
     */
    public Tensor forward(Tensor parts, Tensor global) {
        Checks.shape("stiau", "parts", parts, "videos", "frames", config.parts(), channels);
        Checks.shape("stiau", "a global feature", global, parts.size(0), channels);
        requireFrames(parts.size(1));
        Tensor nodes = parts.flatten(1, 2).transpose(1, 2); // (B, C, M)
        Checks.valuesForNorm("stiau", this, nodes, "one part of one frame");
        Tensor scores = relations.forward(nodes, global); // (B, M, M)
        Tensor weights = scores.add(forbidden(parts.size(1)).type_as(scores)).softmax(-1); // (B, M, M)
        Tensor y = update.forward(nodes, weights).transpose(1, 2); // (B, M, C)
        return y.reshape(parts.size(0), parts.size(1), parts.size(2), parts.size(3));
    }

    private void requireFrames(long frames) {
        if (frames < 1 || frames > config.frames()) {
            throw new IllegalArgumentException("stiau: built for 1 to " + config.frames() + " frames, got " + frames
                    + "; cut the video, or build one for more");
        }
    }

    /** Minus infinity for a pair that must not interact, else 0. A node that is all alone keeps to itself. */
    private Tensor forbidden(long frames) {
        int parts = Math.toIntExact(config.parts());
        int nodes = Math.toIntExact(frames * parts);
        float[] pairs = new float[nodes * nodes];
        for (int pair = 0; nodes > 1 && pair < pairs.length; pair++) {
            int i = pair / nodes;
            int j = pair % nodes;
            boolean sameFrame = i / parts == j / parts;
            boolean samePart = i % parts == j % parts;
            pairs[pair] = sameFrame == samePart ? Float.NEGATIVE_INFINITY : 0;
        }
        return Tensors.of(pairs, nodes, nodes);
    }

    /** How much one node has to do with another, by their difference and the whole picture. */
    private static final class Relations extends Module {
        private final Sequential relation;

        Relations(long channels) {
            Conv2dImpl conv = conv2d(2 * channels, 1, 1);
            Init.kaimingFanOut(conv.weight());
            relation = register_module("relation", new Sequential(conv, batchNorm2d(1)));
        }

        /** (B, C, M) and (B, C) to (B, M, M). */
        Tensor forward(Tensor nodes, Tensor global) {
            Tensor apart = nodes.unsqueeze(3).sub(nodes.unsqueeze(2)).abs(); // (B, C, M, M)
            Tensor whole = global.unsqueeze(2).unsqueeze(3).expand_as(apart); // (B, C, M, M)
            return relation.forward(cat(1, apart, whole)).squeeze(1); // (B, M, M)
        }
    }

    /** A node's new feature, by what it was and by its neighbours' mean. */
    private static final class Update extends Module {
        private final Sequential fsm;

        Update(long channels) {
            Conv2dImpl conv = conv2d(2 * channels, channels, 1);
            Init.kaimingFanOut(conv.weight());
            BatchNorm2dImpl norm = batchNorm2d(channels);
            fsm = register_module("fsm", new Sequential(conv, norm, relu()));
        }

        /** (B, C, M) and (B, M, M) to (B, C, M). */
        Tensor forward(Tensor nodes, Tensor weights) {
            Tensor neighbours = nodes.matmul(weights.transpose(1, 2)); // (B, C, M)
            return fsm.forward(cat(1, nodes, neighbours).unsqueeze(3)).squeeze(3); // (B, C, M)
        }
    }
}
