package dev.glimpse.train.metric;

import dev.glimpse.data.Mask;
import dev.glimpse.nn.Tensors;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Counts how often each class is taken for each, batch by batch, of images or of pixels.
 *
 * <p>
 * The class with the highest score is the answer; a single score above 0 is a yes, class 1. Of shares of classes the
 * largest is the truth.
 */
public final class ConfusionTally {
    private final int classes;
    private final long ignored;
    private final long[][] counts;

    /**
     * @param classes at least 2; a yes or no has 2
     * @param ignored the class of positions that do not count
     */
    public ConfusionTally(int classes, long ignored) {
        if (classes < 2) {
            throw new IllegalArgumentException("classes are " + classes + ", must be at least 2");
        }
        this.classes = classes;
        this.ignored = ignored;
        this.counts = new long[classes][classes];
    }

    /**
     * @param scores (B, K, ...), or (B, 1, ...) of yes or no
     * @param target (B, ...) of 64-bit classes, or (B, K, ...) of shares
     * @throws IllegalArgumentException for a class that is none of these
     */
    public void add(Tensor scores, Tensor target) {
        try (PointerScope _ = new PointerScope()) {
            Tensor answers = answers(scores).flatten();
            Tensor truth = truth(target).flatten();
            Tensor known = truth.ne(new Scalar(ignored));
            Tensor where = truth.masked_select(known);
            if (where.numel() == 0) {
                return;
            }
            long least = where.min().item_long();
            long most = where.max().item_long();
            if (least < 0 || most >= classes) {
                throw new IllegalArgumentException("the target holds class " + (least < 0 ? least : most)
                        + ", but classes are 0 to " + (classes - 1));
            }
            Tensor cells = where.mul(new Scalar(classes)).add(answers.masked_select(known));
            long[] batch = Tensors.toLongs(torch.bincount(cells, new TensorOptional(), (long) classes * classes));
            for (int i = 0; i < batch.length; i++) {
                counts[i / classes][i % classes] += batch[i];
            }
        }
    }

    /**
     * Counts the pixels of a picture.
     *
     * @param truth with {@link Mask#IGNORED} where nobody knows
     */
    public void add(Mask answers, Mask truth) {
        if (answers.width() != truth.width() || answers.height() != truth.height()) {
            throw new IllegalArgumentException("classes of " + answers.width() + "x" + answers.height()
                    + " pixels against " + truth.width() + "x" + truth.height());
        }
        for (int i = 0; i < truth.classes().length; i++) {
            if (truth.classes()[i] != Mask.IGNORED) {
                counts[truth.classes()[i] & 0xff][answers.classes()[i] & 0xff]++;
            }
        }
    }

    /** The class of each image or position: (B, K, ...) to (B, ...). */
    public static Tensor answers(Tensor scores) {
        return scores.size(1) == 1
                ? scores.squeeze(1).gt(new Scalar(0L)).to(ScalarType.Long)
                : Tensors.argmax(scores, 1);
    }

    /** The true classes; of shares a yes is a half or more. */
    private static Tensor truth(Tensor target) {
        if (!target.is_floating_point()) {
            return target;
        }
        return target.size(1) == 1
                ? target.squeeze(1).ge(new Scalar(0.5)).to(ScalarType.Long)
                : Tensors.argmax(target, 1);
    }

    /** The counts row by row, so that a stopped epoch can go on. */
    public double[] state() {
        return Arrays.stream(counts).flatMapToLong(Arrays::stream).asDoubleStream().toArray();
    }

    /** Goes on from a {@link #state}. */
    public void restore(double[] state) {
        for (int i = 0; i < state.length; i++) {
            counts[i / classes][i % classes] = (long) state[i];
        }
    }

    /** What was counted so far. */
    public ConfusionMatrix result() {
        long[][] copy = new long[classes][];
        for (int i = 0; i < classes; i++) {
            copy[i] = counts[i].clone();
        }
        return new ConfusionMatrix(copy);
    }
}
