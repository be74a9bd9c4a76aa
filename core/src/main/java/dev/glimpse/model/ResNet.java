package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Window.padding;
import static dev.glimpse.nn.Window.stride;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.attention.Attentions.Slot;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
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
 * A residual network of basic blocks, with an attention in every block before the residual is added.
 *
 * <pre>
 * stem      imagenet: conv 7x7 /2, norm, relu, max-pool /2     cifar: conv 3x3, norm, relu
 * layer1-4  blocks of relu(x + attention(norm(conv3x3(relu(norm(conv3x3 x))))))
 * head      mean over positions, linear                          (B, classes)
 * </pre>
 *
 * He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition. CVPR 2016.
 * <a href="https://arxiv.org/abs/1512.03385">arXiv:1512.03385</a>
 *
 * <p>
 * Keys and initial values as in torchvision; with {@code cbam}, as in Jongchan/attention-module.
 */
public final class ResNet extends Layer implements ImageNetwork {
    private static final long[] WIDTHS = {64, 128, 256, 512};

    /** How an image enters. */
    public enum Stem {
        /** A 7x7 convolution and a max-pool, each of stride 2: for images of about 224 pixels. */
        IMAGENET,
        /** A 3x3 convolution of stride 1: for images of about 32 pixels. */
        CIFAR
    }

    /**
     * @param blocks how many blocks each of the four stages has
     * @param classes how many scores come out
     * @param inputChannels how many planes an image has
     * @param attention what stands in every block
     */
    public record Config(List<Integer> blocks, long classes, long inputChannels, Stem stem, Optional<Slot> attention) {
        public Config {
            blocks = List.copyOf(blocks);
            Checks.positive("resnet: classes", classes);
            Checks.positive("resnet: input_channels", inputChannels);
            if (blocks.size() != WIDTHS.length) {
                throw new IllegalArgumentException("resnet: blocks are " + blocks + ", must be four numbers");
            }
            blocks.forEach(count -> Checks.positive("resnet: blocks", count));
        }
    }

    private final Conv2dImpl conv1;
    private final BatchNorm2dImpl bn1;
    private final Optional<MaxPool2dImpl> pool;
    private final List<BasicBlock> blocks = new ArrayList<>();
    private final LinearImpl fc;

    public ResNet(Config config) {
        boolean imagenet = config.stem() == Stem.IMAGENET;
        conv1 = register_module("conv1",
                imagenet ? conv2d(config.inputChannels(), 64, 7, stride(2).withPadding(3).noBias())
                        : conv2d(config.inputChannels(), 64, 3, padding(1).noBias()));
        bn1 = register_module("bn1", batchNorm2d(64));
        pool = imagenet ? Optional.of(register_module("maxpool", maxPool2d(3, 2, 1))) : Optional.empty();
        Init.kaimingFanOut(conv1.weight());
        long in = 64;
        for (int stage = 0; stage < WIDTHS.length; stage++) {
            BasicBlock[] members = new BasicBlock[config.blocks().get(stage)];
            for (int i = 0; i < members.length; i++) {
                members[i] = new BasicBlock(in, WIDTHS[stage], i == 0 && stage > 0 ? 2 : 1, config.attention());
                in = WIDTHS[stage];
            }
            blocks.addAll(List.of(members));
            register_module("layer" + (stage + 1), new Sequential(members));
        }
        fc = register_module("fc", linear(in, config.classes()));
    }

    /** (B, input channels, H, W) to scores (B, classes). */
    @Override
    public Tensor forward(Tensor images) {
        return classify(features(images));
    }

    @Override
    public Tensor features(Tensor images) {
        Tensor x = step(this::stem, images);
        for (BasicBlock block : blocks) {
            x = step(block::forward, x);
        }
        return x; // (B, 512, H/32, W/32) behind the imagenet stem, (B, 512, H/8, W/8) behind the other
    }

    @Override
    public Tensor classify(Tensor features) {
        return fc.forward(Tensors.spatialMean(features).flatten(1, -1));
    }

    private Tensor stem(Tensor images) {
        Tensor x = bn1.forward(conv1.forward(images)).relu_();
        return pool.isPresent() ? pool.get().forward(x) : x;
    }

    private static Tensor step(UnaryOperator<Tensor> part, Tensor x) {
        return AttentionMaps.watched() ? part.apply(x) : Scopes.freeing(() -> part.apply(x));
    }

    /** Two 3x3 convolutions around which the input is added. */
    private static final class BasicBlock extends Layer {
        private final Conv2dImpl conv1;
        private final BatchNorm2dImpl bn1;
        private final Conv2dImpl conv2;
        private final BatchNorm2dImpl bn2;
        private final Optional<Layer> attention;
        private final Optional<Sequential> downsample;

        BasicBlock(long in, long width, long stride, Optional<Slot> slot) {
            conv1 = register_module("conv1", conv2d(in, width, 3, stride(stride).withPadding(1).noBias()));
            bn1 = register_module("bn1", batchNorm2d(width));
            conv2 = register_module("conv2", conv2d(width, width, 3, padding(1).noBias()));
            bn2 = register_module("bn2", batchNorm2d(width));
            Init.kaimingFanOut(conv1.weight());
            Init.kaimingFanOut(conv2.weight());
            downsample = stride == 1 && in == width ? Optional.empty()
                    : Optional.of(register_module("downsample", shortcut(in, width, stride)));
            attention = slot.map(s -> register_module(s.key(), s.create(width)));
        }

        private static Sequential shortcut(long in, long width, long stride) {
            Conv2dImpl conv = conv2d(in, width, 1, stride(stride).noBias());
            Init.kaimingFanOut(conv.weight());
            return new Sequential(conv, batchNorm2d(width));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = bn1.forward(conv1.forward(x)).relu_();
            y = bn2.forward(conv2.forward(y)); // (B, width, H, W)
            if (attention.isPresent()) {
                y = attention.get().forward(y);
            }
            Tensor residual = downsample.isPresent() ? downsample.get().forward(x) : x;
            return y.add(residual).relu_();
        }
    }
}
