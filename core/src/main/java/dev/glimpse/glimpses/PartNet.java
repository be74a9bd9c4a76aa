package dev.glimpse.glimpses;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Window.padding;

import dev.glimpse.Layer;
import dev.glimpse.model.ImageNetwork;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import java.util.List;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * A small classifier for small pictures, such as a part of a generated one.
 *
 * <pre>
 * (conv 3x3, norm, relu) with 16, 32, 32, 64 channels, max-pool /2 behind the first two      (B, 64, H/4, W/4)
 * mean over all places, linear                                                              (B, classes)
 * </pre>
 */
public final class PartNet extends Layer implements ImageNetwork {
    private static final long WIDTH = 64;
    private static final long LEAST_SIDE = 8;

    private final Sequential features;
    private LinearImpl fc;

    public PartNet(long classes) {
        Checks.positive("part: classes", classes);
        features = register_module("features", new Sequential(conv2d(3, 16, 3, padding(1).noBias()), batchNorm2d(16),
                relu(), maxPool2d(2, 2, 0), conv2d(16, 32, 3, padding(1).noBias()), batchNorm2d(32), relu(),
                maxPool2d(2, 2, 0), conv2d(32, 32, 3, padding(1).noBias()), batchNorm2d(32), relu(),
                conv2d(32, WIDTH, 3, padding(1).noBias()), batchNorm2d(WIDTH), relu()));
        fc = register_module("fc", linear(WIDTH, classes));
    }

    /** Pictures (B, 3, H, W) to scores (B, classes). */
    @Override
    public Tensor forward(Tensor images) {
        return classify(features(images));
    }

    @Override
    public Tensor features(Tensor images) {
        Checks.images("part", 3, LEAST_SIDE, images);
        return features.forward(images);
    }

    @Override
    public Tensor classify(Tensor maps) {
        return fc.forward(Tensors.spatialMean(maps).flatten(1, -1));
    }

    /** Only its last maps. */
    @Override
    public List<Tensor> stages(Tensor images) {
        return List.of(features(images));
    }

    @Override
    public void replaceClassifier(long classes) {
        fc = replace_module("fc", linear(WIDTH, classes));
    }
}
