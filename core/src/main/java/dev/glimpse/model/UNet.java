package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Tensors.cat;
import static dev.glimpse.nn.Tensors.nearest;
import static dev.glimpse.nn.Window.padding;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Sequential;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.MaxPool2dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * U-Net: an encoder whose every level is handed across to a decoder, with an attention on what is handed across.
 *
 * <pre>
 * level i     x_i = block_i(max-pool x_(i-1));  x_i = x_i + attention_i(x_i)         (B, width 2^(i-1), H/2^(i-1), ...)
 * bottom      block(max-pool x_depth), no attention
 * way up      d_i = block([x_i ; up_i(d_(i+1))])
 * head        conv 1x1                                                                (B, classes, H, W)
 * block       conv 3x3, norm, relu, twice;   up: nearest x 2, conv 3x3, norm, relu
 * </pre>
 *
 * Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation. MICCAI 2015.
 * <a href="https://arxiv.org/abs/1505.04597">arXiv:1505.04597</a>
 *
 * <p>
 * Differs from the paper: padded convolutions with norms, so that the scores are as large as the image, and enlarging by
 * nearest neighbour; keys and structure as in LeeJunHyun/Image_Segmentation, with the attention of the CBAM U-Net article.
 * Unlike there, the image may have any size of at least 2^depth: on the way up, a map takes the size of the one handed across.
 */
public final class UNet extends Layer implements ImageNetwork {
    /**
     * @param depth how many levels hand their maps across; the bottom is one more
     * @param width channels of the first level; each further one has twice as many
     * @param residual whether the attention's result is added to the map, as in the article, or stands for it
     */
    public record Config(int depth, long width, long inputChannels, long classes, boolean residual,
            Placement attention) {
        /** The article's: four levels from 64 channels on, two classes. */
        public static final Config DEFAULT = new Config(4, 64, 3, 2, true, Placement.NONE);
        private static final int DEEPEST = 8;

        public Config {
            Checks.positive("unet: width", width);
            Checks.positive("unet: in_channels", inputChannels);
            Checks.positive("unet: classes", classes);
            if (depth < 1 || depth > DEEPEST) {
                throw new IllegalArgumentException("unet: depth is " + depth + ", must be 1 to " + DEEPEST);
            }
        }

        static Config read(Args args) {
            return new Config(Math.toIntExact(Math.clamp(args.integer("depth", DEFAULT.depth), -1, DEEPEST + 1)),
                    args.integer("width", DEFAULT.width), args.integer("in_channels", DEFAULT.inputChannels),
                    args.integer("classes", DEFAULT.classes), args.flag("residual", DEFAULT.residual),
                    Placement.read(args));
        }
    }

    private final Config config;
    private final MaxPool2dImpl pool = register_module("Maxpool", maxPool2d(2, 2, 0));
    private final List<Level> levels = new ArrayList<>();
    private final Convolutions bottom;
    private final List<Ascent> ascents = new ArrayList<>();
    private Conv2dImpl head;

    public UNet(Config config) {
        this.config = config;
        List<String> places = new ArrayList<>();
        long in = config.inputChannels();
        for (int i = 1; i <= config.depth(); i++) {
            String path = "Conv" + i;
            long out = width(i);
            Convolutions block = register_module(path, new Convolutions(in, out));
            Placement attention = config.attention();
            int number = i;
            Optional<Layer> across = attention.create(path, Placement.Site.BLOCK, out)
                    .or(() -> attention.create(path, Placement.Site.STAGE_END, out))
                    .map(layer -> register_module(attention.key() + number, layer));
            levels.add(new Level(block, across, config.residual()));
            places.add(path);
            in = out;
        }
        config.attention().requireKnown("unet", places, places);
        bottom = register_module("Conv" + (config.depth() + 1), new Convolutions(in, 2 * in));
        for (int i = config.depth(); i >= 1; i--) {
            Enlarging up = register_module("Up" + (i + 1), new Enlarging(width(i + 1), width(i)));
            ascents.add(new Ascent(up, register_module("Up_conv" + (i + 1), new Convolutions(2 * width(i), width(i)))));
        }
        head = register_module("Conv_1x1", conv2d(config.width(), config.classes(), 1));
    }

    private long width(int level) {
        return config.width() << (level - 1);
    }

    /** Images (B, input channels, H, W) to a score a class and pixel (B, classes, H, W). */
    @Override
    public Tensor forward(Tensor images) {
        return classify(features(images));
    }

    /** The decoder's last maps: (B, width, H, W). */
    @Override
    public Tensor features(Tensor images) {
        List<Tensor> encoded = stages(images);
        Tensor d = encoded.getLast();
        for (int i = 0; i < ascents.size(); i++) {
            Tensor across = encoded.get(encoded.size() - 2 - i);
            Ascent ascent = ascents.get(i);
            d = Steps.run(x -> ascent.forward(x, across), d);
        }
        return d;
    }

    /** A score a class and pixel: (B, classes, H, W). */
    @Override
    public Tensor classify(Tensor features) {
        return head.forward(features);
    }

    /** The encoder's levels as they are handed across, and the bottom. */
    @Override
    public List<Tensor> stages(Tensor images) {
        long least = 1L << config.depth();
        if (images.size(2) < least || images.size(3) < least) {
            throw new IllegalArgumentException(
                    "unet: images are " + images.size(2) + "x" + images.size(3) + ", must be "
                            + least + "x" + least + " or larger at depth=" + config.depth());
        }
        List<Tensor> encoded = new ArrayList<>();
        Tensor x = images;
        for (Level level : levels) {
            Tensor smaller = encoded.isEmpty() ? x : pool.forward(x);
            x = Steps.run(level::forward, smaller);
            encoded.add(x);
        }
        encoded.add(Steps.run(bottom::forward, pool.forward(x)));
        return encoded;
    }

    @Override
    public void replaceClassifier(long classes) {
        head = replace_module("Conv_1x1", conv2d(config.width(), classes, 1));
    }

    private record Level(Convolutions block, Optional<Layer> attention, boolean residual) {
        Tensor forward(Tensor x) {
            Tensor y = block.forward(x);
            if (attention.isEmpty()) {
                return y;
            }
            Tensor attended = attention.get().forward(y);
            return residual ? attended.add(y) : attended;
        }
    }

    private record Ascent(Enlarging up, Convolutions block) {
        Tensor forward(Tensor below, Tensor across) {
            Tensor enlarged = up.forward(nearest(below, across.size(2), across.size(3)));
            return block.forward(cat(1, across, enlarged));
        }
    }

    /** Two convolutions of 3x3, each with norm and ReLU. */
    private static final class Convolutions extends Layer {
        private final Sequential conv;

        Convolutions(long in, long out) {
            conv = register_module("conv", new Sequential(conv2d(in, out, 3, padding(1)), batchNorm2d(out), relu(),
                    conv2d(out, out, 3, padding(1)), batchNorm2d(out), relu()));
        }

        @Override
        public Tensor forward(Tensor x) {
            return conv.forward(x);
        }
    }

    /** The convolution behind an enlargement, which its keys count as the first of the sequence. */
    private static final class Enlarging extends Layer {
        private final Sequential up;

        Enlarging(long in, long out) {
            up = register_module("up", new Sequential().then("1", conv2d(in, out, 3, padding(1)))
                    .then("2", batchNorm2d(out)).then("3", relu()));
        }

        @Override
        public Tensor forward(Tensor x) {
            return up.forward(x);
        }
    }
}
