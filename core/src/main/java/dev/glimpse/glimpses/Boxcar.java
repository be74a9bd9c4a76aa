package dev.glimpse.glimpses;

import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Cuts a square out of a picture such that a loss can move and size it: a soft mask, and a bilinear zoom.
 *
 * <pre>
 * M(x, y) = [h(x - left) - h(x - right)] [h(y - top) - h(y - bottom)]     h(d) = 1 / (1 + exp(-k d)), d in pixels
 * result  = bilinear zoom of the box out of X * M                        (B, C, S, S) to (B, C, s, s)
 * </pre>
 *
 * Fu, Zheng, Mei: Look Closer to See Better: Recurrent Attention Convolutional Neural Network for Fine-grained Image
 * Recognition. CVPR 2017.
 * <a href="https://openaccess.thecvf.com/content_cvpr_2017/html/Fu_Look_Closer_to_CVPR_2017_paper.html">paper</a>
 *
 * <p>
 * A box is (across, down, half side) as shares of the picture's side. Pixels lie at 0.5, 1.5, ...; with k = 10 the mask is
 * a step of less than a pixel, so that only what lies at its edge moves a box. Differs from public codes, which cut at whole
 * pixels and, after the paper's sketch of it, take minus the squared gradient of the result for the mask's, summed over
 * thirds of the zoomed picture: here it is the gradient of the formula.
 *
 * @param sharpness k, in 1 / pixels
 * @param moves what of the result depends on the box where gradients flow
 */
public record Boxcar(double sharpness, Gradient moves) {
    /** How a gradient reaches a box. */
    public enum Gradient {
        /** Through the mask alone, as in the paper. */
        MASK,
        /** Through where the zoom reads as well. */
        BOTH
    }

    public Boxcar {
        if (!(sharpness > 0) || Double.isInfinite(sharpness)) {
            throw new IllegalArgumentException("racnn: sharpness is " + sharpness + ", must be above 0");
        }
    }

    /**
     * The part in the box, zoomed.
     *
     * @param images (B, C, S, S)
     * @param boxes (B, 3)
     * @param size side of the result
     */
    public Tensor cut(Tensor images, Tensor boxes, long size) {
        Tensor masked = images.mul(mask(boxes, images.size(2))); // (B, C, S, S)
        Tensor box = moves == Gradient.BOTH ? boxes : boxes.detach();
        long[] shape = {images.size(0), images.size(1), size, size};
        Tensor points = torch.affine_grid_generator(zoom(box), shape, false); // (B, s, s, 2)
        return Tensors.sample(masked, points, Tensors.Outside.BORDER, false);
    }

    /** M: (B, 3) to (B, 1, S, S). */
    Tensor mask(Tensor boxes, long side) {
        Tensor half = boxes.narrow(1, 2, 1);
        Tensor across = edge(boxes.narrow(1, 0, 1), half, side).unsqueeze(1); // (B, 1, S)
        Tensor down = edge(boxes.narrow(1, 1, 1), half, side).unsqueeze(2); // (B, S, 1)
        return down.mul(across).unsqueeze(1);
    }

    /** Along one axis: (B, 1) and (B, 1) to (B, S). */
    private Tensor edge(Tensor centre, Tensor half, long side) {
        Tensor pixels = torch.arange(new Scalar(side)).type_as(centre).add(new Scalar(0.5)).unsqueeze(0); // (1, S)
        Scalar toPixels = new Scalar((double) side);
        Tensor from = pixels.sub(centre.sub(half).mul(toPixels)).mul(new Scalar(sharpness)).sigmoid();
        Tensor beyond = pixels.sub(centre.add(half).mul(toPixels)).mul(new Scalar(sharpness)).sigmoid();
        return from.sub(beyond);
    }

    /** The affine map from the zoomed picture to the whole one, both from -1 to 1: (B, 3) to (B, 2, 3). */
    private static Tensor zoom(Tensor boxes) {
        Tensor scale = boxes.narrow(1, 2, 1).mul(new Scalar(2.0));
        Tensor zero = scale.mul(new Scalar(0.0));
        Tensor across = boxes.narrow(1, 0, 1).mul(new Scalar(2.0)).sub(new Scalar(1.0));
        Tensor down = boxes.narrow(1, 1, 1).mul(new Scalar(2.0)).sub(new Scalar(1.0));
        return Tensors.cat(1, scale, zero, across, zero, scale, down).view(-1, 2, 3);
    }

    /**
     * What a network proposes as a box that lies in the picture: no smaller than {@code least}, no larger than the picture,
     * moved inside where it reaches beyond. The gradient passes as if nothing had been bounded: else a box at its bound could
     * not leave it.
     *
     * @param proposed across, down and side, each in 0 to 1: (B, 3)
     * @param least the smallest half side, as a share of the picture's side
     */
    public static Tensor bounded(Tensor proposed, double least) {
        Tensor half = proposed.narrow(1, 2, 1).mul(new Scalar(0.5));
        Tensor free = Tensors.cat(1, proposed.narrow(1, 0, 2), half);
        Tensor legalHalf = half.detach().clamp_min(new Scalar(least)); // (B, 1)
        Tensor furthest = legalHalf.neg().add(new Scalar(1.0));
        Tensor centre = proposed.detach().narrow(1, 0, 2);
        Tensor inside = centre.maximum(legalHalf).minimum(furthest); // (B, 2)
        return free.add(Tensors.cat(1, inside, legalHalf).sub(free.detach()));
    }

    /** A box within a box, in the whole picture's measure. No gradient goes to the outer one: each has its own loss. */
    public static Tensor within(Tensor outer, Tensor inner) {
        Tensor fixed = outer.detach();
        Tensor half = fixed.narrow(1, 2, 1); // (B, 1)
        Tensor corner = fixed.narrow(1, 0, 2).sub(half); // (B, 2)
        Tensor scale = half.mul(new Scalar(2.0));
        Tensor centre = corner.add(inner.narrow(1, 0, 2).mul(scale));
        return Tensors.cat(1, centre, inner.narrow(1, 2, 1).mul(scale));
    }
}
