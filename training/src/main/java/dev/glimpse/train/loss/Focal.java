package dev.glimpse.train.loss;

import java.util.List;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Cross entropy in which what is already right counts little.
 *
 * <pre>
 * classes     p = softmax(z)    loss = mean over positions of sum_c -w_c t_c (1 - p_c)^gamma log p_c
 * yes or no   p = sigmoid(z)    loss = mean over positions and labels of
 *                                      -(a t (1 - p)^gamma log p + (1 - a) (1 - t) p^gamma log(1 - p))
 * </pre>
 *
 * Lin, Goyal, Girshick, He, Dollar: Focal Loss for Dense Object Detection. ICCV 2017.
 * <a href="https://arxiv.org/abs/1708.02002">arXiv:1708.02002</a>
 *
 * <p>
 * Differs from the paper: a mean over what is known, not a sum over the number of objects, which images as a whole do not
 * have. The paper's form is that of yes or no; a single score always takes it.
 *
 * @param gamma at least 0; 0 is plain cross entropy
 * @param alpha a, what a yes counts, in 0 to 1; without it yes and no both count 1; not for classes
 * @param sigmoid whether each class is a yes or no on its own
 * @param weights w, one a class, or none; not for yes or no
 * @param ignored the class of positions that do not count
 */
public record Focal(double gamma, OptionalDouble alpha, boolean sigmoid, List<Double> weights, long ignored)
        implements
            Loss {
    /** Below this a power with an exponent under one has no finite slope. */
    private static final double LEAST = 1e-12;

    public Focal {
        if (!(gamma >= 0 && gamma < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("focal: gamma is " + gamma + ", must be at least 0");
        }
        if (alpha.isPresent() && !(alpha.getAsDouble() >= 0 && alpha.getAsDouble() <= 1)) {
            throw new IllegalArgumentException("focal: alpha is " + alpha.getAsDouble() + ", must be 0 to 1");
        }
        weights = Targets.checked(weights);
    }

    @Override
    public Tensor of(Tensor scores, Tensor target) {
        Targets.requireFit(scores, target);
        Tensor logits = Targets.wide(scores); // (B, K, ...)
        Tensor known = Targets.knownByClass(logits, target, ignored);
        Tensor truth = Targets.shares(logits, target, ignored);
        boolean yesOrNo = sigmoid || logits.size(1) == 1;
        requireMeant(yesOrNo);
        return yesOrNo ? yesOrNo(logits, truth, known.expand_as(logits)) : classes(logits, truth, known);
    }

    private void requireMeant(boolean yesOrNo) {
        if (!yesOrNo && alpha.isPresent()) {
            throw new IllegalArgumentException("focal: alpha is for a yes or no; give class weights, or sigmoid=true");
        }
        if (yesOrNo && !weights.isEmpty()) {
            throw new IllegalArgumentException("focal: class weights are not for a yes or no; give alpha");
        }
    }

    private Tensor classes(Tensor logits, Tensor truth, Tensor known) {
        Tensor logs = logits.log_softmax(1);
        Tensor easing = power(torch.rsub(logs.exp(), new Scalar(1L)));
        Tensor each = truth.mul(easing).mul(logs).neg(); // (B, K, ...)
        Tensor weighed = weights.isEmpty() ? each : each.mul(Targets.weightsByClass(weights, logits));
        Tensor positions = known.size(1) == 1 ? known.sum() : known.sum().div(new Scalar(logits.size(1)));
        return Targets.mean(weighed.sum(), positions);
    }

    private Tensor yesOrNo(Tensor logits, Tensor yes, Tensor known) {
        Tensor no = torch.rsub(yes, new Scalar(1L));
        Tensor missed = yes.mul(power(logits.neg().sigmoid())).mul(torch.softplus(logits.neg()));
        Tensor invented = no.mul(power(logits.sigmoid())).mul(torch.softplus(logits));
        Tensor each = alpha.isPresent()
                ? missed.mul(new Scalar(alpha.getAsDouble())).add(invented.mul(new Scalar(1 - alpha.getAsDouble())))
                : missed.add(invented);
        return Targets.mean(each.mul(known).sum(), known.sum());
    }

    private Tensor power(Tensor share) {
        return share.clamp_min(new Scalar(LEAST)).pow(new Scalar(gamma));
    }
}
