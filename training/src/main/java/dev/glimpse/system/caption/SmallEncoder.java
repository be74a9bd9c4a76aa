package dev.glimpse.system.caption;

import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.reluInPlace;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Five convolutions, (B, 3, S, S) to (B, 130, S / 8, S / 8), each place of which has seen 23x23 pixels: about a thing's size,
 * so that a decoder must look where the thing is.
 *
 * <p>
 * The last two of the features say how far to the right and how far down a place is, from -1 to 1, as in Liu et al., "An
 * intriguing failing of convolutional neural networks and the CoordConv solution", NeurIPS 2018,
 * <a href="https://arxiv.org/abs/1807.03247">arXiv:1807.03247</a>.
 */
final class SmallEncoder extends Layer {
    private static final long FEATURES = 128;
    /** What comes out. */
    static final long CHANNELS = FEATURES + 2;
    private static final long LEAST_SIDE = 8;

    private final Sequential convolutions;

    SmallEncoder() {
        List<Module> parts = new ArrayList<>();
        add(parts, 3, 32, 3, 2);
        add(parts, 32, 64, 3, 2);
        add(parts, 64, 64, 3, 1);
        add(parts, 64, FEATURES, 3, 2);
        add(parts, FEATURES, FEATURES, 1, 1);
        convolutions = register_module("convolutions", new Sequential(parts.toArray(Module[]::new)));
    }

    private static void add(List<Module> parts, long in, long out, long kernel, long stride) {
        parts.add(conv2d(in, out, kernel, Window.padding(kernel / 2).withStride(stride).noBias()));
        parts.add(batchNorm2d(out));
        parts.add(reluInPlace());
    }

    @Override
    public Tensor forward(Tensor images) {
        Checks.images("caption", 3, LEAST_SIDE, images);
        Tensor maps = convolutions.forward(images);
        return Tensors.cat(1, maps, places(maps));
    }

    /** (B, 2, h, w). */
    private static Tensor places(Tensor maps) {
        int height = (int) maps.size(2);
        int width = (int) maps.size(3);
        float[] places = new float[2 * height * width];
        for (int i = 0; i < height * width; i++) {
            places[i] = (i % width + 0.5f) * 2 / width - 1;
            places[height * width + i] = (i / width + 0.5f) * 2 / height - 1;
        }
        return Tensors.of(places, 1, 2, height, width).type_as(maps).expand(maps.size(0), 2, height, width);
    }
}
