package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.leakyRelu;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Window.padding;

import dev.glimpse.Layer;
import dev.glimpse.attention.Attentions.Slot;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * A small network that says whether an image holds a white patch, with an attention before its global pooling.
 *
 * <pre>
 * conv   conv 5x5 3-32, leaky relu, norm, pool /2; conv 5x5 32-32, leaky relu, norm, pool /2; conv 5x5 32-32
 * then   attention over (B, 32, H/4, W/4)
 * score  linear(mean over positions)                (B, 1): its sigmoid is the probability of a patch
 * </pre>
 *
 * The white-patch article's network. Differs from the article's in that the score comes out before the sigmoid, for a
 * loss that is stable.
 */
public final class WhitePatchNet extends Layer implements ImageNetwork {
    private static final long WIDTH = 32;
    private final Sequential conv;
    private final Optional<Layer> attention;
    private LinearImpl fc;

    /** @param slot the attention, or none for the plain CNN */
    public WhitePatchNet(Optional<Slot> slot) {
        conv = register_module("conv", new Sequential(conv2d(3, WIDTH, 5, padding(2)), leakyRelu(), batchNorm2d(WIDTH),
                maxPool2d(2, 2, 0), conv2d(WIDTH, WIDTH, 5, padding(2)), leakyRelu(), batchNorm2d(WIDTH),
                maxPool2d(2, 2, 0), conv2d(WIDTH, WIDTH, 5, padding(2))));
        attention = slot.map(s -> register_module(s.key(), s.create(WIDTH)));
        fc = register_module("fc", linear(WIDTH, 1));
    }

    /** Images (B, 3, H, W) to scores (B, 1). */
    @Override
    public Tensor forward(Tensor images) {
        return classify(features(images));
    }

    @Override
    public Tensor features(Tensor images) {
        return conv.forward(images); // (B, 32, H/4, W/4)
    }

    @Override
    public Tensor classify(Tensor features) {
        Tensor x = attention.isPresent() ? attention.get().forward(features) : features; // (B, 32, H/4, W/4)
        return fc.forward(Tensors.spatialMean(x).flatten(1, -1));
    }

    /** Only its last maps: it has no stages. */
    @Override
    public List<Tensor> stages(Tensor images) {
        return List.of(features(images));
    }

    @Override
    public void replaceClassifier(long classes) {
        fc = replace_module("fc", linear(WIDTH, classes));
    }
}
