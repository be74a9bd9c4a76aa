package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.data.Image;
import dev.glimpse.data.Mask;
import dev.glimpse.data.SegmentationFolder;
import dev.glimpse.data.SegmentationTransform;
import dev.glimpse.data.TestTimeAugmentation;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.metric.ConfusionTally;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A trained network that tells a picture's pixels apart, with what it needs to look at one.
 *
 * <p>
 * A large picture is looked at in tiles, each with a margin of what is around it, so that memory does not grow with the
 * picture and a tile's border is no border: the overlap-tile strategy of Ronneberger, Fischer, Brox: U-Net. MICCAI 2015.
 * <a href="https://arxiv.org/abs/1505.04597">arXiv:1505.04597</a>
 *
 * @param network in eval mode: (B, C, H, W) to scores (B, K, H, W)
 * @param mean a channel, in 0 to 1; one for grey
 * @param std a channel
 * @param shorterSide to which pictures are scaled, 0 for their own
 * @param least side that the network is fed at least; a smaller picture goes on mirrored beyond its borders
 * @param tile side from which on a picture is cut into tiles of this size
 * @param margin around a tile
 * @param looks at each tile
 */
public record Segmenter(Layer network, float[] mean, float[] std, int shorterSide, int least, int tile, int margin,
        TestTimeAugmentation looks) {
    private static final int TILE = 1024;
    private static final int MARGIN = 128;

    public Segmenter {
        looks.requirePixels();
        if (least < 1 || tile < 1 || margin < 0) {
            throw new IllegalArgumentException("pictures of at least " + least + " pixels in tiles of " + tile
                    + " with a margin of " + margin + "; expected at least 1, 1 and 0");
        }
    }

    /** One look at each tile. */
    public Segmenter(Layer network, float[] mean, float[] std, int shorterSide, int least, int tile, int margin) {
        this(network, mean, std, shorterSide, least, tile, margin, TestTimeAugmentation.NONE);
    }

    /** In tiles of 1,024 pixels with margins of 128: what a U-Net sees around a pixel. */
    public Segmenter(Layer network, float[] mean, float[] std, int shorterSide, int least) {
        this(network, mean, std, shorterSide, least, TILE, MARGIN);
    }

    /** The same with other looks. */
    public Segmenter with(TestTimeAugmentation other) {
        return new Segmenter(network, mean, std, shorterSide, least, tile, margin, other);
    }

    /** The class of each pixel. */
    public Mask segment(Image picture) {
        Image seen = seen(picture);
        byte[] classes = new byte[seen.width() * seen.height()];
        for (int top = 0; top < seen.height(); top += tile) {
            for (int left = 0; left < seen.width(); left += tile) {
                segment(seen, left, top, classes);
            }
        }
        return new Mask(seen.width(), seen.height(), classes).scaled(picture.width(), picture.height());
    }

    /** The picture in the size in which the network sees it. */
    public Image seen(Image picture) {
        return SegmentationFolder.scaled(picture, shorterSide);
    }

    /** The picture as the network is fed it: (1, C, H, W), with sides of at least {@link #least}. It belongs to the scope around. */
    public Tensor input(Image seen) {
        int height = Math.max(least, seen.height());
        int width = Math.max(least, seen.width());
        Tensor input = Tensors.empty(ScalarType.Float, 1, mean.length, height, width);
        new SegmentationTransform(height, width, mean, std, null).write(seen, Tensors.memory(input));
        return input;
    }

    private void segment(Image seen, int left, int top, byte[] classes) {
        int fromX = Math.max(0, left - margin);
        int fromY = Math.max(0, top - margin);
        int toX = Math.min(seen.width(), left + tile + margin);
        int toY = Math.min(seen.height(), top + tile + margin);
        Image part = seen.part(fromX, fromY, toX - fromX, toY - fromY);
        int width = Math.min(tile, seen.width() - left);
        int height = Math.min(tile, seen.height() - top);
        try (PointerScope _ = new PointerScope()) {
            Tensor scores = Scopes.noGrad(() -> looks.pixels(network::forward, input(part))); // (1, K, H, W)
            Tensor answers = ConfusionTally.answers(scores).select(0, 0).to(ScalarType.Byte)
                    .narrow(0, top - fromY, height).narrow(1, left - fromX, width).contiguous();
            for (int y = 0; y < height; y++) {
                MemorySegment.copy(Tensors.memory(answers), ValueLayout.JAVA_BYTE, (long) y * width, classes,
                        (top + y) * seen.width() + left, width);
            }
        }
    }
}
