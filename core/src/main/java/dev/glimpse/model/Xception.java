package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Layers.reluInPlace;
import static dev.glimpse.nn.Window.DEFAULT;
import static dev.glimpse.nn.Window.padding;
import static dev.glimpse.nn.Window.stride;

import dev.glimpse.Layer;
import dev.glimpse.model.Placement.Site;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Dropping;
import dev.glimpse.nn.Init;
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
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Xception: residual blocks of depthwise separable convolutions, with an attention in each before the residual.
 *
 * <pre>
 * conv1-2      conv 3x3 /2, norm, relu, conv 3x3, norm, relu, both without padding
 * block1-3     shortcut(x) + attention(max-pool /2 of norm(sep(relu(norm(sep(relu x))))))       to 128, 256, 728 channels
 * block4-11    x + attention(norm(sep(relu ...))), three times sep                              728
 * block12      as block3                                                                        1024
 * conv3-4      sep, norm, relu, twice                                                           (B, 2048, H/32, W/32)
 * head         mean over positions, linear                                                      (B, classes)
 * sep          depthwise 3x3, conv 1x1;   shortcut: conv 1x1 /2, norm;   block1 begins without its relu
 * </pre>
 *
 * Chollet: Xception: Deep Learning with Depthwise Separable Convolutions. CVPR 2017.
 * <a href="https://arxiv.org/abs/1610.02357">arXiv:1610.02357</a>
 *
 * <p>
 * Keys and initial values as in timm's legacy_xception; in Cadene's pretrained-models the last layer is called
 * {@code last_linear}. Their weights want images of 299 pixels with values from -1 to 1. Stages for {@link Placement}, each
 * up to the next halving, are {@code stage1} (block1), {@code stage2} (block2), {@code stage3} (block3 to block11) and
 * {@code stage4}.
 */
public final class Xception extends Layer implements ImageNetwork {
    private static final long LEAST_SIDE = 7;
    private static final long MIDDLE = 728;
    private static final long FEATURES = 2048;
    private static final int BLOCKS = 12;
    private static final List<String> STAGES = List.of("stage1", "stage2", "stage3", "stage4");

    /**
     * @param classes how many scores come out
     * @param inputChannels how many planes an image has
     * @param attention what stands where
     * @param drops what is left out in training
     */
    public record Config(long classes, long inputChannels, Placement attention, Drops drops) {
        /** For ImageNet. */
        public static final Config DEFAULT = new Config(1000, 3, Placement.NONE, Drops.NONE);

        public Config {
            Checks.positive("xception: classes", classes);
            Checks.positive("xception: input_channels", inputChannels);
        }

        /** For other images and labels than ImageNet's. */
        public Config forTask(long newClasses, long newInputChannels) {
            return new Config(newClasses, newInputChannels, attention, drops);
        }

        public Config withAttention(Placement newAttention) {
            return new Config(classes, inputChannels, newAttention, drops);
        }

        public Config withDrops(Drops newDrops) {
            return new Config(classes, inputChannels, attention, newDrops);
        }
    }

    private final Config config;
    private final List<List<UnaryOperator<Tensor>>> stages = new ArrayList<>();
    private final List<String> places = new ArrayList<>();
    private final Conv2dImpl conv1;
    private final BatchNorm2dImpl bn1;
    private final Conv2dImpl conv2;
    private final BatchNorm2dImpl bn2;
    private final Separable conv3;
    private final BatchNorm2dImpl bn3;
    private final Separable conv4;
    private final BatchNorm2dImpl bn4;
    private LinearImpl fc;

    public Xception(Config config) {
        this.config = config;
        conv1 = register_module("conv1", convolution(config.inputChannels(), 32, 3, stride(2)));
        bn1 = register_module("bn1", batchNorm2d(32));
        conv2 = register_module("conv2", convolution(32, 64, 3, DEFAULT));
        bn2 = register_module("bn2", batchNorm2d(64));
        endStage(Site.STAGE_END, 128, List.of(this::enter, block(2, 64, 128, 128)));
        endStage(Site.STAGE_END, 256, List.of(block(2, 128, 256, 256)));
        List<UnaryOperator<Tensor>> middle = new ArrayList<>(List.of(block(2, 256, MIDDLE, MIDDLE)));
        for (int i = 0; i < 8; i++) {
            middle.add(block(1, MIDDLE, MIDDLE, MIDDLE, MIDDLE));
        }
        endStage(Site.STAGE_END, MIDDLE, middle);
        UnaryOperator<Tensor> block12 = block(2, MIDDLE, MIDDLE, 1024);
        conv3 = register_module("conv3", new Separable(1024, 1536));
        bn3 = register_module("bn3", batchNorm2d(1536));
        conv4 = register_module("conv4", new Separable(1536, FEATURES));
        bn4 = register_module("bn4", batchNorm2d(FEATURES));
        endStage(Site.LAST_STAGE_END, FEATURES, List.of(block12, this::leave));
        config.attention().requireKnown("xception", places, STAGES);
        fc = register_module("fc", linear(FEATURES, config.classes()));
    }

    private UnaryOperator<Tensor> block(long stride, long... widths) {
        places.add("block" + (places.size() + 1));
        return register_module(places.getLast(), new Block(stride, widths, config.attention(), places.getLast(),
                places.size() > 1, config.drops().at(places.size() - 1, BLOCKS).path()))::forward;
    }

    private void endStage(Site site, long channels, List<UnaryOperator<Tensor>> blocks) {
        List<UnaryOperator<Tensor>> steps = new ArrayList<>(blocks);
        int number = stages.size() + 1;
        config.attention().create(STAGES.get(number - 1), site, channels).ifPresent(
                layer -> steps.add(register_module(config.attention().key() + number, layer)::forward));
        stages.add(steps);
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
    public Tensor features(Tensor images) {
        return stages(images).getLast();
    }

    /** Before each halving from the second on, and at the end: (B, 128, H/4, W/4) to (B, 2048, H/32, W/32). */
    @Override
    public List<Tensor> stages(Tensor images) {
        Checks.images("xception", config.inputChannels(), LEAST_SIDE, images);
        return Steps.ends(stages, images);
    }

    @Override
    public Tensor classify(Tensor features) {
        Tensor mean = Tensors.spatialMean(features).flatten(1, -1); // (B, 2048)
        return fc.forward(Dropping.values(mean, config.drops().features(), is_training()));
    }

    @Override
    public void replaceClassifier(long classes) {
        fc = replace_module("fc", linear(FEATURES, classes));
    }

    private Tensor enter(Tensor images) {
        Tensor x = bn1.forward(conv1.forward(images)).relu_(); // (B, 32, H/2, W/2)
        return bn2.forward(conv2.forward(x)).relu_(); // (B, 64, H/2, W/2)
    }

    private Tensor leave(Tensor x) {
        Tensor y = bn3.forward(conv3.forward(x)).relu_(); // (B, 1536, H/32, W/32)
        return bn4.forward(conv4.forward(y)).relu_();
    }

    /** A depthwise convolution and one that mixes channels, with nothing between. */
    private static final class Separable extends Layer {
        private final Conv2dImpl conv1;
        private final Conv2dImpl pointwise;

        Separable(long in, long out) {
            conv1 = register_module("conv1", convolution(in, in, 3, padding(1).withGroups(in)));
            pointwise = register_module("pointwise", convolution(in, out, 1, DEFAULT));
        }

        @Override
        public Tensor forward(Tensor x) {
            return pointwise.forward(conv1.forward(x));
        }
    }

    /** Separable convolutions around which the input is added. */
    private static final class Block extends Layer {
        private final Sequential rep;
        private final Optional<Layer> attention;
        private final Optional<Conv2dImpl> skip;
        private final Optional<BatchNorm2dImpl> skipbn;
        private final double dropPath;

        Block(long stride, long[] widths, Placement placement, String path, boolean reluFirst,
                double dropPath) {
            this.dropPath = dropPath;
            List<Module> steps = new ArrayList<>();
            for (int i = 1; i < widths.length; i++) {
                if (i > 1 || reluFirst) {
                    steps.add(i > 1 ? reluInPlace() : relu()); // the shortcut needs the input as it is
                }
                steps.add(new Separable(widths[i - 1], widths[i]));
                steps.add(batchNorm2d(widths[i]));
            }
            if (stride > 1) {
                steps.add(maxPool2d(3, stride, 1));
            }
            long in = widths[0];
            long out = widths[widths.length - 1];
            boolean changes = stride > 1 || in != out;
            skip = changes ? Optional.of(register_module("skip", convolution(in, out, 1, stride(stride))))
                    : Optional.empty();
            skipbn = changes ? Optional.of(register_module("skipbn", batchNorm2d(out))) : Optional.empty();
            rep = register_module("rep", new Sequential(steps.toArray(Module[]::new)));
            attention = placement.create(path, Site.BLOCK, out).map(layer -> register_module(placement.key(), layer));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = rep.forward(x);
            if (attention.isPresent()) {
                y = attention.get().forward(y); // (B, out, H', W')
            }
            y = Dropping.path(y, dropPath, is_training());
            return y.add(skip.isPresent() ? skipbn.orElseThrow().forward(skip.get().forward(x)) : x);
        }
    }
}
