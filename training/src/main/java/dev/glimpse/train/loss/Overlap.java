package dev.glimpse.train.loss;

import dev.glimpse.nn.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * How little of each class's region and of what is taken for it is common to both.
 *
 * <pre>
 * p       = softmax(z), or sigmoid(z) of yes or no                    (B, K, ...)
 * I_c     = sum p_c t_c,   P_c = sum p_c,   T_c = sum t_c             over known positions of all images, or of each
 * share_c = (I + s) / (I + a (P - I) + b (T - I) + s)                 P - I: wrongly taken, T - I: missed
 * loss    = weighted mean over classes of (1 - share_c)^gamma
 *
 * Tversky  a, b                                        Dice    a = b = 1/2: (2 I + s') / (P + T + s') with s' = 2 s
 *                                                      Jaccard a = b = 1:   (I + s) / (P + T - I + s)
 * </pre>
 *
 * Tversky: Salehi, Erdogmus, Gholipour: Tversky Loss Function for Image Segmentation Using 3D Fully Convolutional Deep
 * Networks. MLMI 2017. <a href="https://arxiv.org/abs/1706.05721">arXiv:1706.05721</a>. Dice: Milletari, Navab, Ahmadi:
 * V-Net: Fully Convolutional Neural Networks for Volumetric Medical Image Segmentation. 3DV 2016.
 * <a href="https://arxiv.org/abs/1606.04797">arXiv:1606.04797</a>. Jaccard: Rahman, Wang: Optimizing
 * Intersection-Over-Union in Deep Neural Networks for Image Segmentation. ISVC 2016.
 * <a href="https://doi.org/10.1007/978-3-319-50835-1_22">doi</a>. The exponent: Abraham, Khan: A Novel Focal Tversky Loss
 * Function with Improved Attention U-Net for Lesion Segmentation. ISBI 2019.
 * <a href="https://arxiv.org/abs/1810.07842">arXiv:1810.07842</a>
 *
 * <p>
 * Differs from V-Net: p and not its square in the sum, as nearly all code has it.
 *
 * @param falsePositives a, what is wrongly taken counts, at least 0
 * @param falseNegatives b, what is missed counts, at least 0
 * @param smooth s, above 0: a class that is nowhere and is taken nowhere has a share of one
 * @param gamma above 0; 1 for the plain loss
 * @param perImage whether regions are those of each image, the loss being the mean over images, or of the batch as a whole
 * @param background whether class 0 counts
 * @param sigmoid whether each class is a yes or no on its own; a single score always is
 * @param weights one a class, or none; not used for a single score
 * @param ignored the class of positions that do not count
 */
public record Overlap(double falsePositives, double falseNegatives, double smooth, double gamma, boolean perImage,
        boolean background, boolean sigmoid, List<Double> weights, long ignored) implements Loss {
    /** Below this a power with an exponent under one has no finite slope. */
    private static final double LEAST = 1e-12;

    public Overlap {
        atLeastZero("what is wrongly taken counts", falsePositives);
        atLeastZero("what is missed counts", falseNegatives);
        above("smooth", smooth);
        above("gamma", gamma);
        weights = Targets.checked(weights);
    }

    private static void atLeastZero(String what, double value) {
        if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("overlap: " + what + " " + value + ", must be at least 0");
        }
    }

    private static void above(String what, double value) {
        if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("overlap: " + what + " is " + value + ", must be above 0");
        }
    }

    @Override
    public Tensor of(Tensor scores, Tensor target) {
        Targets.requireFit(scores, target);
        Tensor logits = Targets.wide(scores); // (B, K, ...)
        Tensor truth = Targets.shares(logits, target, ignored);
        boolean single = logits.size(1) == 1;
        Tensor taken = (sigmoid || single ? logits.sigmoid() : logits.softmax(1))
                .mul(Targets.knownByClass(logits, target, ignored));
        Tensor common = overAll(taken.mul(truth)); // (1, K), or (B, K) of each image
        Tensor wrong = overAll(taken).sub(common);
        Tensor missed = overAll(truth).sub(common);
        Tensor share = common.add(new Scalar(smooth)).div(common.add(wrong.mul(new Scalar(falsePositives)))
                .add(missed.mul(new Scalar(falseNegatives))).add(new Scalar(smooth)));
        Tensor each = torch.rsub(share, new Scalar(1L));
        Tensor loss = gamma == 1 ? each : each.clamp_min(new Scalar(LEAST)).pow(new Scalar(gamma));
        return single ? loss.mean() : overClasses(loss);
    }

    private Tensor overAll(Tensor x) {
        Tensor byImage = x.reshape(x.size(0), x.size(1), -1).sum(new long[]{2}, false, new ScalarTypeOptional()); // (B, K)
        return perImage ? byImage : byImage.sum(new long[]{0}, true, new ScalarTypeOptional());
    }

    private Tensor overClasses(Tensor loss) {
        long classes = loss.size(1);
        Tensor weight = weights.isEmpty()
                ? torch.ones_like(loss.detach()).narrow(0, 0, 1)
                : Targets.weights(weights, classes, loss).unsqueeze(0);
        long first = background ? 0 : 1;
        Tensor counted = weight.narrow(1, first, classes - first);
        return Targets.mean(loss.narrow(1, first, classes - first).mean(new long[]{0}, true, new ScalarTypeOptional())
                .mul(counted).sum(), counted.sum());
    }
}
