package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.data.SegmentationFolder;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Segmenter;
import dev.glimpse.train.TaskConfig;
import java.io.IOException;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What the commands share about runs that tell pixels apart. */
final class SegmentationRuns {
    private SegmentationRuns() {}

    /** The images of a run as its configuration reads them. */
    static SegmentationFolder.Splits splits(Path data, RunConfig config) throws IOException {
        TaskConfig.Masks masks = config.task().masks();
        return SegmentationFolder.splits(data, masks.legend()).scaled(masks.shorterSide());
    }

    /** The network of a run, ready to look at pictures. */
    static Segmenter segmenter(Layer network, RunConfig config) {
        return new Segmenter(network, config.mean(), config.std(), config.task().masks().shorterSide(), config.size());
    }

    /** @throws IllegalArgumentException unless the network gives scores to each pixel of a square image of that side */
    static void requireScoresOfPixels(Args args, int side) {
        try (PointerScope _ = new PointerScope()) {
            Layer network = Networks.create(args);
            network.eval();
            Tensor scores = Scopes.noGrad(() -> network.forward(Tensors.zeros(ScalarType.Float, 1, 3, side, side)));
            if (scores.dim() != 4 || scores.size(2) != side || scores.size(3) != side) {
                throw new IllegalArgumentException(
                        "'" + args.owner() + "' gives no scores to pixels; take --model unet");
            }
        }
    }
}
