package dev.glimpse.train.loss;

import dev.glimpse.nn.Checks;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Cross entropy of a yes or no for each label, on its own.
 *
 * <pre>
 * q    = (1 - e) t + e / 2                           t: 1 for yes, 0 for no, or anything between; e: label smoothing
 * loss = mean over what is known of -(w_c q log sigmoid(z) + (1 - q) log(1 - sigmoid(z)))
 * </pre>
 *
 * One class a position is taken as a yes for that class and a no for each other.
 *
 * @param smoothing e, at least 0 and below 1
 * @param weights w, what a yes weighs against a no, one a label, or none
 * @param ignored the class of positions that do not count
 */
public record BinaryCrossEntropy(double smoothing, List<Double> weights, long ignored) implements Loss {
    private static final long SUM = 2; // libtorch's number for it

    public BinaryCrossEntropy {
        Checks.probability("bce: smoothing", smoothing);
        weights = Targets.checked(weights);
    }

    @Override
    public Tensor of(Tensor scores, Tensor target) {
        Targets.requireFit(scores, target);
        Tensor logits = Targets.wide(scores); // (B, L, ...)
        Tensor yes = Targets.shares(logits, target, ignored);
        Tensor smoothed = yes.mul(new Scalar(1 - smoothing)).add(new Scalar(smoothing / 2));
        Tensor known = Targets.knownByClass(logits, target, ignored).expand_as(logits);
        TensorOptional weight = weights.isEmpty()
                ? new TensorOptional()
                : new TensorOptional(Targets.weightsByClass(weights, logits));
        Tensor sum = torch.binary_cross_entropy_with_logits(logits, smoothed, new TensorOptional(known), weight, SUM);
        return Targets.mean(sum, known.sum());
    }
}
