package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.dropout;
import static dev.glimpse.nn.Layers.relu6InPlace;
import static dev.glimpse.nn.Window.padding;
import static dev.glimpse.nn.Window.stride;

import dev.glimpse.Layer;
import dev.glimpse.model.Placement.Site;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Dropping;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * MobileNet V2: inverted residuals, wide inside and narrow between, with an attention in every block before the residual.
 *
 * <pre>
 * features.0      conv 3x3 /2, norm, relu6
 * features.1-17   attention(norm(conv1x1(relu6(norm(depthwise3x3(relu6(norm(conv1x1 x)))))))), + x where sizes agree
 * features.18     conv 1x1, norm, relu6                               (B, 1280, H/32, W/32)
 * head            mean over positions, dropout, linear                (B, classes)
 * </pre>
 *
 * Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: Inverted Residuals and Linear Bottlenecks. CVPR 2018.
 * <a href="https://arxiv.org/abs/1801.04381">arXiv:1801.04381</a>
 *
 * <p>
 * Keys and initial values as in torchvision. Blocks are called {@code features.1} to {@code features.17}, the stages, each
 * up to the next halving, {@code stage1} to {@code stage5}.
 */
public final class MobileNetV2 extends Layer implements ImageNetwork {
    private static final List<Row> ROWS = List.of(new Row(1, 16, 1, 1), new Row(6, 24, 2, 2), new Row(6, 32, 3, 2),
            new Row(6, 64, 4, 2), new Row(6, 96, 3, 1), new Row(6, 160, 3, 2), new Row(6, 320, 1, 1));
    private static final long DIVISOR = 8;

    /** A line of the paper's table: alike blocks, the first of them with the stride. */
    private record Row(long expansion, long width, int blocks, long stride) {}

    /**
     * @param width by how much the paper's widths are multiplied; multiples of 8 come out, the last not below 1280
     * @param drops what is left out in training
     * @param classes how many scores come out
     * @param inputChannels how many planes an image has
     * @param attention what stands where
     */
    public record Config(double width, Drops drops, long classes, long inputChannels, Placement attention) {
        /** The paper's, for ImageNet. */
        public static final Config DEFAULT = new Config(1, new Drops(0, 0.2), 1000, 3, Placement.NONE);

        public Config {
            Checks.above("mobilenet_v2: width", width, 0);
            Checks.positive("mobilenet_v2: classes", classes);
            Checks.positive("mobilenet_v2: input_channels", inputChannels);
        }

        public Config withWidth(double newWidth) {
            return new Config(newWidth, drops, classes, inputChannels, attention);
        }

        public Config withDrops(Drops newDrops) {
            return new Config(width, newDrops, classes, inputChannels, attention);
        }

        /** For other images and labels than ImageNet's. */
        public Config forTask(long newClasses, long newInputChannels) {
            return new Config(width, drops, newClasses, newInputChannels, attention);
        }

        public Config withAttention(Placement newAttention) {
            return new Config(width, drops, classes, inputChannels, newAttention);
        }

        private long scaled(long channels) {
            return divisible(channels * width);
        }

        private long last() {
            return divisible(1280 * Math.max(1, width));
        }

        /** The nearest multiple of 8 that is not a tenth too small. */
        private static long divisible(double channels) {
            long rounded = Math.max(DIVISOR, (long) (channels + DIVISOR / 2) / DIVISOR * DIVISOR);
            return rounded < 0.9 * channels ? rounded + DIVISOR : rounded;
        }
    }

    private final List<List<UnaryOperator<Tensor>>> stages = new ArrayList<>();
    private final Config config;
    private Sequential classifier;

    public MobileNetV2(Config config) {
        this.config = config;
        List<String> places = new ArrayList<>();
        List<Layer> features = new ArrayList<>();
        long in = config.scaled(32);
        features.add(convolution(config.inputChannels(), in, 3, 1, stride(2)));
        int blocks = ROWS.stream().mapToInt(Row::blocks).sum();
        List<UnaryOperator<Tensor>> stage = new ArrayList<>(List.of(features.getLast()::forward));
        for (Row row : ROWS) {
            if (row.stride() > 1) {
                endStage(stage, in, Site.STAGE_END);
                stage = new ArrayList<>();
            }
            for (int i = 0; i < row.blocks(); i++) {
                places.add("features." + features.size());
                long out = config.scaled(row.width());
                features.add(new Block(in, out, row.expansion(), i == 0 ? row.stride() : 1, config.attention(),
                        places.getLast(), config.drops().at(places.size() - 1, blocks).path()));
                stage.add(features.getLast()::forward);
                in = out;
            }
        }
        features.add(convolution(in, config.last(), 1, 1, Window.DEFAULT));
        stage.add(features.getLast()::forward);
        endStage(stage, config.last(), Site.LAST_STAGE_END);
        config.attention().requireKnown("mobilenet_v2", places,
                List.of("stage1", "stage2", "stage3", "stage4", "stage5"));
        register_module("features", new Sequential(features.toArray(Module[]::new)));
        classifier = register_module("classifier", new Sequential(dropout(config.drops().features()),
                linear(config.last(), config.classes())));
    }

    private void endStage(List<UnaryOperator<Tensor>> stage, long channels, Site site) {
        int number = stages.size() + 1;
        Optional<Layer> attention = config.attention().create("stage" + number, site, channels);
        attention.ifPresent(a -> stage.add(register_module(config.attention().key() + number, a)::forward));
        stages.add(stage);
    }

    private static Sequential convolution(long in, long out, long kernel, long groups, Window window) {
        return new Sequential(bare(in, out, kernel, window.withPadding(kernel / 2).withGroups(groups)),
                batchNorm2d(out), relu6InPlace());
    }

    private static Conv2dImpl bare(long in, long out, long kernel, Window window) {
        Conv2dImpl conv = conv2d(in, out, kernel, window.noBias());
        Init.kaimingFanOut(conv.weight());
        return conv;
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

    /** Before each halving, and at the end: (B, 16, H/2, W/2) to (B, 1280, H/32, W/32). */
    @Override
    public List<Tensor> stages(Tensor images) {
        Checks.images("mobilenet_v2", config.inputChannels(), 1, images);
        return Steps.ends(stages, images);
    }

    @Override
    public Tensor classify(Tensor features) {
        return classifier.forward(Tensors.spatialMean(features).flatten(1, -1));
    }

    @Override
    public void replaceClassifier(long classes) {
        classifier = replace_module("classifier", classifier.withLast(linear(config.last(), classes)));
    }

    /** An inverted residual. */
    private static final class Block extends Layer {
        private final Sequential conv;
        private final Optional<Layer> attention;
        private final boolean residual;
        private final double dropPath;

        Block(long in, long out, long expansion, long stride, Placement placement, String path,
                double dropPath) {
            this.dropPath = dropPath;
            long wide = in * expansion;
            List<Module> steps = new ArrayList<>();
            if (expansion > 1) {
                steps.add(convolution(in, wide, 1, 1, Window.DEFAULT));
            }
            steps.add(convolution(wide, wide, 3, wide, stride(stride)));
            steps.add(bare(wide, out, 1, padding(0)));
            steps.add(batchNorm2d(out));
            conv = register_module("conv", new Sequential(steps.toArray(Module[]::new)));
            attention = placement.create(path, Site.BLOCK, out).map(layer -> register_module(placement.key(), layer));
            residual = stride == 1 && in == out;
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = conv.forward(x);
            if (attention.isPresent()) {
                y = attention.get().forward(y); // (B, out, H', W')
            }
            return residual ? Dropping.path(y, dropPath, is_training()).add(x) : y;
        }
    }
}
