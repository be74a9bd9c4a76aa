package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Layers.relu;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.attention.SkTimm;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Dropping;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
 * the first 1x1. timm's own networks, {@code timm/seresnet18} and others, are this one with the attention under the key
 * {@code se} and every block starting as its shortcut.
 */
public final class ResNet extends Layer implements ImageNetwork {
    /** What a block consists of. */
    public enum Unit {
        /** Two 3x3 convolutions. */
        BASIC(1),
        /** A 3x3 convolution between two of 1x1, the last of which widens fourfold. */
        BOTTLENECK(4),
        /** The same, whose first convolution is half as wide as the second: SENet-154. */
        NARROW_BOTTLENECK(4);

        private final int expansion;

        Unit(int expansion) {
            this.expansion = expansion;
        }

        /** How many channels come out for each of the width. */
        int expansion() {
            return expansion;
        }
    }

    /** How an image enters. */
    public enum Stem {
        /** A 7x7 convolution and a max-pool, each of stride 2: for images of about 224 pixels. */
        IMAGENET(7, 2, 64L),
        /** A 3x3 convolution of stride 1: for images of about 32 pixels. */
        CIFAR(3, 1, 64L),
        /** Three 3x3 convolutions of widths 32, 32 and 64 for the 7x7: timm's networks ending in d. */
        DEEP(3, 2, 32L, 32L, 64L),
        /** The same with widths 24, 32 and 64: timm's networks ending in t. */
        TIERED(3, 2, 24L, 32L, 64L),
        /** The same with widths 64, 64 and 128: SENet-154. */
        WIDE(3, 2, 64L, 64L, 128L);

        private final long kernel;
        private final long stride;
        private final List<Long> widths;

        Stem(long kernel, long stride, Long... widths) {
            this.kernel = kernel;
            this.stride = stride;
            this.widths = List.of(widths);
        }

        /** How many channels come out. */
        long channels() {
            return widths.getLast();
        }

        boolean pools() {
            return this != CIFAR;
        }

        /** The convolutions in their order; norm and ReLU follow each. */
        List<Conv2dImpl> convolutions(long inputChannels) {
            List<Conv2dImpl> all = new ArrayList<>();
            for (long width : widths) {
                boolean first = all.isEmpty();
                long in = first ? inputChannels : widths.get(all.size() - 1);
                all.add(ResidualBlock.convolution(in, width, first ? kernel : 3,
                        Window.stride(first ? stride : 1).withPadding(first ? kernel / 2 : 1)));
            }
            return all;
        }

        /** All but the last norm: a convolution, or several with norm and ReLU between them. */
        Module module(long inputChannels) {
            List<Conv2dImpl> convs = convolutions(inputChannels);
            if (convs.size() == 1) {
                return convs.getFirst();
            }
            List<Module> parts = new ArrayList<>();
            for (Conv2dImpl conv : convs) {
                parts.add(conv);
                if (conv != convs.getLast()) {
                    parts.add(batchNorm2d(conv.weight().size(0)));
                    parts.add(relu());
                }
            }
            return new Sequential(parts.toArray(Module[]::new));
        }
    }

    /** How a shortcut changes size. */
    public enum Shortcut {
        /** A 1x1 convolution with the stride. */
        CONVOLUTION,
        /** A 3x3 convolution with the stride, where there is one: SENet-154. */
        CONVOLUTION_3X3,
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
     * @param zeroLast whether each block starts as its shortcut: the weights of its last norm are zero
     * @param classes how many scores come out
     * @param inputChannels how many planes an image has
     * @param attention what stands where
     * @param drops what is left out in training; a block is told its own
     */
    public record Config(Unit unit, List<Integer> blocks, List<Long> widths, long groups, long baseWidth, Stem stem,
            Shortcut shortcut, Stride stride, boolean zeroLast, long classes, long inputChannels, Placement attention,
            Drops drops) {
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
                    false, 1000, 3, Placement.NONE, Drops.NONE);
        }

        /** Groups of that many channels in the first stage's 3x3 convolutions: ResNeXt, and with one group a Wide ResNet. */
        public Config withGroups(long newGroups, long newBaseWidth) {
            return new Config(unit, blocks, widths, newGroups, newBaseWidth, stem, shortcut, stride, zeroLast, classes,
                    inputChannels, attention, drops);
        }

        /** Every stage as much wider; the stem stays. */
        public Config widened(double factor) {
            return new Config(unit, blocks, widths.stream().map(width -> Math.round(width * factor)).toList(), groups,
                    baseWidth, stem, shortcut, stride, zeroLast, classes, inputChannels, attention, drops);
        }

        public Config withStem(Stem newStem, Shortcut newShortcut) {
            return new Config(unit, blocks, widths, groups, baseWidth, newStem, newShortcut, stride, zeroLast, classes,
                    inputChannels, attention, drops);
        }

        public Config withStride(Stride newStride) {
            return new Config(unit, blocks, widths, groups, baseWidth, stem, shortcut, newStride, zeroLast, classes,
                    inputChannels, attention, drops);
        }

        /** With every block starting as its shortcut, which trains deep networks better: timm's own. */
        public Config startingAsShortcuts() {
            return new Config(unit, blocks, widths, groups, baseWidth, stem, shortcut, stride, true, classes,
                    inputChannels, attention, drops);
        }

        /** For other images and labels than ImageNet's. */
        public Config forTask(long newClasses, long newInputChannels) {
            return new Config(unit, blocks, widths, groups, baseWidth, stem, shortcut, stride, zeroLast, newClasses,
                    newInputChannels, attention, drops);
        }

        public Config withAttention(Placement newAttention) {
            return new Config(unit, blocks, widths, groups, baseWidth, stem, shortcut, stride, zeroLast, classes,
                    inputChannels, newAttention, drops);
        }

        public Config withDrops(Drops newDrops) {
            return new Config(unit, blocks, widths, groups, baseWidth, stem, shortcut, stride, zeroLast, classes,
                    inputChannels, attention, newDrops);
        }

        /** This, where arguments do not say otherwise; the attention is left to its reader. */
        Config read(Args args) {
            Stem newStem = Args.constant(args.owner(), "stem", Stem.class,
                    args.text("stem", stem.name().toLowerCase(Locale.ROOT)));
            Stride newStride = switch (args.text("stride", stride == Stride.IN_3X3 ? "3x3" : "1x1")) {
                case "3x3" -> Stride.IN_3X3;
                case "1x1" -> Stride.IN_1X1;
                default -> throw new IllegalArgumentException(
                        args.owner() + ": stride is '" + args.text("stride", "") + "'; known: 3x3, 1x1");
            };
            return withStem(newStem, shortcut).withStride(newStride).withDrops(drops.read(args))
                    .forTask(args.integer("classes", classes), args.integer("input_channels", inputChannels));
        }
    }

    private final Module conv1;
    private final BatchNorm2dImpl bn1;
    private final Optional<MaxPool2dImpl> pool;
    private final ResidualStages stages;
    private final Drops drops;
    private LinearImpl fc;

    public ResNet(Config config) {
        this(config, ResidualBlock::new);
    }

    private ResNet(Config config, ResidualStages.Blocks blocks) {
        conv1 = register_module("conv1", config.stem().module(config.inputChannels()));
        bn1 = register_module("bn1", batchNorm2d(config.stem().channels()));
        pool = config.stem().pools() ? Optional.of(register_module("maxpool", maxPool2d(3, 2, 1))) : Optional.empty();
        stages = new ResidualStages(this, config, blocks);
        drops = config.drops();
        fc = register_module("fc", linear(stages.channels(), config.classes()));
    }

    /**
     * A network in whose blocks selective kernels stand for the 3x3 convolution, or the first of two; keys as in timm.
     *
     * @param kernels channels, stride and groups are taken from where they stand
     */
    public static ResNet selective(Config config, SkTimm.Config kernels) {
        if (config.unit() == Unit.NARROW_BOTTLENECK) {
            throw new IllegalArgumentException("resnet: there is no narrow bottleneck with selective kernels");
        }
        return new ResNet(config,
                (in, width, window, c, path) -> new SelectiveBlock(in, width, window, c, kernels, path));
    }

    /** A network of bottlenecks in which split attention stands for the 3x3 convolution: ResNeSt; keys as in timm. */
    public static ResNet split(Config config) {
        if (config.unit() != Unit.BOTTLENECK || config.groups() != 1 || config.stride() != Stride.IN_3X3) {
            throw new IllegalArgumentException(
                    "resnest: blocks must be bottlenecks of one group, with their stride in the 3x3");
        }
        return new ResNet(config, SplitBlock::new);
    }

    /** (B, input channels, H, W) to scores (B, classes). */
    @Override
    public Tensor forward(Tensor images) {
        return classify(features(images));
    }

    /** For the ImageNet stems (B, C1, H/4, W/4) to (B, C4, H/32, W/32). */
    @Override
    public List<Tensor> stages(Tensor images) {
        return stages.all(Steps.run(this::stem, images));
    }

    @Override
    public Tensor features(Tensor images) {
        return stages.last(Steps.run(this::stem, images));
    }

    @Override
    public Tensor classify(Tensor features) {
        Tensor mean = Tensors.spatialMean(features).flatten(1, -1); // (B, C4)
        return fc.forward(Dropping.values(mean, drops.features(), is_training()));
    }

    @Override
    public void replaceClassifier(long classes) {
        fc = replace_module("fc", linear(stages.channels(), classes));
    }

    private Tensor stem(Tensor images) {
        Tensor x = bn1.forward(Layers.forward(conv1, images)).relu_();
        return pool.isPresent() ? pool.get().forward(x) : x;
    }
}
