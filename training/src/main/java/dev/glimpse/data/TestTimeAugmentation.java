package dev.glimpse.data;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Several looks at each image, whose answers are averaged: Krizhevsky, Sutskever and Hinton, <i>ImageNet Classification
 * with Deep Convolutional Neural Networks</i>, NeurIPS 2012.
 */
public enum TestTimeAugmentation {
    /** The image. */
    NONE(false, false),
    /** The image and its mirror image. */
    FLIP(false, true),
    /** The corners and the centre of an image that is an eighth larger than the network's. */
    FIVE_CROP(true, false),
    /** The same and their mirror images. */
    TEN_CROP(true, true);

    private final boolean crops;
    private final boolean mirrored;

    TestTimeAugmentation(boolean crops, boolean mirrored) {
        this.crops = crops;
        this.mirrored = mirrored;
    }

    /** At which size the loader gives the images for a network of {@code size}: 256 for the crops of 224. */
    public int loadedSize(int size) {
        return crops ? Math.toIntExact(Math.round(size / 0.875)) : size;
    }

    /**
     * The looks.
     *
     * @param images (B, C, L, L), where L is {@link #loadedSize}
     * @return tensors (B, C, size, size), which belong to the scope around
     */
    public List<Tensor> views(Tensor images, int size) {
        long border = images.size(2) - size;
        if (images.size(2) != loadedSize(size) || images.size(3) != images.size(2)) {
            throw new IllegalArgumentException("images of " + images.size(2) + "x" + images.size(3) + "; expected "
                    + loadedSize(size) + "x" + loadedSize(size));
        }
        List<Tensor> views = new ArrayList<>();
        if (crops) {
            for (long[] corner : new long[][]{{0, 0}, {0, border}, {border, 0}, {border, border},
                {border / 2, border / 2}}) {
                views.add(images.narrow(2, corner[0], size).narrow(3, corner[1], size).contiguous());
            }
        } else {
            views.add(images);
        }
        if (mirrored) {
            views.addAll(views.stream().map(view -> view.flip(3)).toList());
        }
        return views;
    }

    /**
     * The logarithm of the mean probability of each class, which serves as scores do.
     *
     * @param network images to scores (B, classes); gradients should be off
     */
    public Tensor scores(UnaryOperator<Tensor> network, Tensor images, int size) {
        List<Tensor> views = views(images, size);
        return views.size() == 1
                ? network.apply(images)
                : mean(views.stream().map(view -> network.apply(view).softmax(1)).toList()).log_();
    }

    /**
     * The same where each class is a yes or no: the logit of its mean probability.
     *
     * @param network images to scores (B, labels); gradients should be off
     */
    public Tensor yesOrNo(UnaryOperator<Tensor> network, Tensor images, int size) {
        List<Tensor> views = views(images, size);
        return views.size() == 1
                ? network.apply(images)
                : mean(views.stream().map(view -> network.apply(view).sigmoid()).toList()).logit();
    }

    /**
     * The same of classes of pixels: mean probabilities as scores, those of mirror images mirrored back.
     *
     * @param network images (B, C, H, W) to scores (B, K, H, W), or (B, 1, H, W) of yes or no; gradients should be off
     * @throws IllegalArgumentException for looks that show parts
     */
    public Tensor pixels(UnaryOperator<Tensor> network, Tensor images) {
        requirePixels();
        Tensor scores = network.apply(images);
        return mirrored
                ? mean(List.of(probabilities(scores), probabilities(network.apply(images.flip(3))).flip(3))).logit()
                : scores;
    }

    /** @throws IllegalArgumentException unless these looks show the whole image */
    public void requirePixels() {
        if (crops) {
            throw new IllegalArgumentException(
                    "--tta is " + this + "; where pixels are told apart it is none or flip: crops leave pixels out");
        }
    }

    private static Tensor probabilities(Tensor pixels) {
        return pixels.size(1) == 1 ? pixels.sigmoid() : pixels.softmax(1);
    }

    private static Tensor mean(List<Tensor> looks) {
        Tensor sum = looks.getFirst().clone();
        looks.subList(1, looks.size()).forEach(sum::add_);
        return sum.div_(new Scalar(looks.size()));
    }
}
