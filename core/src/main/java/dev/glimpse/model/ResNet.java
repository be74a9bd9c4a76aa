package dev.glimpse.model;

import static dev.glimpse.nn.Layers.avgPool2d;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Window.padding;
import static dev.glimpse.nn.Window.stride;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.MaxPool2dImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Residual networks, with an attention in every block before the residual is added, or wherever {@link Placement} says.
 *
 * <pre>
 * stem       conv 7x7 /2, norm, relu, max-pool /2, or another {@link Stem}
 * layer1-4   basic:       relu(shortcut(x) + attention(norm(conv3x3(relu(norm(conv3x3 x))))))
 *            bottleneck:  relu(shortcut(x) + attention(norm(conv1x1(relu(norm(conv3x3(relu(norm(conv1x1 x)))))))))
 * head       mean over positions, linear                          (B, classes)
 * </pre>
 *
 * He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition. CVPR 2016.
 * <a href="https://arxiv.org/abs/1512.03385">arXiv:1512.03385</a>. ResNeXt: Xie et al., CVPR 2017. Wide ResNet:
 * Zagoruyko, Komodakis, BMVC 2016. Stems and shortcuts of depth: He et al., CVPR 2019.
 *
 * <p>
 * Keys and initial values as in torchvision, and for its deeper stems as in timm; with {@code cbam} and {@code bam}, as in
 * Jongchan/attention-module. A bottleneck's stride stands in its 3x3 convolution, as in all of these; the paper has it in
 * the first 1x1.
 */
public final class ResNet extends Layer implements ImageNetwork {
    /** What a block consists of. */
    public enum Unit {
        /** Two 3x3 convolutions. */
        BASIC(1),
        /** A 3x3 convolution between two of 1x1, the last of which widens fourfold. */
        BOTTLENECK(4);

        private final int expansion;

        Unit(int expansion) {
            this.expansion = expansion;
        }
    }

    /** How an image enters. */
    public enum Stem {
        /** A 7x7 convolution and a max-pool, each of stride 2: for images of about 224 pixels. */
        IMAGENET,
        /** A 3x3 convolution of stride 1: for images of about 32 pixels. */
        CIFAR,
        /** Three 3x3 convolutions of widths 32, 32 and 64 for the 7x7: timm's networks ending in d. */
        DEEP,
        /** The same with widths 24, 32 and 64: timm's networks ending in t. */
        TIERED
    }

    /** How a shortcut changes size. */
    public enum Shortcut {
        /** A 1x1 convolution with the stride. */
        CONVOLUTION,
        /** A mean over windows of the stride's size, then a 1x1 convolution: no value is skipped. */
        AVERAGE
    }

    /** Where a bottleneck's stride stands. */
    public enum Stride {
        /** In the 3x3 convolution: torchvision, timm, and the authors of CBAM. */
        IN_3X3,
        /** In the first 1x1 convolution: the paper, with a tenth less to compute. */
        IN_1X1
    }

    /**
     * @param blocks how many blocks each stage has
     * @param widths each stage's width, before a bottleneck's expansion
     * @param groups groups of a bottleneck's 3x3 convolution
     * @param baseWidth a group's channels in the bottleneck of a stage of width 64; wider stages have more
     * @param classes how many scores come out
     * @param inputChannels how many planes an image has
     * @param attention what stands where
     */
    public record Config(Unit unit, List<Integer> blocks, List<Long> widths, long groups, long baseWidth, Stem stem,
            Shortcut shortcut, Stride stride, long classes, long inputChannels, Placement attention) {
        private static final List<Long> WIDTHS = List.of(64L, 128L, 256L, 512L);

        public Config {
            blocks = List.copyOf(blocks);
            widths = List.copyOf(widths);
            Checks.positive("resnet: classes", classes);
            Checks.positive("resnet: input_channels", inputChannels);
            Checks.positive("resnet: groups", groups);
            Checks.positive("resnet: base width", baseWidth);
            if (blocks.isEmpty() || blocks.size() != widths.size()) {
                throw new IllegalArgumentException(
                        "resnet: blocks are " + blocks + " and widths " + widths + ", must be as many");
            }
            blocks.forEach(count -> Checks.positive("resnet: blocks", count));
            widths.forEach(width -> Checks.positive("resnet: width", width));
        }

        /** He et al.'s: four stages from 64 channels on, for ImageNet. */
        public static Config of(Unit unit, Integer... blocks) {
            return new Config(unit, List.of(blocks), WIDTHS, 1, 64, Stem.IMAGENET, Shortcut.CONVOLUTION, Stride.IN_3X3,
                    1000, 3, Placement.NONE);
        }

        /** Groups of that many channels in the first stage's 3x3 convolutions: ResNeXt, and with one group a Wide ResNet. */
        public Config withGroups(long newGroups, long newBaseWidth) {
            return new Config(unit, blocks, widths, newGroups, newBaseWidth, stem, shortcut, stride, classes,
                    inputChannels, attention);
        }

        /** Every stage as much wider; the stem stays. */
        public Config widened(double factor) {
            return new Config(unit, blocks, widths.stream().map(width -> Math.round(width * factor)).toList(), groups,
                    baseWidth, stem, shortcut, stride, classes, inputChannels, attention);
        }

        public Config withStem(Stem newStem, Shortcut newShortcut) {
            return new Config(unit, blocks, widths, groups, baseWidth, newStem, newShortcut, stride, classes,
                    inputChannels, attention);
        }

        public Config withStride(Stride newStride) {
            return new Config(unit, blocks, widths, groups, baseWidth, stem, shortcut, newStride, classes,
                    inputChannels, attention);
        }

        /** For other images and labels than ImageNet's. */
        public Config forTask(long newClasses, long newInputChannels) {
            return new Config(unit, blocks, widths, groups, baseWidth, stem, shortcut, stride, newClasses,
                    newInputChannels, attention);
        }

        public Config withAttention(Placement newAttention) {
            return new Config(unit, blocks, widths, groups, baseWidth, stem, shortcut, stride, classes, inputChannels,
                    newAttention);
        }
    }

    private final Module conv1;
    private final BatchNorm2dImpl bn1;
    private final Optional<MaxPool2dImpl> pool;
    private final List<Stage> stages = new ArrayList<>();
    private final long featureChannels;
    private LinearImpl fc;

    public ResNet(Config config) {
        conv1 = register_module("conv1", stem(config.stem(), config.inputChannels()));
        bn1 = register_module("bn1", batchNorm2d(64));
        pool = config.stem() == Stem.CIFAR ? Optional.empty()
                : Optional.of(register_module("maxpool", maxPool2d(3, 2, 1)));
        long in = 64;
        List<String> places = new ArrayList<>();
        List<String> stagePlaces = new ArrayList<>();
        for (int stage = 0; stage < config.widths().size(); stage++) {
            String path = "layer" + (stage + 1);
            long width = config.widths().get(stage);
            Block[] members = new Block[config.blocks().get(stage)];
            for (int i = 0; i < members.length; i++) {
                places.add(path + "." + i);
                members[i] = new Block(in, width, i == 0 && stage > 0 ? 2 : 1, config, path + "." + i);
                in = width * config.unit().expansion;
            }
            stagePlaces.add(path);
            Sequential layer = register_module(path, new Sequential(members));
            boolean last = stage == config.widths().size() - 1;
            Optional<Layer> behind = config.attention().create(path,
                    last ? Placement.Site.LAST_STAGE_END : Placement.Site.STAGE_END, in);
            int number = stage + 1;
            behind.ifPresent(attention -> register_module(config.attention().key() + number, attention));
            stages.add(new Stage(layer, behind));
        }
        config.attention().requireKnown("resnet", places, stagePlaces);
        featureChannels = in;
        fc = register_module("fc", linear(in, config.classes()));
    }

    private static Module stem(Stem stem, long inputChannels) {
        return switch (stem) {
            case IMAGENET -> convolution(inputChannels, 64, 7, stride(2).withPadding(3));
            case CIFAR -> convolution(inputChannels, 64, 3, padding(1));
            case DEEP, TIERED -> {
                long first = stem == Stem.DEEP ? 32 : 24;
                yield new Sequential(convolution(inputChannels, first, 3, stride(2).withPadding(1)), batchNorm2d(first),
                        relu(), convolution(first, 32, 3, padding(1)), batchNorm2d(32), relu(),
                        convolution(32, 64, 3, padding(1)));
            }
        };
    }

    private static Conv2dImpl convolution(long in, long out, long kernel, Window window) {
        Conv2dImpl conv = conv2d(in, out, kernel, window.noBias());
        Init.kaimingFanOut(conv.weight());
        return conv;
    }

    /** (B, input channels, H, W) to scores (B, classes). */
    @Override
    public Tensor forward(Tensor images) {
        return classify(features(images));
    }

    @Override
    public List<Tensor> stages(Tensor images) {
        List<Tensor> all = new ArrayList<>();
        Tensor x = Steps.run(this::stem, images);
        for (Stage stage : stages) {
            x = stage.forward(x);
            all.add(x);
        }
        return all; // of the ImageNet stems (B, C1, H/4, W/4) to (B, C4, H/32, W/32)
    }

    @Override
    public Tensor features(Tensor images) {
        Tensor x = Steps.run(this::stem, images);
        for (Stage stage : stages) {
            x = stage.forward(x);
        }
        return x;
    }

    @Override
    public Tensor classify(Tensor features) {
        return fc.forward(Tensors.spatialMean(features).flatten(1, -1));
    }

    @Override
    public void replaceClassifier(long classes) {
        fc = replace_module("fc", linear(featureChannels, classes));
    }

    private Tensor stem(Tensor images) {
        Tensor x = bn1.forward(Layers.forward(conv1, images)).relu_();
        return pool.isPresent() ? pool.get().forward(x) : x;
    }

    /** A stage's blocks, and what stands behind them. */
    private record Stage(Sequential blocks, Optional<Layer> attention) {
        Tensor forward(Tensor x) {
            Tensor y = x;
            for (Module block : blocks.parts().values()) {
                y = Steps.run(((Block) block)::forward, y);
            }
            return attention.isPresent() ? Steps.run(attention.get()::forward, y) : y;
        }
    }

    /** Convolutions around which the input is added. */
    private static final class Block extends Layer {
        private final List<Conv2dImpl> convs = new ArrayList<>();
        private final List<BatchNorm2dImpl> norms = new ArrayList<>();
        private final Optional<Layer> attention;
        private final Optional<Sequential> downsample;

        Block(long in, long width, long stride, Config config, String path) {
            long out = width * config.unit().expansion;
            if (config.unit() == Unit.BASIC) {
                add(in, width, 3, stride(stride).withPadding(1));
                add(width, out, 3, padding(1));
            } else {
                long inner = width * config.baseWidth() / 64 * config.groups();
                boolean early = config.stride() == Stride.IN_1X1;
                add(in, inner, 1, stride(early ? stride : 1));
                add(inner, inner, 3, stride(early ? 1 : stride).withPadding(1).withGroups(config.groups()));
                add(inner, out, 1, Window.DEFAULT);
            }
            attention = config.attention().create(path, Placement.Site.BLOCK, out)
                    .map(layer -> register_module(config.attention().key(), layer));
            downsample = stride == 1 && in == out ? Optional.empty()
                    : Optional.of(register_module("downsample", shortcut(in, out, stride, config.shortcut())));
        }

        private void add(long in, long out, long kernel, Window window) {
            int number = convs.size() + 1;
            convs.add(register_module("conv" + number, convolution(in, out, kernel, window)));
            norms.add(register_module("bn" + number, batchNorm2d(out)));
        }

        private static Sequential shortcut(long in, long out, long stride, Shortcut kind) {
            return kind == Shortcut.CONVOLUTION
                    ? new Sequential(convolution(in, out, 1, stride(stride)), batchNorm2d(out))
                    : new Sequential(avgPool2d(stride), convolution(in, out, 1, Window.DEFAULT), batchNorm2d(out));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = x;
            for (int i = 0; i < convs.size(); i++) {
                y = norms.get(i).forward(convs.get(i).forward(y));
                y = i < convs.size() - 1 ? y.relu_() : y;
            }
            if (attention.isPresent()) {
                y = attention.get().forward(y); // (B, C, H, W)
            }
            Tensor residual = downsample.isPresent() ? downsample.get().forward(x) : x;
            return y.add(residual).relu_();
        }
    }
}
