package dev.glimpse.train.loss;

import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Cross entropy of softmax: of one class a position, or of shares of classes as mixup makes them.
 *
 * <pre>
 * q    = (1 - e) t + e / K                           t: the class's one-hot row, or shares; e: label smoothing
 * loss = sum_n sum_c -w_c q_nc log softmax(z_n)_c / sum_n w_(class of n)     over positions whose class is known
 * </pre>
 *
 * For shares the sum is divided by the number of positions, as in PyTorch. A single score stands for two classes, the
 * other one's score being 0.
 *
 * <p>
 * Label smoothing: Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception Architecture for Computer Vision.
 * CVPR 2016. <a href="https://arxiv.org/abs/1512.00567">arXiv:1512.00567</a>
 *
 * @param smoothing e, at least 0 and below 1
 * @param weights w, one a class, or none
 * @param ignored the class of positions that do not count
 */
public record CrossEntropy(double smoothing, List<Double> weights, long ignored) implements Loss {
    private static final long SUM = 2; // libtorch's number for it
    private static final long NONE_IGNORED = -100; // likewise

    public CrossEntropy {
        Checks.probability("ce: smoothing", smoothing);
        weights = Targets.checked(weights);
    }

    @Override
    public Tensor of(Tensor scores, Tensor target) {
        Targets.requireFit(scores, target);
        Tensor logits = Targets.wide(scores); // (B, K, ...)
        Tensor truth = target.is_floating_point() ? target.type_as(logits) : target;
        if (scores.size(1) == 1) {
            logits = Tensors.cat(1, torch.zeros_like(logits.detach()), logits);
            truth = target.is_floating_point() ? Tensors.cat(1, torch.rsub(truth, new Scalar(1L)), truth) : truth;
        }
        Tensor weight = weights.isEmpty() ? null : Targets.weights(weights, logits.size(1), logits);
        Tensor sum = torch.cross_entropy_loss(logits, truth,
                weight == null ? new TensorOptional() : new TensorOptional(weight), SUM,
                target.is_floating_point() ? NONE_IGNORED : ignored, smoothing);
        return target.is_floating_point()
                ? sum.div(new Scalar(logits.numel() / logits.size(1)))
                : Targets.mean(sum, count(logits, target, weight));
    }

    private Tensor count(Tensor logits, Tensor target, Tensor weight) {
        Tensor known = Targets.known(logits, target, ignored);
        return weight == null ? known.sum()
                : weight.index_select(0, Targets.classes(target, ignored).flatten()).mul(known.flatten()).sum();
    }
}
