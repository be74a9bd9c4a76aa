package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.SPATIAL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.dropout2d;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Tensors.bilinear;
import static dev.glimpse.nn.Tensors.cat;

import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Window;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.MaxPool2dImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Object-contextual representations: each pixel looks at one descriptor a class, gathered by a coarse segmentation.
 *
 * <pre>
 * M = softmax over positions of the class logits            (B, K, N)
 * R = X M^T, a region's features each                       (B, C, K)
 * A = softmax over classes of f_pixel(X)^T f_object(R) / sqrt(key_channels)    (B, N, K)
 * Z = f_up(f_down(R) A^T)                                   (B, C, H, W)
 * y = dropout(ReLU(BN(conv1x1[Z; X])))                      (B, out_channels, H, W)
 * </pre>
 *
 * Yuan, Chen, Wang: Object-Contextual Representations for Semantic Segmentation. ECCV 2020.
 * <a href="https://arxiv.org/abs/1909.11065">arXiv:1909.11065</a>
 *
 * <p>
 * This is the authors' openseg, with its keys. Their HRNet has the same keys, but no biases before its norms: take
 * {@code bias=false} to load its weights. The number of classes K is free at each call.
 */
public final class Ocr extends Module {
    /**
     * @param keyChannels features by which pixels and classes are compared
     * @param outChannels channels of the output
     * @param scale each side of the map is divided by it, by maximum pooling, for the pixels that compare
     * @param gatherScale multiplies the class logits before their softmax
     * @param dropout probability of a whole output channel, in training
     * @param bias whether the convolutions have biases
     */
    public record Config(long keyChannels, long outChannels, long scale, double gatherScale, double dropout,
            boolean bias) {
        public Config {
            Checks.positive("ocr: key_channels", keyChannels);
            Checks.positive("ocr: out_channels", outChannels);
            Checks.positive("ocr: scale", scale);
            if (!(gatherScale > 0)) {
                throw new IllegalArgumentException("ocr: gather_scale is " + gatherScale + ", must be above 0");
            }
            Checks.probability("ocr: dropout", dropout);
        }

        /** The authors': 256 features to compare, as many channels out as in, dropout 0.05. */
        public static Config of(long channels) {
            return new Config(256, Checks.positive("ocr: channels", channels), 1, 1, 0.05, true);
        }

        static Config read(Args args, long channels) {
            Config base = of(channels);
            return new Config(args.integer("key_channels", base.keyChannels),
                    args.integer("out_channels", base.outChannels), args.integer("scale", base.scale),
                    args.number("gather_scale", base.gatherScale), args.number("dropout", base.dropout),
                    args.flag("bias", base.bias));
        }
    }

    private final long channels;
    private final Gather gather;
    private final ObjectAttention attention;
    private final Sequential head;

    public Ocr(long channels) {
        this(channels, Config.of(channels));
    }

    public Ocr(long channels, Config config) {
        this.channels = Checks.positive("ocr: channels", channels);
        long out = config.outChannels();
        gather = register_module("gather", new Gather(config.gatherScale()));
        attention = register_module("object_context_block", new ObjectAttention(channels, config));
        head = register_module("conv_bn_dropout",
                new Sequential(conv(config, 2 * channels, out), normRelu(out), dropout2d(config.dropout())));
    }

    /**
     * @param features (B, C, H, W)
     * @param logits a score a class and position, from a coarse segmentation of the same size: (B, K, H, W)
     * @return (B, out_channels, H, W)
     */
    public Tensor forward(Tensor features, Tensor logits) {
        Checks.shape("ocr", "features", features, "images", channels, "height", "width");
        Tensor regions = gather.forward(features, logits); // (B, C, K, 1)
        Tensor context = attention.forward(features, regions); // (B, C, H, W)
        return head.forward(cat(1, context, features)); // (B, out_channels, H, W)
    }

    /** Each class's features: their mean over the map, weighted by where the class is. It has no parameters. */
    public static final class Gather extends Module {
        private final double scale;

        Gather(double scale) {
            this.scale = scale;
        }

        /** (B, C, H, W) and (B, K, H, W) to (B, C, K, 1). */
        public Tensor forward(Tensor features, Tensor logits) {
            Checks.shape("ocr", "logits", logits, features.size(0), "classes", features.size(2), features.size(3));
            Tensor scores = logits.flatten(2, 3).mul(new Scalar(scale)); // (B, K, N)
            Tensor masks = scores.softmax(-1); // (B, K, N)
            seen(this, SPATIAL, masks.view(logits.size(0), logits.size(1), logits.size(2), logits.size(3)));
            return features.flatten(2, 3).matmul(masks.transpose(1, 2)).unsqueeze(3); // (B, C, K, 1)
        }
    }

    /** For each pixel the mean over the classes' features, weighted by how alike pixel and class are. */
    public static final class ObjectAttention extends Module {
        private final long scale;
        private final double temperature;
        private final MaxPool2dImpl pool;
        private final Sequential pixels;
        private final Sequential objects;
        private final Sequential down;
        private final Sequential up;

        ObjectAttention(long channels, Config config) {
            long keys = config.keyChannels();
            scale = config.scale();
            temperature = Math.sqrt(keys);
            pool = register_module("pool", maxPool2d(scale, scale, 0));
            pixels = register_module("f_pixel", new Sequential(conv(config, channels, keys), normRelu(keys),
                    conv(config, keys, keys), normRelu(keys)));
            objects = register_module("f_object", new Sequential(conv(config, channels, keys), normRelu(keys),
                    conv(config, keys, keys), normRelu(keys)));
            down = register_module("f_down", new Sequential(conv(config, channels, keys), normRelu(keys)));
            up = register_module("f_up", new Sequential(conv(config, keys, channels), normRelu(channels)));
        }

        /** (B, C, H, W) and (B, C, K, 1) to (B, C, H, W). */
        public Tensor forward(Tensor features, Tensor regions) {
            Tensor x = scale == 1 ? features : pooled(features); // (B, C, H', W')
            Checks.valuesForNorm("ocr", this, x);
            Checks.valuesForNorm("ocr", this, regions, "one class of one image");
            Tensor query = pixels.forward(x).flatten(2, 3).transpose(1, 2); // (B, N, key_channels)
            Tensor key = objects.forward(regions).squeeze(3); // (B, key_channels, K)
            Tensor value = down.forward(regions).squeeze(3); // (B, key_channels, K)
            Tensor weights = query.div(new Scalar(temperature)).matmul(key).softmax(-1); // (B, N, K)
            Tensor mixed = value.matmul(weights.transpose(1, 2)); // (B, key_channels, N)
            Tensor z = up.forward(mixed.reshape(x.size(0), -1, x.size(2), x.size(3))); // (B, C, H', W')
            return scale == 1 ? z : bilinear(z, features.size(2), features.size(3), true);
        }

        private Tensor pooled(Tensor features) {
            if (Math.min(features.size(2), features.size(3)) < scale) {
                throw new IllegalArgumentException("ocr: scale=" + scale + " leaves nothing of maps of "
                        + features.size(2) + "x" + features.size(3) + "; give larger maps or a smaller scale");
            }
            return pool.forward(features);
        }
    }

    private static Conv2dImpl conv(Config config, long in, long out) {
        return conv2d(in, out, 1, Window.DEFAULT.withBias(config.bias()));
    }

    private static Sequential normRelu(long channels) {
        return new Sequential(batchNorm2d(channels), relu());
    }
}
