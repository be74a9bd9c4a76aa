package dev.glimpse.glimpses;

import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Tensors;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What is seen of an image at a place: square patches around it, each {@code scale} times as wide as the one before and
 * averaged down to the same few pixels, so that sharpness falls off from the centre.
 *
 * <pre>
 * centre = floor((location + 1) / 2 * size), across and down, in pixels       location (B, 2) in -1 to 1
 * patch  = the pixels from centre - side / 2 on, zeros outside of the image   side = patch * scale^i
 * </pre>
 *
 * Mnih, Heess, Graves, Kavukcuoglu: Recurrent Models of Visual Attention. NeurIPS 2014,
 * <a href="https://arxiv.org/abs/1406.6247">arXiv:1406.6247</a>
 *
 * <p>
 * Locations are rounded to whole pixels, as in kevinzakka/recurrent-visual-attention: no gradient flows to them.
 *
 * @param patch side of the sharpest patch, and of all once they are averaged, in pixels
 * @param patches how many
 * @param scale how much wider each is than the one before
 */
public record Retina(long patch, long patches, long scale) {
    private static final long WIDEST = 1 << 12;

    public Retina {
        Checks.positive("retina: patch", patch);
        Checks.positive("retina: patches", patches);
        Checks.positive("retina: scale", scale);
        if (patch * Math.pow(scale, patches - 1.0) > WIDEST) {
            throw new IllegalArgumentException("retina: " + patches + " patches from " + patch + " pixels on, each "
                    + scale + " times as wide, reach beyond " + WIDEST + " pixels");
        }
    }

    /** How many numbers it sees of an image at a time. */
    public long size(long channels) {
        return patches * channels * patch * patch;
    }

    /** Sides of the patches on the image, in pixels. */
    public long[] sides() {
        return LongStream.iterate(patch, side -> side * scale).limit(patches).toArray();
    }

    /**
     * Looks.
     *
     * @param images (B, C, H, W)
     * @param locations (B, 2), across and down, in -1 to 1
     * @return (B, patches * C * patch * patch), patch by patch
     * @throws IllegalArgumentException for images smaller than the sharpest patch
     */
    public Tensor see(Tensor images, Tensor locations) {
        if (images.dim() != 4 || Math.min(images.size(2), images.size(3)) < patch) {
            throw new IllegalArgumentException("a retina of " + patch + "x" + patch
                    + " pixels needs images at least as large, got " + Tensors.shapeText(Tensors.shape(images)));
        }
        Tensor centres = centres(locations, images.size(3), images.size(2));
        Tensor[] seen = new Tensor[(int) patches];
        long[] sides = sides();
        for (int i = 0; i < seen.length; i++) {
            Tensor cut = cut(images, centres, sides[i]); // (B, C, side, side)
            seen[i] = sides[i] == patch ? cut : Tensors.windowMean(cut, sides[i] / patch, sides[i] / patch, 0);
        }
        return Tensors.cat(1, seen).flatten(1, 3);
    }

    /** The pixels, column and row, that locations (B, 2) in -1 to 1 name: (B, 2), 64-bit integers. */
    public Tensor centres(Tensor locations, long width, long height) {
        Tensor size = Tensors.of(new float[]{width, height}, 2).type_as(locations);
        return locations.detach().add(new Scalar(1.0)).mul(size).mul(new Scalar(0.5)).to(ScalarType.Long);
    }

    /**
     * Whether points of the image lie within the sharpest patch.
     *
     * @param locations (B, 2) in -1 to 1
     * @param points (B, 2) in pixels, across and down; 0 is the border of the first pixel
     * @return (B), 1 where it does, else 0, 32-bit floats
     */
    public Tensor covers(Tensor locations, Tensor points, long width, long height) {
        Tensor from = centres(locations, width, height).sub(new Scalar(patch / 2)); // (B, 2)
        Tensor inside = points.sub(from);
        return inside.ge(new Scalar(0L)).logical_and(inside.lt(new Scalar(patch))).all(1).to(ScalarType.Float);
    }

    private static Tensor cut(Tensor images, Tensor centres, long side) {
        long before = side / 2;
        long after = side - before;
        long width = images.size(3) + side;
        Tensor padded = torch.constant_pad_nd(images, before, after, before, after); // a pixel here is half a side further
        Tensor steps = Tensors.of(LongStream.range(0, side).toArray(), side);
        Tensor columns = centres.narrow(1, 0, 1).add(steps).unsqueeze(1); // (B, 1, side)
        Tensor rows = centres.narrow(1, 1, 1).add(steps).unsqueeze(2); // (B, side, 1)
        Tensor pixels = rows.mul(new Scalar(width)).add(columns).flatten(1, 2).unsqueeze(1) // (B, 1, side * side)
                .expand(-1, images.size(1), -1);
        return padded.flatten(2, 3).gather(2, pixels).view(images.size(0), images.size(1), side, side);
    }
}
