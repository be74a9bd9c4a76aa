package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Layers.maxPool2dToTheBorder;
import static dev.glimpse.nn.Tensors.cat;
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
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.MaxPool2dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * GoogLeNet, the first Inception network: blocks of four branches side by side, with an attention behind each block.
 *
 * <pre>
 * conv1-3         conv 7x7 /2, max-pool /2, conv 1x1, conv 3x3                     (B, 192, H/4, W/4)
 * inception3a-b   max-pool /2, then blocks                                         (B, 480, H/8, W/8)
 * inception4a-e   max-pool /2, then blocks                                         (B, 832, H/16, W/16)
 * inception5a-b   max-pool /2, then blocks                                         (B, 1024, H/32, W/32)
 * block           attention([conv1x1 x ; conv3x3(conv1x1 x) ; conv3x3(conv1x1 x) ; conv1x1(max-pool x)])
 * head            mean over positions, dropout, linear                             (B, classes)
 * </pre>
 *
 * Szegedy et al.: Going Deeper with Convolutions. CVPR 2015. <a href="https://arxiv.org/abs/1409.4842">arXiv:1409.4842</a>
 *
 * <p>
 * Keys and initial values as in torchvision. As there, every convolution has a norm and a ReLU, and the third branch ends in
 * 3x3 convolutions; the paper has no norms, and 5x5 there. Stages for {@link Placement} are {@code conv3},
 * {@code inception3}, {@code inception4} and {@code inception5}. torchvision's published weights want
 * {@code aux=true,transform_input=true}.
 */
public final class GoogLeNet extends Layer implements ImageNetwork {
    private static final long LEAST_SIDE = 15;
    private static final double EPSILON = 1e-3;
    private static final double DEVIATION = 0.01;
    private static final List<String> STAGES = List.of("conv3", "inception3", "inception4", "inception5");
    private static final long STEM = 192;

    /** Blocks after which something comes out: a stage's maps, or those that an auxiliary classifier takes. */
    private static final List<List<Widths>> PARTS = List.of(
            List.of(new Widths("3a", 64, 96, 128, 16, 32, 32), new Widths("3b", 128, 128, 192, 32, 96, 64)),
            List.of(new Widths("4a", 192, 96, 208, 16, 48, 64)),
            List.of(new Widths("4b", 160, 112, 224, 24, 64, 64), new Widths("4c", 128, 128, 256, 24, 64, 64),
                    new Widths("4d", 112, 144, 288, 32, 64, 64)),
            List.of(new Widths("4e", 256, 160, 320, 32, 128, 128)),
            List.of(new Widths("5a", 256, 160, 320, 32, 128, 128), new Widths("5b", 384, 192, 384, 48, 128, 128)));
    private static final List<Integer> STAGE_ENDS = List.of(0, 1, 4, 5);
    private static final List<Integer> AUXILIARY_TAKES = List.of(2, 3);

    /** A block's widths: of its first branch, in the middle and at the end of the next two, of its fourth. */
    private record Widths(String number, long first, long middle2, long second, long middle3, long third, long fourth) {
        long all() {
            return first + second + third + fourth;
        }
    }

    /**
     * @param auxiliary whether there are classifiers behind inception4a and inception4d, which help in training
     * @param transformInput whether images come as torchvision normalises them, and weights want them from -1 to 1
     * @param dropout how much of the mean is left out in training
     * @param classes how many scores come out
     * @param inputChannels how many planes an image has
     * @param attention what stands where
     */
    public record Config(boolean auxiliary, boolean transformInput, double dropout, long classes, long inputChannels,
            Placement attention) {
        /** For ImageNet, without auxiliary classifiers. */
        public static final Config DEFAULT = new Config(false, false, 0.2, 1000, 3, Placement.NONE);

        public Config {
            Checks.probability("googlenet: dropout", dropout);
            Checks.positive("googlenet: classes", classes);
            Checks.positive("googlenet: input_channels", inputChannels);
            if (transformInput && inputChannels != 3) {
                throw new IllegalArgumentException(
                        "googlenet: transform_input is for 3 input_channels, not " + inputChannels);
            }
        }

        public Config withAuxiliary(boolean newAuxiliary) {
            return new Config(newAuxiliary, transformInput, dropout, classes, inputChannels, attention);
        }

        public Config withTransformInput(boolean newTransformInput) {
            return new Config(auxiliary, newTransformInput, dropout, classes, inputChannels, attention);
        }

        public Config withDropout(double newDropout) {
            return new Config(auxiliary, transformInput, newDropout, classes, inputChannels, attention);
        }

        /** For other images and labels than ImageNet's. */
        public Config forTask(long newClasses, long newInputChannels) {
            return new Config(auxiliary, transformInput, dropout, newClasses, newInputChannels, attention);
        }

        public Config withAttention(Placement newAttention) {
            return new Config(auxiliary, transformInput, dropout, classes, inputChannels, newAttention);
        }
    }

    /**
     * What comes out in training.
     *
     * @param scores the network's own (B, classes)
     * @param auxiliary of the classifiers behind inception4a and inception4d; the paper adds 0.3 of the loss of each
     */
    public record Result(Tensor scores, List<Tensor> auxiliary) {}

    private final Config config;
    private final Convolution conv1;
    private final Convolution conv2;
    private final Convolution conv3;
    private final MaxPool2dImpl pool = maxPool2dToTheBorder(3, 2);
    private final MaxPool2dImpl smallPool = maxPool2dToTheBorder(2, 2);
    private final List<List<UnaryOperator<Tensor>>> parts = new ArrayList<>();
    private final List<Auxiliary> auxiliaries = new ArrayList<>();
    private final DropoutImpl dropout;
    private LinearImpl fc;

    public GoogLeNet(Config config) {
        this.config = config;
        conv1 = register_module("conv1", new Convolution(config.inputChannels(), 64, 7, stride(2)));
        conv2 = register_module("conv2", new Convolution(64, 64, 1, Window.DEFAULT));
        conv3 = register_module("conv3", new Convolution(64, STEM, 3, Window.DEFAULT));
        endPart(new ArrayList<>(List.of(this::stem)), STEM);
        List<String> places = new ArrayList<>();
        long in = STEM;
        for (List<Widths> part : PARTS) {
            List<UnaryOperator<Tensor>> steps = new ArrayList<>();
            for (Widths widths : part) {
                places.add("inception" + widths.number());
                if (widths.number().endsWith("a")) {
                    steps.add((widths.number().equals("5a") ? smallPool : pool)::forward);
                }
                steps.add(register_module(places.getLast(),
                        new Block(in, widths, config.attention(), places.getLast()))::forward);
                in = widths.all();
            }
            int taken = AUXILIARY_TAKES.indexOf(parts.size());
            if (config.auxiliary() && taken >= 0) {
                auxiliaries.add(register_module("aux" + (taken + 1), new Auxiliary(in, config.classes())));
            }
            endPart(steps, in);
        }
        config.attention().requireKnown("googlenet", places, STAGES);
        dropout = register_module("dropout", Layers.dropout(config.dropout()));
        fc = register_module("fc", linear(in, config.classes()));
    }

    private void endPart(List<UnaryOperator<Tensor>> steps, long channels) {
        int stage = STAGE_ENDS.indexOf(parts.size());
        if (stage >= 0) {
            Site site = stage == STAGES.size() - 1 ? Site.LAST_STAGE_END : Site.STAGE_END;
            config.attention().create(STAGES.get(stage), site, channels).ifPresent(layer -> steps
                    .add(register_module(config.attention().key() + (stage + 1), layer)::forward));
        }
        parts.add(steps);
    }

    private static LinearImpl linear(long in, long out) {
        LinearImpl linear = Layers.linear(in, out);
        Init.normal(linear.weight(), DEVIATION);
        return linear;
    }

    /** (B, input channels, H, W) to scores (B, classes), without those of the auxiliary classifiers. */
    @Override
    public Tensor forward(Tensor images) {
        return classify(features(images));
    }

    /** The same with the auxiliary classifiers' scores, if there are any, for a loss that reaches the early blocks. */
    public Result forwardAll(Tensor images) {
        List<Tensor> ends = ends(images);
        List<Tensor> early = new ArrayList<>();
        for (int i = 0; i < auxiliaries.size(); i++) {
            early.add(auxiliaries.get(i).forward(ends.get(AUXILIARY_TAKES.get(i))));
        }
        return new Result(classify(ends.getLast()), List.copyOf(early));
    }

    @Override
    public Tensor features(Tensor images) {
        return ends(images).getLast();
    }

    /** Of conv3 and each group of blocks: (B, 192, H/4, W/4) to (B, 1024, H/32, W/32). */
    @Override
    public List<Tensor> stages(Tensor images) {
        List<Tensor> ends = ends(images);
        return STAGE_ENDS.stream().map(ends::get).toList();
    }

    private List<Tensor> ends(Tensor images) {
        Checks.images("googlenet", config.inputChannels(), LEAST_SIDE, images);
        return Steps.ends(parts, images);
    }

    private Tensor stem(Tensor images) {
        Tensor x = config.transformInput() ? transformed(images) : images;
        x = pool.forward(conv1.forward(x)); // (B, 64, H/4, W/4)
        return conv3.forward(conv2.forward(x));
    }

    /** From torchvision's mean and deviation of each plane to 0.5 for all. */
    private static Tensor transformed(Tensor images) {
        Tensor scale = Tensors.of(new float[]{0.229f / 0.5f, 0.224f / 0.5f, 0.225f / 0.5f}, 3, 1, 1);
        Tensor shift = Tensors.of(new float[]{-0.015f / 0.5f, -0.044f / 0.5f, -0.094f / 0.5f}, 3, 1, 1);
        return images.mul(scale.type_as(images)).add(shift.type_as(images));
    }

    @Override
    public Tensor classify(Tensor features) {
        return fc.forward(dropout.forward(Tensors.spatialMean(features).flatten(1, -1)));
    }

    /** The auxiliary classifiers get new last layers too. */
    @Override
    public void replaceClassifier(long classes) {
        fc = replace_module("fc", linear(PARTS.getLast().getLast().all(), classes));
        auxiliaries.forEach(auxiliary -> auxiliary.replaceLast(classes));
    }

    /** A convolution that keeps the size but for its stride, with norm and ReLU. */
    private static final class Convolution extends Layer {
        private final Conv2dImpl conv;
        private final BatchNorm2dImpl bn;

        Convolution(long in, long out, long kernel, Window window) {
            conv = register_module("conv", conv2d(in, out, kernel, window.withPadding(kernel / 2).noBias()));
            Init.normal(conv.weight(), DEVIATION);
            bn = register_module("bn", batchNorm2d(out, Layers.BATCH_NORM_MOMENTUM, EPSILON));
        }

        @Override
        public Tensor forward(Tensor x) {
            return bn.forward(conv.forward(x)).relu_();
        }
    }

    /** Four branches side by side. */
    private static final class Block extends Layer {
        private final Convolution branch1;
        private final Sequential branch2;
        private final Sequential branch3;
        private final Sequential branch4;
        private final Optional<Layer> attention;

        Block(long in, Widths widths, Placement placement, String path) {
            branch1 = register_module("branch1", new Convolution(in, widths.first(), 1, Window.DEFAULT));
            branch2 = register_module("branch2", narrowed(in, widths.middle2(), widths.second()));
            branch3 = register_module("branch3", narrowed(in, widths.middle3(), widths.third()));
            branch4 = register_module("branch4", new Sequential(maxPool2d(3, 1, 1),
                    new Convolution(in, widths.fourth(), 1, Window.DEFAULT)));
            attention = placement.create(path, Site.BLOCK, widths.all())
                    .map(layer -> register_module(placement.key(), layer));
        }

        private static Sequential narrowed(long in, long middle, long out) {
            return new Sequential(new Convolution(in, middle, 1, Window.DEFAULT),
                    new Convolution(middle, out, 3, Window.DEFAULT));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = cat(1, branch1.forward(x), branch2.forward(x), branch3.forward(x), branch4.forward(x));
            return attention.isPresent() ? attention.get().forward(y) : y; // (B, all widths, H, W)
        }
    }

    /** A classifier on earlier maps. */
    private static final class Auxiliary extends Layer {
        private static final long GRID = 4;
        private static final long WIDTH = 128;
        private static final long HIDDEN = 1024;
        private final Convolution conv;
        private final LinearImpl fc1;
        private final DropoutImpl dropout;
        private LinearImpl fc2;

        Auxiliary(long in, long classes) {
            conv = register_module("conv", new Convolution(in, WIDTH, 1, Window.DEFAULT));
            fc1 = register_module("fc1", linear(WIDTH * GRID * GRID, HIDDEN));
            dropout = register_module("dropout", Layers.dropout(0.7));
            fc2 = register_module("fc2", linear(HIDDEN, classes));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = conv.forward(Tensors.adaptiveMean(x, GRID, GRID)); // (B, 128, 4, 4)
            return fc2.forward(dropout.forward(fc1.forward(y.flatten(1, -1)).relu_()));
        }

        void replaceLast(long classes) {
            fc2 = replace_module("fc2", linear(HIDDEN, classes));
        }
    }
}
