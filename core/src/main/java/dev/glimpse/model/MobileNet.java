package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Window.DEFAULT;
import static dev.glimpse.nn.Window.stride;

import dev.glimpse.Layer;
import dev.glimpse.model.Placement.Site;
import dev.glimpse.nn.Checks;
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
import org.bytedeco.pytorch.Tensor;

/**
 * MobileNet: depthwise 3x3 and 1x1 convolutions in turn, with an attention behind each of them.
 *
 * <pre>
 * init_block  conv 3x3 /2, norm, relu
 * stage1-5    attention(relu(norm(conv1x1(attention(relu(norm(depthwise3x3 x)))))))     x 1, 2, 2, 6, 2
 *             widths 64, 128, 256, 512, 1024, halving from stage2 on                     (B, 1024, H/32, W/32)
 * head        mean over positions, linear                                                (B, classes)
 * </pre>
 *
 * Howard et al.: MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications. 2017.
 * <a href="https://arxiv.org/abs/1704.04861">arXiv:1704.04861</a>
 *
 * <p>
 * Keys as in osmr/imgclsmob (pytorchcv); scaled widths are rounded, there cut off. With an attention behind both
 * convolutions the parameters are as many as in the table of the CBAM paper. For one behind every unit take
 * {@code place=*.pw_conv}. Initial values are He et al.'s.
 */
public final class MobileNet extends Layer implements ImageNetwork {
    private static final List<Integer> UNITS = List.of(1, 2, 2, 6, 2);
    private static final List<Long> WIDTHS = List.of(64L, 128L, 256L, 512L, 1024L);

    /**
     * @param width by how much the paper's widths are multiplied
     * @param classes how many scores come out
     * @param inputChannels how many planes an image has
     * @param attention what stands where
     */
    public record Config(double width, long classes, long inputChannels, Placement attention) {
        /** The paper's, for ImageNet. */
        public static final Config DEFAULT = new Config(1, 1000, 3, Placement.NONE);

        public Config {
            Checks.above("mobilenet: width", width, 0);
            Checks.positive("mobilenet: classes", classes);
            Checks.positive("mobilenet: input_channels", inputChannels);
        }

        public Config withWidth(double newWidth) {
            return new Config(newWidth, classes, inputChannels, attention);
        }

        /** For other images and labels than ImageNet's. */
        public Config forTask(long newClasses, long newInputChannels) {
            return new Config(width, newClasses, newInputChannels, attention);
        }

        public Config withAttention(Placement newAttention) {
            return new Config(width, classes, inputChannels, newAttention);
        }

        private long scaled(long channels) {
            return Math.max(1, Math.round(channels * width));
        }
    }

    private final List<List<UnaryOperator<Tensor>>> stages = new ArrayList<>();
    private final long inputChannels;
    private final long featureChannels;
    private LinearImpl output;

    public MobileNet(Config config) {
        inputChannels = config.inputChannels();
        long in = config.scaled(32);
        Sequential features = new Sequential();
        Layer stem = new Convolution(inputChannels, in, 3, stride(2), Placement.NONE, "");
        features.then("init_block", stem);
        List<String> places = new ArrayList<>();
        List<String> stagePlaces = new ArrayList<>();
        for (int i = 0; i < UNITS.size(); i++) {
            String key = "stage" + (i + 1);
            stagePlaces.add("features." + key);
            long out = config.scaled(WIDTHS.get(i));
            Sequential stage = new Sequential();
            List<UnaryOperator<Tensor>> steps = new ArrayList<>(i == 0 ? List.of(stem::forward) : List.of());
            for (int j = 1; j <= UNITS.get(i); j++) {
                String path = "features." + key + ".unit" + j;
                places.addAll(List.of(path + ".dw_conv", path + ".pw_conv"));
                Unit unit = new Unit(in, out, i > 0 && j == 1 ? 2 : 1, config.attention(), path);
                stage.then("unit" + j, unit);
                steps.add(unit::forward);
                in = out;
            }
            features.then(key, stage);
            int number = i + 1;
            Site end = number == UNITS.size() ? Site.LAST_STAGE_END : Site.STAGE_END;
            config.attention().create(stagePlaces.getLast(), end, out).ifPresent(
                    layer -> steps.add(register_module(config.attention().key() + number, layer)::forward));
            stages.add(steps);
        }
        config.attention().requireKnown("mobilenet", places, stagePlaces);
        register_module("features", features);
        featureChannels = in;
        output = register_module("output", linear(in, config.classes()));
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

    /** (B, 64, H/2, W/2) to (B, 1024, H/32, W/32). */
    @Override
    public List<Tensor> stages(Tensor images) {
        Checks.images("mobilenet", inputChannels, 1, images);
        return Steps.ends(stages, images);
    }

    @Override
    public Tensor classify(Tensor features) {
        return output.forward(Tensors.spatialMean(features).flatten(1, -1));
    }

    @Override
    public void replaceClassifier(long classes) {
        output = replace_module("output", linear(featureChannels, classes));
    }

    /** A depthwise convolution and one that mixes channels. */
    private static final class Unit extends Layer {
        private final Convolution depthwise;
        private final Convolution pointwise;

        Unit(long in, long out, long stride, Placement placement, String path) {
            depthwise = register_module("dw_conv", new Convolution(in, in, 3, stride(stride).withGroups(in),
                    placement, path + ".dw_conv"));
            pointwise = register_module("pw_conv", new Convolution(in, out, 1, DEFAULT,
                    placement, path + ".pw_conv"));
        }

        @Override
        public Tensor forward(Tensor x) {
            return pointwise.forward(depthwise.forward(x));
        }
    }

    /** A convolution with norm and ReLU, and an attention behind. */
    private static final class Convolution extends Layer {
        private final Conv2dImpl conv;
        private final BatchNorm2dImpl bn;
        private final Optional<Layer> attention;

        Convolution(long in, long out, long kernel, Window window, Placement placement, String path) {
            conv = register_module("conv", conv2d(in, out, kernel, window.withPadding(kernel / 2).noBias()));
            if (window.groups() > 1) {
                Init.kaimingDepthwise(conv.weight());
            } else {
                Init.kaimingFanOut(conv.weight());
            }
            bn = register_module("bn", batchNorm2d(out));
            attention = placement.create(path, Site.BLOCK, out).map(layer -> register_module(placement.key(), layer));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = bn.forward(conv.forward(x)).relu_(); // (B, out, H', W')
            return attention.isPresent() ? attention.get().forward(y) : y;
        }
    }
}
