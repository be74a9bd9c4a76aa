package dev.glimpse.model;

import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Window.padding;
import static dev.glimpse.nn.Window.stride;

import dev.glimpse.Layer;
import dev.glimpse.model.NormedConvolution.Activation;
import dev.glimpse.model.Placement.Site;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Dropping;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * timm's networks of bottlenecks that attend inside, where they are narrow.
 *
 * <pre>
 * stem         act(norm(conv3x3)) of widths 24, 32 and 64, /2; then max-pool /2, or the last convolution is /2
 * stages.0-3   act(shortcut(x) + norm(conv1x1(attention(act(norm(conv3x3(act(norm(conv1x1 x)))))))))
 * final_conv   act(norm(conv1x1)), where there is one
 * head         mean over positions, linear                        (B, classes)
 * </pre>
 *
 * He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition. CVPR 2016.
 * <a href="https://arxiv.org/abs/1512.03385">arXiv:1512.03385</a>; timm's {@code ByobNet}, of which this is the part that
 * {@code gcresnet50t} and its like need.
 *
 * <p>
 * Keys and initial values as in timm: whatever the attention, it stands under {@code attn}. Differs from {@link ResNet}
 * with an attention in these keys, and in that the attention sees a fourth of the channels, before the last convolution.
 */
public final class ByobNet extends Layer implements ImageNetwork {
    private static final long[] STEM = {24, 32, 64};
    private static final long REDUCTION = 4;

    /**
     * @param blocks how many blocks each stage has
     * @param widths how many channels each stage gives
     * @param groupWidth channels of a group of the 3x3 convolutions; 0 for no groups
     * @param pooledStem whether the stem ends in a max-pool
     * @param silu whether SiLU stands for ReLU
     * @param headWidth channels of a last 1x1 convolution; 0 for none
     * @param classes how many scores come out
     * @param inputChannels how many planes an image has
     * @param attention what stands where
     * @param drops what is left out in training
     */
    public record Config(List<Integer> blocks, List<Long> widths, long groupWidth, boolean pooledStem, boolean silu,
            long headWidth, long classes, long inputChannels, Placement attention, Drops drops) {
        private static final List<Long> WIDTHS = List.of(256L, 512L, 1024L, 2048L);

        public Config {
            blocks = List.copyOf(blocks);
            widths = List.copyOf(widths);
            Checks.positive("byobnet: classes", classes);
            Checks.positive("byobnet: input_channels", inputChannels);
            if (blocks.isEmpty() || blocks.size() != widths.size()) {
                throw new IllegalArgumentException(
                        "byobnet: blocks are " + blocks + " and widths " + widths + ", must be as many");
            }
            blocks.forEach(count -> Checks.positive("byobnet: blocks", count));
            for (long width : widths) {
                long inner = Checks.positive("byobnet: width", width) / REDUCTION;
                if (width % REDUCTION != 0 || groupWidth > 0 && inner % groupWidth != 0) {
                    throw new IllegalArgumentException("byobnet: width is " + width + ", must divide by " + REDUCTION
                            + " times the group's " + groupWidth + " channels");
                }
            }
            if (groupWidth < 0 || headWidth < 0) {
                throw new IllegalArgumentException("byobnet: a group's width is " + groupWidth + " and the head's "
                        + headWidth + ", must not be negative");
            }
        }

        /** A ResNet's four stages, for ImageNet. */
        public static Config of(Integer... blocks) {
            return new Config(List.of(blocks), WIDTHS, 0, true, false, 0, 1000, 3, Placement.NONE, Drops.NONE);
        }

        public Config withWidths(long... newWidths) {
            return new Config(blocks, Arrays.stream(newWidths).boxed().toList(), groupWidth, pooledStem, silu,
                    headWidth, classes, inputChannels, attention, drops);
        }

        /** With groups of that many channels in the 3x3 convolutions. */
        public Config withGroupsOf(long newGroupWidth) {
            return new Config(blocks, widths, newGroupWidth, pooledStem, silu, headWidth, classes, inputChannels,
                    attention, drops);
        }

        /** With a stride in the stem's last convolution for the max-pool. */
        public Config withoutPool() {
            return new Config(blocks, widths, groupWidth, false, silu, headWidth, classes, inputChannels, attention,
                    drops);
        }

        public Config withSilu() {
            return new Config(blocks, widths, groupWidth, pooledStem, true, headWidth, classes, inputChannels,
                    attention, drops);
        }

        public Config withHead(long newHeadWidth) {
            return new Config(blocks, widths, groupWidth, pooledStem, silu, newHeadWidth, classes, inputChannels,
                    attention, drops);
        }

        /** For other images and labels than ImageNet's. */
        public Config forTask(long newClasses, long newInputChannels) {
            return new Config(blocks, widths, groupWidth, pooledStem, silu, headWidth, newClasses, newInputChannels,
                    attention, drops);
        }

        public Config withAttention(Placement newAttention) {
            return new Config(blocks, widths, groupWidth, pooledStem, silu, headWidth, classes, inputChannels,
                    newAttention, drops);
        }

        public Config withDrops(Drops newDrops) {
            return new Config(blocks, widths, groupWidth, pooledStem, silu, headWidth, classes, inputChannels,
                    attention, newDrops);
        }

        private Activation activation() {
            return silu ? Activation.SILU : Activation.RELU;
        }
    }

    private final Sequential stem;
    private final List<Stage> stages = new ArrayList<>();
    private final Optional<NormedConvolution> finalConv;
    private final long featureChannels;
    private final double dropout;
    private Head head;

    public ByobNet(Config config) {
        stem = register_module("stem", stem(config));
        Sequential list = register_module("stages", new Sequential());
        List<String> places = new ArrayList<>();
        List<String> stagePlaces = new ArrayList<>();
        long in = STEM[STEM.length - 1];
        int all = config.blocks().stream().mapToInt(Integer::intValue).sum();
        for (int stage = 0; stage < config.widths().size(); stage++) {
            String path = "stages." + stage;
            long width = config.widths().get(stage);
            Block[] blocks = new Block[config.blocks().get(stage)];
            for (int i = 0; i < blocks.length; i++) {
                places.add(path + "." + i);
                blocks[i] = new Block(in, width, i == 0 && stage > 0 ? 2 : 1, config, path + "." + i,
                        config.drops().at(places.size() - 1, all).path());
                in = width;
            }
            stagePlaces.add(path);
            Sequential members = new Sequential(blocks);
            list.then(Integer.toString(stage), members);
            int number = stage + 1;
            Site site = number == config.widths().size() ? Site.LAST_STAGE_END : Site.STAGE_END;
            stages.add(new Stage(members, config.attention().create(path, site, in)
                    .map(layer -> register_module(config.attention().key() + number, layer))));
        }
        config.attention().requireKnown("byobnet", places, stagePlaces);
        long last = in;
        finalConv = config.headWidth() == 0 ? Optional.empty()
                : Optional.of(register_module("final_conv",
                        new NormedConvolution(last, config.headWidth(), 1, Window.DEFAULT, config.activation())));
        featureChannels = config.headWidth() == 0 ? last : config.headWidth();
        dropout = config.drops().features();
        head = register_module("head", new Head(featureChannels, config.classes(), dropout));
    }

    private static Sequential stem(Config config) {
        Sequential stem = new Sequential();
        long in = config.inputChannels();
        for (int i = 0; i < STEM.length; i++) {
            boolean halves = i == 0 || i == STEM.length - 1 && !config.pooledStem();
            stem.then("conv" + (i + 1), new NormedConvolution(in, STEM[i], 3,
                    stride(halves ? 2 : 1).withPadding(1), config.activation()));
            in = STEM[i];
        }
        return config.pooledStem() ? stem.then("pool", maxPool2d(3, 2, 1)) : stem;
    }

    /** (B, input channels, H, W) to scores (B, classes). */
    @Override
    public Tensor forward(Tensor images) {
        return classify(features(images));
    }

    /** (B, C1, H/4, W/4) to (B, C4, H/32, W/32), the last behind the last 1x1 convolution, where there is one. */
    @Override
    public List<Tensor> stages(Tensor images) {
        List<Tensor> all = new ArrayList<>();
        Tensor x = Steps.run(stem::forward, images);
        for (Stage stage : stages) {
            x = stage.forward(x);
            all.add(x);
        }
        all.add(last(all.removeLast()));
        return all;
    }

    @Override
    public Tensor features(Tensor images) {
        Tensor x = Steps.run(stem::forward, images);
        for (Stage stage : stages) {
            x = stage.forward(x);
        }
        return last(x);
    }

    @Override
    public Tensor classify(Tensor features) {
        return head.forward(features);
    }

    @Override
    public void replaceClassifier(long classes) {
        head = replace_module("head", new Head(featureChannels, classes, dropout));
    }

    private Tensor last(Tensor x) {
        return finalConv.isPresent() ? Steps.run(finalConv.get()::forward, x) : x;
    }

    /** A stage's blocks, and what stands behind them. */
    private record Stage(Sequential blocks, Optional<Layer> attention) {
        Tensor forward(Tensor x) {
            Tensor y = x;
            for (Module block : blocks.parts().values()) {
                y = Steps.run(((Layer) block)::forward, y);
            }
            return attention.isPresent() ? Steps.run(attention.get()::forward, y) : y;
        }
    }

    private static final class Block extends Layer {
        private final Optional<NormedConvolution> shortcut;
        private final NormedConvolution conv1;
        private final NormedConvolution conv2;
        private final Optional<Layer> attention;
        private final NormedConvolution conv3;
        private final Activation activation;
        private final double dropPath;

        Block(long in, long out, long stride, Config config, String path, double dropPath) {
            this.dropPath = dropPath;
            activation = config.activation();
            long inner = out / REDUCTION;
            long groups = config.groupWidth() == 0 ? 1 : inner / config.groupWidth();
            shortcut = stride == 1 && in == out ? Optional.empty()
                    : Optional.of(register_module("shortcut",
                            new NormedConvolution(in, out, 1, stride(stride), Activation.NONE)));
            conv1 = register_module("conv1_1x1", new NormedConvolution(in, inner, 1, Window.DEFAULT, activation));
            conv2 = register_module("conv2_kxk", new NormedConvolution(inner, inner, 3,
                    padding(1).withStride(stride).withGroups(groups), activation));
            attention = config.attention().create(path, Site.BLOCK, inner)
                    .map(layer -> register_module(config.attention().key(), layer));
            conv3 = register_module("conv3_1x1", new NormedConvolution(inner, out, 1, Window.DEFAULT, Activation.NONE));
            conv3.startAtZero();
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = conv2.forward(conv1.forward(x)); // (B, C/4, H/stride, W/stride)
            if (attention.isPresent()) {
                y = attention.get().forward(y);
            }
            Tensor residual = shortcut.isPresent() ? shortcut.get().forward(x) : x;
            y = Dropping.path(conv3.forward(y), dropPath, is_training()); // (B, C, H/stride, W/stride)
            return activation.apply(y.add(residual));
        }
    }

    private static final class Head extends Layer {
        private static final double DEVIATION = 0.01;
        private final LinearImpl fc;
        private final double dropout;

        Head(long channels, long classes, double dropout) {
            this.dropout = dropout;
            fc = register_module("fc", linear(channels, classes));
            Init.normal(fc.weight(), DEVIATION);
            Init.constant(fc.bias(), 0);
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor mean = Tensors.spatialMean(x).flatten(1, -1); // (B, C)
            return fc.forward(Dropping.values(mean, dropout, is_training()));
        }
    }
}
