package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.dropout;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Layers.reluInPlace;
import static dev.glimpse.nn.Window.padding;

import dev.glimpse.Layer;
import dev.glimpse.model.Placement.Site;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.MaxPool2dImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * VGG: five blocks of 3x3 convolutions, each with an attention behind its last activation.
 *
 * <pre>
 * block1-5   (conv 3x3, [norm,] relu) x 1 to 4, attention, max-pool /2
 *            widths 64, 128, 256, 512, 512                             (B, 512, H/32, W/32)
 * head       mean over a grid of 7x7, then linear 4096, relu, dropout, linear 4096, relu, dropout, linear
 * </pre>
 *
 * Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition. ICLR 2015.
 * <a href="https://arxiv.org/abs/1409.1556">arXiv:1409.1556</a>
 *
 * <p>
 * Keys and initial values as in torchvision; the attentions stand beside {@code features}, by the number of their block
 * ({@code cbam1} to {@code cbam5}), so that its numbers stay. A block is a stage here: {@code place=stages} is behind every
 * block but the last. Differs from the paper: the grid before the linear layers takes images of any size from 32x32 on, and
 * the norms are younger.
 */
public final class Vgg extends Layer implements ImageNetwork {
    private static final long GRID = 7;
    private static final long LEAST_SIDE = 32;

    /**
     * @param convolutions how many each of the five blocks has
     * @param norm whether a batch norm follows each
     * @param hidden the width of the two hidden linear layers
     * @param dropout how much of them is left out in training
     * @param classes how many scores come out
     * @param inputChannels how many planes an image has
     * @param attention what stands where
     */
    public record Config(List<Integer> convolutions, boolean norm, long hidden, double dropout, long classes,
            long inputChannels, Placement attention) {
        private static final List<Long> WIDTHS = List.of(64L, 128L, 256L, 512L, 512L);

        public Config {
            convolutions = List.copyOf(convolutions);
            if (convolutions.size() != WIDTHS.size()) {
                throw new IllegalArgumentException(
                        "vgg: convolutions are " + convolutions + ", must be for " + WIDTHS.size() + " blocks");
            }
            convolutions.forEach(count -> Checks.positive("vgg: convolutions", count));
            Checks.positive("vgg: hidden", hidden);
            Checks.probability("vgg: dropout", dropout);
            Checks.positive("vgg: classes", classes);
            Checks.positive("vgg: input_channels", inputChannels);
        }

        /** The paper's, for ImageNet, without norms. */
        public static Config of(Integer... convolutions) {
            return new Config(List.of(convolutions), false, 4096, 0.5, 1000, 3, Placement.NONE);
        }

        /** A batch norm behind every convolution. */
        public Config normed() {
            return new Config(convolutions, true, hidden, dropout, classes, inputChannels, attention);
        }

        /** Other hidden linear layers: those for ImageNet hold nine tenths of the parameters. */
        public Config withHidden(long newHidden, double newDropout) {
            return new Config(convolutions, norm, newHidden, newDropout, classes, inputChannels, attention);
        }

        /** For other images and labels than ImageNet's. */
        public Config forTask(long newClasses, long newInputChannels) {
            return new Config(convolutions, norm, hidden, dropout, newClasses, newInputChannels, attention);
        }

        public Config withAttention(Placement newAttention) {
            return new Config(convolutions, norm, hidden, dropout, classes, inputChannels, newAttention);
        }
    }

    private final List<List<UnaryOperator<Tensor>>> stages = new ArrayList<>();
    private final long inputChannels;
    private final long hidden;
    private Sequential classifier;

    public Vgg(Config config) {
        inputChannels = config.inputChannels();
        hidden = config.hidden();
        List<Module> features = new ArrayList<>();
        List<String> places = new ArrayList<>();
        long in = inputChannels;
        for (int i = 0; i < Config.WIDTHS.size(); i++) {
            List<Module> layers = convolutions(in, Config.WIDTHS.get(i), config.convolutions().get(i), config.norm());
            in = Config.WIDTHS.get(i);
            places.add("block" + (i + 1));
            Block block = new Block(layers, attention(config.attention(), i + 1, in), maxPool2d(2, 2, 0));
            features.addAll(layers);
            features.add(block.pool());
            stages.add(List.of(block::forward));
        }
        config.attention().requireKnown("vgg", places, places);
        register_module("features", new Sequential(features.toArray(Module[]::new)));
        classifier = register_module("classifier", new Sequential(linear(in * GRID * GRID, hidden), reluInPlace(),
                dropout(config.dropout()), linear(hidden, hidden), reluInPlace(), dropout(config.dropout()),
                linear(hidden, config.classes())));
    }

    /** Behind a block, which is a stage too. */
    private Optional<Layer> attention(Placement placement, int number, long channels) {
        String path = "block" + number;
        Site end = number == Config.WIDTHS.size() ? Site.LAST_STAGE_END : Site.STAGE_END;
        return placement.create(path, Site.BLOCK, channels).or(() -> placement.create(path, end, channels))
                .map(layer -> register_module(placement.key() + number, layer));
    }

    private static List<Module> convolutions(long in, long out, int count, boolean norm) {
        List<Module> layers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Conv2dImpl conv = conv2d(i == 0 ? in : out, out, 3, padding(1));
            Init.kaimingFanOut(conv.weight());
            Init.constant(conv.bias(), 0);
            layers.add(conv);
            if (norm) {
                layers.add(batchNorm2d(out));
            }
            layers.add(reluInPlace());
        }
        return layers;
    }

    private static LinearImpl linear(long in, long out) {
        LinearImpl linear = Layers.linear(in, out);
        Init.normal(linear.weight(), 0.01);
        Init.constant(linear.bias(), 0);
        return linear;
    }

    /** (B, input channels, H, W) to scores (B, classes). */
    @Override
    public Tensor forward(Tensor images) {
        return classify(features(images));
    }

    @Override
    public Tensor features(Tensor images) {
        return stages(images).getLast();
    }

    /** Behind each block's max-pool: (B, 64, H/2, W/2) to (B, 512, H/32, W/32). */
    @Override
    public List<Tensor> stages(Tensor images) {
        Checks.images("vgg", inputChannels, LEAST_SIDE, images);
        return Steps.ends(stages, images);
    }

    @Override
    public Tensor classify(Tensor features) {
        return classifier.forward(Tensors.adaptiveMean(features, GRID, GRID).flatten(1, -1));
    }

    /** The two hidden layers stay. */
    @Override
    public void replaceClassifier(long classes) {
        classifier = replace_module("classifier", classifier.withLast(linear(hidden, classes)));
    }

    /** Convolutions up to a pool. */
    private record Block(List<Module> layers, Optional<Layer> attention, MaxPool2dImpl pool) {
        Tensor forward(Tensor x) {
            Tensor y = x;
            for (Module layer : layers) {
                y = Layers.forward(layer, y);
            }
            return pool.forward(attention.isPresent() ? attention.get().forward(y) : y);
        }
    }
}
