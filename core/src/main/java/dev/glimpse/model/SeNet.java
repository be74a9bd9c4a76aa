package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.dropout;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.maxPool2dToTheBorder;
import static dev.glimpse.nn.Layers.relu;

import dev.glimpse.Layer;
import dev.glimpse.attention.Attentions;
import dev.glimpse.attention.Attentions.Slot;
import dev.glimpse.model.ResNet.Config;
import dev.glimpse.model.ResNet.Unit;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.MaxPool2dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * The networks of squeeze-and-excitation's authors, SENet-154 among them, as they were converted from Caffe.
 *
 * <pre>
 * layer0     conv, norm, relu, once or three times; then max-pool 3x3 /2 without padding
 * layer1-4   relu(shortcut(x) + gate(block(x))), as in {@link ResNet}; a basic block's gate sees relu(block(x))
 * head       mean over positions, dropout 0.2, linear             (B, classes)
 * </pre>
 *
 * Hu, Shen, Sun: Squeeze-and-Excitation Networks. CVPR 2018.
 * <a href="https://arxiv.org/abs/1709.01507">arXiv:1709.01507</a>
 *
 * <p>
 * Keys and initial values as in timm's {@code legacy_} networks, which are those of Cadene/pretrained-models: whatever the
 * attention, it stands under {@code se_module}. Differs from {@link ResNet} in these keys, in the dropout, in the ReLU before
 * a basic block's gate, and in a pool whose last windows reach beyond the border, where Caffe's authors had no padding. A SE-ResNet's stride stands in the
 * first 1x1 convolution. Take these to load such weights, and a {@link ResNet} with {@code se} otherwise.
 */
public final class SeNet extends Layer implements ImageNetwork {
    /** The gates as users would type them: a sixteenth of the channels, rounded down, with biases. */
    static final String GATE = "se-timm:rd_divisor=1";
    /** The key of an attention in a block. */
    static final String KEY = "se_module";
    /** The authors' share of what the classifier sees. */
    static final Drops DROPS = new Drops(0, 0.2);

    private final Sequential layer0;
    private final Optional<MaxPool2dImpl> pool0;
    private final ResidualStages stages;
    private final DropoutImpl dropout;
    private LinearImpl lastLinear;

    /** @param config {@link #gated} for the authors' networks; its attention stands under its own key */
    public SeNet(Config config) {
        layer0 = register_module("layer0", new Sequential());
        int number = 0;
        for (Conv2dImpl conv : config.stem().convolutions(config.inputChannels())) {
            number++;
            layer0.then("conv" + number, conv).then("bn" + number, batchNorm2d(conv.weight().size(0)))
                    .then("relu" + number, relu());
        }
        pool0 = config.stem().pools() ? Optional.of(register_module("pool0", maxPool2dToTheBorder(3, 2)))
                : Optional.empty();
        stages = new ResidualStages(this, config, (in, width, window, c, path) -> new ResidualBlock(in, width, window,
                c, path, c.unit() == Unit.BASIC));
        dropout = register_module("dropout", dropout(config.drops().features()));
        lastLinear = register_module("last_linear", linear(stages.channels(), config.classes()));
    }

    /** A network's form with the authors' gate in every block. */
    public static Config gated(Config config) {
        return config.withDrops(DROPS).withAttention(Placement.inBlocks(slot(GATE)).withKey(KEY));
    }

    /** As users type it; the authors' gate starts as all convolutions do. */
    static Slot slot(String text) {
        Slot slot = Attentions.slot(text);
        return text.equals(GATE) ? startingAsConvolutions(slot) : slot;
    }

    /** A gate of two convolutions, which get the initial values of a network's other convolutions. */
    static Slot startingAsConvolutions(Slot slot) {
        return new Slot(slot.key(), channels -> {
            Layer gate = slot.create(channels);
            gate.parts().values().forEach(conv -> Init.kaimingFanOut(((Conv2dImpl) conv).weight()));
            return gate;
        });
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
        return lastLinear.forward(dropout.forward(Tensors.spatialMean(features).flatten(1, -1)));
    }

    @Override
    public void replaceClassifier(long classes) {
        lastLinear = replace_module("last_linear", linear(stages.channels(), classes));
    }

    private Tensor stem(Tensor images) {
        Tensor x = layer0.forward(images);
        if (pool0.isEmpty()) {
            return x;
        }
        if (x.size(2) < 2 || x.size(3) < 2) {
            throw new IllegalArgumentException("senet: images are " + images.size(2) + "x" + images.size(3)
                    + ", must be 3x3 or larger, since the first pool has no padding");
        }
        return pool0.get().forward(x);
    }
}
