package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Tensors.cat;
import static dev.glimpse.nn.Tensors.windowMean;
import static dev.glimpse.nn.Window.padding;
import static dev.glimpse.nn.Window.stride;

import dev.glimpse.Layer;
import dev.glimpse.model.Placement.Site;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.MaxPool2dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * DenseNet: layers that each add some channels to all channels before, with an attention on those that are added.
 *
 * <pre>
 * stem           conv 7x7 /2, norm, relu, max-pool /2
 * denseblock1-4  layer:       [x ; attention(conv3x3(relu(norm(conv1x1(relu(norm x))))))]
 * between        transition:  mean over 2x2 of conv1x1(relu(norm x)), half as many channels
 * end            norm, relu                                                   (B, C, H/32, W/32)
 * head           mean over positions, linear                                  (B, classes)
 * </pre>
 *
 * Huang, Liu, van der Maaten, Weinberger: Densely Connected Convolutional Networks. CVPR 2017.
 * <a href="https://arxiv.org/abs/1608.06993">arXiv:1608.06993</a>
 *
 * <p>
 * Keys and initial values as in torchvision; its published files still write {@code norm.1} for {@code norm1}, and so on.
 * Blocks for {@link Placement} are the layers ({@code features.denseblock1.denselayer1}), stages the dense blocks: an
 * attention behind one stands before the transition, behind the last one after its norm and ReLU.
 */
public final class DenseNet extends Layer implements ImageNetwork {
    private static final long LEAST_SIDE = 29;
    private static final long BOTTLENECK = 4;

    /**
     * @param growth how many channels a layer adds
     * @param layers how many each dense block has
     * @param width the stem's channels
     * @param classes how many scores come out
     * @param inputChannels how many planes an image has
     * @param attention what stands where
     */
    public record Config(long growth, List<Integer> layers, long width, long classes, long inputChannels,
            Placement attention) {
        private static final int BLOCKS = 4;

        public Config {
            layers = List.copyOf(layers);
            if (layers.size() != BLOCKS) {
                throw new IllegalArgumentException("densenet: layers are " + layers + ", must be for 4 blocks");
            }
            layers.forEach(count -> Checks.positive("densenet: layers", count));
            Checks.positive("densenet: growth", growth);
            Checks.positive("densenet: width", width);
            Checks.positive("densenet: classes", classes);
            Checks.positive("densenet: input_channels", inputChannels);
        }

        /** For ImageNet. */
        public static Config of(long growth, long width, Integer... layers) {
            return new Config(growth, List.of(layers), width, 1000, 3, Placement.NONE);
        }

        /** For other images and labels than ImageNet's. */
        public Config forTask(long newClasses, long newInputChannels) {
            return new Config(growth, layers, width, newClasses, newInputChannels, attention);
        }

        public Config withAttention(Placement newAttention) {
            return new Config(growth, layers, width, classes, inputChannels, newAttention);
        }
    }

    private final List<List<UnaryOperator<Tensor>>> stages = new ArrayList<>();
    private final Conv2dImpl conv0;
    private final BatchNorm2dImpl norm0;
    private final MaxPool2dImpl pool0 = maxPool2d(3, 2, 1);
    private final long inputChannels;
    private final long featureChannels;
    private LinearImpl classifier;

    public DenseNet(Config config) {
        inputChannels = config.inputChannels();
        long in = config.width();
        conv0 = convolution(inputChannels, in, 7, stride(2).withPadding(3));
        norm0 = batchNorm2d(in);
        Sequential features = new Sequential().then("conv0", conv0).then("norm0", norm0).then("pool0", pool0);
        List<String> places = new ArrayList<>();
        List<String> stagePlaces = new ArrayList<>();
        for (int i = 0; i < Config.BLOCKS; i++) {
            int number = i + 1;
            List<UnaryOperator<Tensor>> steps = new ArrayList<>();
            if (i > 0) {
                Transition transition = new Transition(in, in / 2);
                features.then("transition" + i, transition);
                steps.add(transition::forward);
                in = in / 2;
            }
            stagePlaces.add("features.denseblock" + number);
            Sequential block = new Sequential();
            for (int j = 1; j <= config.layers().get(i); j++) {
                places.add(stagePlaces.getLast() + ".denselayer" + j);
                block.then("denselayer" + j, new DenseLayer(in, config, places.getLast()));
                in += config.growth();
            }
            features.then("denseblock" + number, block);
            steps.add(block::forward);
            boolean last = number == Config.BLOCKS;
            if (last) {
                BatchNorm2dImpl norm5 = batchNorm2d(in);
                features.then("norm5", norm5);
                steps.add(x -> norm5.forward(x).relu_());
            }
            config.attention().create(stagePlaces.getLast(), last ? Site.LAST_STAGE_END : Site.STAGE_END, in).ifPresent(
                    layer -> steps.add(register_module(config.attention().key() + number, layer)::forward));
            stages.add(steps);
        }
        config.attention().requireKnown("densenet", places, stagePlaces);
        register_module("features", features);
        featureChannels = in;
        classifier = register_module("classifier", linear(in, config.classes()));
    }

    private static Conv2dImpl convolution(long in, long out, long kernel, Window window) {
        Conv2dImpl conv = conv2d(in, out, kernel, window.noBias());
        Init.kaimingFanIn(conv.weight());
        return conv;
    }

    private static LinearImpl linear(long in, long out) {
        LinearImpl linear = Layers.linear(in, out);
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

    /** At the end of each dense block: of DenseNet-121 (B, 256, H/4, W/4) to (B, 1024, H/32, W/32). */
    @Override
    public List<Tensor> stages(Tensor images) {
        Checks.images("densenet", inputChannels, LEAST_SIDE, images);
        return Steps.ends(stages, Steps.run(x -> pool0.forward(norm0.forward(conv0.forward(x)).relu_()), images));
    }

    @Override
    public Tensor classify(Tensor features) {
        return classifier.forward(Tensors.spatialMean(features).flatten(1, -1));
    }

    @Override
    public void replaceClassifier(long classes) {
        classifier = replace_module("classifier", linear(featureChannels, classes));
    }

    /** Adds its channels behind those it gets. */
    private static final class DenseLayer extends Layer {
        private final BatchNorm2dImpl norm1;
        private final Conv2dImpl conv1;
        private final BatchNorm2dImpl norm2;
        private final Conv2dImpl conv2;
        private final Optional<Layer> attention;

        DenseLayer(long in, Config config, String path) {
            long inner = BOTTLENECK * config.growth();
            norm1 = register_module("norm1", batchNorm2d(in));
            conv1 = register_module("conv1", convolution(in, inner, 1, Window.DEFAULT));
            norm2 = register_module("norm2", batchNorm2d(inner));
            conv2 = register_module("conv2", convolution(inner, config.growth(), 3, padding(1)));
            attention = config.attention().create(path, Site.BLOCK, config.growth())
                    .map(layer -> register_module(config.attention().key(), layer));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = conv1.forward(norm1.forward(x).relu_()); // (B, 4 growth, H, W)
            y = conv2.forward(norm2.forward(y).relu_()); // (B, growth, H, W)
            return cat(1, x, attention.isPresent() ? attention.get().forward(y) : y);
        }
    }

    /** Halves channels, height and width. */
    private static final class Transition extends Layer {
        private final BatchNorm2dImpl norm;
        private final Conv2dImpl conv;

        Transition(long in, long out) {
            norm = register_module("norm", batchNorm2d(in));
            conv = register_module("conv", convolution(in, out, 1, Window.DEFAULT));
        }

        @Override
        public Tensor forward(Tensor x) {
            return windowMean(conv.forward(norm.forward(x).relu_()), 2, 2, 0); // (B, out, H/2, W/2)
        }
    }
}
