package dev.glimpse.train.loss;

import dev.glimpse.nn.Tensors;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What losses ask of their targets and weights. */
final class Targets {
    /** Keeps a mean over nothing from being a division by zero. */
    private static final double LEAST = 1e-12;

    private Targets() {}

    /** @throws IllegalArgumentException unless the target is classes (B, ...) or shares (B, K, ...) for scores (B, K, ...) */
    static void requireFit(Tensor scores, Tensor target) {
        boolean shares = target.is_floating_point();
        boolean fits = scores.dim() >= 2 && target.dim() == scores.dim() - (shares ? 0 : 1);
        for (int i = 0; fits && i < target.dim(); i++) {
            fits = target.size(i) == scores.size(shares || i == 0 ? i : i + 1);
        }
        if (!fits) {
            throw new IllegalArgumentException("a target of " + Tensors.shapeText(Tensors.shape(target))
                    + " does not fit scores of " + Tensors.shapeText(Tensors.shape(scores)) + "; expected "
                    + (shares ? "the same shape" : "a class for each image and position"));
        }
    }

    /** Scores in at least 32 bits: a sum over a map does not fit into fewer. */
    static Tensor wide(Tensor scores) {
        return scores.element_size() < Float.BYTES ? scores.to(ScalarType.Float) : scores;
    }

    /** One where the target is known and zero elsewhere, of the target's shape and the scores' type. */
    static Tensor known(Tensor scores, Tensor target, long ignored) {
        Tensor known = target.is_floating_point() ? target.ge(new Scalar(0L)) : target.ne(new Scalar(ignored));
        return known.type_as(scores);
    }

    /** The same, of a shape that spreads over the scores: (B, 1, ...) or (B, K, ...). */
    static Tensor knownByClass(Tensor scores, Tensor target, long ignored) {
        Tensor known = known(scores, target, ignored);
        return target.is_floating_point() ? known : known.unsqueeze(1);
    }

    /** The target as a share for each class, zero where nobody knows: (B, K, ...), of the scores' type. */
    static Tensor shares(Tensor scores, Tensor target, long ignored) {
        if (target.is_floating_point()) {
            return target.type_as(scores).clamp_min(new Scalar(0L));
        }
        Tensor classes = classes(target, ignored).unsqueeze(1);
        return scores.size(1) == 1
                ? classes.type_as(scores)
                : torch.zeros_like(scores.detach()).scatter(1, classes, knownByClass(scores, target, ignored));
    }

    /** The target's classes, with 0 for those that are ignored. */
    static Tensor classes(Tensor target, long ignored) {
        return target.masked_fill(target.eq(new Scalar(ignored)), new Scalar(0L));
    }

    /** A sum as a mean over what is known. */
    static Tensor mean(Tensor sum, Tensor count) {
        return sum.div(count.clamp_min(new Scalar(LEAST)));
    }

    /** A weight a class: (K), in the scores' type. */
    static Tensor weights(List<Double> weights, long classes, Tensor scores) {
        if (weights.size() != classes) {
            throw new IllegalArgumentException(
                    weights.size() + " class weights for " + classes + " classes; give one for each");
        }
        float[] values = new float[weights.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = weights.get(i).floatValue();
        }
        return Tensors.of(values, values.length).type_as(scores);
    }

    /** The same as (K, 1, ...), to be multiplied with the scores (B, K, ...). */
    static Tensor weightsByClass(List<Double> weights, Tensor scores) {
        long[] shape = new long[Math.toIntExact(scores.dim() - 1)];
        Arrays.fill(shape, 1);
        shape[0] = scores.size(1);
        return weights(weights, scores.size(1), scores).view(shape);
    }

    /** @throws IllegalArgumentException unless all weights are finite, none is negative and one is positive */
    static List<Double> checked(List<Double> weights) {
        if (weights.stream().anyMatch(w -> !(w >= 0 && w < Double.POSITIVE_INFINITY))
                || !weights.isEmpty() && weights.stream().allMatch(w -> w == 0)) {
            throw new IllegalArgumentException("class weights are " + weights + ", must be at least 0 and not all 0");
        }
        return List.copyOf(weights);
    }
}
