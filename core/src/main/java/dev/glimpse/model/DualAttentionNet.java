package dev.glimpse.model;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.maxPool2d;

import dev.glimpse.Layer;
import dev.glimpse.attention.Cam;
import dev.glimpse.attention.DaNet;
import dev.glimpse.attention.DaNet.Result;
import dev.glimpse.model.ResNet.Config;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Tensors;
import java.util.List;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.MaxPool2dImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * The dual attention network for segmentation: DANet's head on a residual network that keeps an eighth of the resolution.
 *
 * <pre>
 * pretrained   {@link ResNet} with a wide stem of three convolutions       (B, 256, H/4, W/4) to (B, 512, H/8, W/8)
 *              layer3, layer4 dilated by 2 and 4 instead of halved       (B, 2048, H/8, W/8)
 * head         {@link DaNet}: position and channel attention, added      (B, classes, H/8, W/8)
 * enlarged     bilinear, corners aligned                                 (B, classes, H, W)
 * </pre>
 *
 * Fu, Liu, Tian, Li, Bao, Fang, Lu: Dual Attention Network for Scene Segmentation. CVPR 2019.
 * <a href="https://arxiv.org/abs/1809.02983">arXiv:1809.02983</a>
 *
 * <p>
 * Keys and initial values as in the authors' junfu1115/DANet; structure, names and numbers of parameters as in
 * osmr/pytorchcv, whose keys differ. Differs from the authors' published networks, whose last stage is dilated by 4, 8 and
 * 16 by turns: their weights fit, but were trained for that. Train it on all three of {@link #branches}.
 */
public final class DualAttentionNet extends Layer implements ImageNetwork {
    /** Cityscapes'. */
    private static final long STRIDE = 8;
    private static final double DROPOUT = 0.1;

    private final Backbone pretrained;
    private DaNet head;

    /** @param config the backbone's; its classes are those of the segmentation */
    public DualAttentionNet(Config config) {
        pretrained = register_module("pretrained", new Backbone(config));
        head = register_module("head", head(config.classes()));
    }

    private DaNet head(long classes) {
        return new DaNet(pretrained.stages.channels(), new DaNet.Config(classes, DROPOUT, Cam.Config.DEFAULT));
    }

    /** Images (B, input channels, H, W) to a score a class and pixel (B, classes, H, W). */
    @Override
    public Tensor forward(Tensor images) {
        return enlarged(Steps.run(head::forward, features(images)), images);
    }

    /** What it is trained on: the scores, and those of each branch by itself, all (B, classes, H, W). */
    public Result branches(Tensor images) {
        Result small = head.branches(features(images)); // (B, classes, H/8, W/8)
        return new Result(enlarged(small.sum(), images), enlarged(small.position(), images),
                enlarged(small.channel(), images));
    }

    /** (B, 2048, H/8, W/8). */
    @Override
    public Tensor features(Tensor images) {
        return pretrained.forward(images);
    }

    /** Scores eight times as large as the maps: those of {@link #forward} where the images' sides divide by eight. */
    @Override
    public Tensor classify(Tensor features) {
        return Tensors.bilinear(head.forward(features), STRIDE * features.size(2), STRIDE * features.size(3), true);
    }

    /** (B, 256, H/4, W/4), then three times (B, C, H/8, W/8). */
    @Override
    public List<Tensor> stages(Tensor images) {
        return pretrained.stages.all(Steps.run(pretrained::stem, images));
    }

    @Override
    public void replaceClassifier(long classes) {
        head = replace_module("head", head(classes));
    }

    private static Tensor enlarged(Tensor scores, Tensor images) {
        return Tensors.bilinear(scores, images.size(2), images.size(3), true);
    }

    /** A {@link ResNet} without its classifier, whose last two stages do not halve. */
    private static final class Backbone extends Layer {
        private static final int DILATED = 2;
        private final Module conv1;
        private final BatchNorm2dImpl bn1;
        private final MaxPool2dImpl maxpool;
        private final ResidualStages stages;

        Backbone(Config config) {
            conv1 = register_module("conv1", config.stem().module(config.inputChannels()));
            bn1 = register_module("bn1", batchNorm2d(config.stem().channels()));
            maxpool = register_module("maxpool", maxPool2d(3, 2, 1));
            stages = new ResidualStages(this, config, ResidualBlock::new, DILATED);
        }

        @Override
        public Tensor forward(Tensor images) {
            return stages.last(Steps.run(this::stem, images));
        }

        private Tensor stem(Tensor images) {
            return maxpool.forward(bn1.forward(Layers.forward(conv1, images)).relu_());
        }
    }
}
