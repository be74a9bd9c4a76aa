package dev.glimpse.data;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Mixes each image of a batch with another, and their labels alike.
 *
 * <pre>
 * mixup:  x = lambda x + (1 - lambda) x[partner]                 lambda from Beta(a, a)
 * cutmix: x = x, with a rectangle of about 1 - lambda of x[partner]
 * both:   y = lambda y + (1 - lambda) y[partner]                 (B, classes)
 * </pre>
 *
 * Mixup: Zhang, Cisse, Dauphin and Lopez-Paz, <i>mixup: Beyond Empirical Risk Minimization</i>, ICLR 2018,
 * <a href="https://arxiv.org/abs/1710.09412">arXiv:1710.09412</a>. Cutmix: Yun et al., <i>CutMix: Regularization Strategy
 * to Train Strong Classifiers with Localizable Features</i>, ICCV 2019,
 * <a href="https://arxiv.org/abs/1905.04899">arXiv:1905.04899</a>. One lambda a batch, as in timm; the partners are a
 * random permutation, where timm takes the batch backwards.
 *
 * @param mixup a of mixup, or 0 for none
 * @param cutmix a of cutmix, or 0 for none
 * @param probability of each batch
 * @param switching where both are on, the chance of cutmix
 */
public record Mixing(double mixup, double cutmix, double probability, double switching) {
    /**
     * A batch that was mixed.
     *
     * @param images (B, C, H, W)
     * @param targets (B, classes)
     */
    public record Mixed(Tensor images, Tensor targets) {}

    public Mixing {
        for (double alpha : new double[]{mixup, cutmix}) {
            if (!(alpha >= 0 && alpha <= 1000)) {
                throw new IllegalArgumentException("mixing by Beta(" + alpha + ", " + alpha + "); expected 0 to 1000");
            }
        }
        if (mixup == 0 && cutmix == 0) {
            throw new IllegalArgumentException("neither mixup nor cutmix; expected one of them above 0");
        }
        Augmentation.probability("mixing", probability);
        Augmentation.probability("cutmix", switching);
    }

    /**
     * Mixes a batch; what comes depends on the arguments alone. The tensors belong to the scope around, and the given ones
     * are not changed.
     *
     * @param images (B, C, H, W)
     * @param labels (B) whole numbers, or (B, classes) shares
     * @param smoothing share of each label that is spread over all classes
     */
    public Mixed mix(Tensor images, Tensor labels, long classes, double smoothing, long seed, int epoch, int batch) {
        RandomGenerator random = Seeds.random(seed, epoch, batch, 0x6d6978);
        Tensor targets = targets(labels, classes, smoothing);
        if (random.nextDouble() >= probability) {
            return new Mixed(images, targets);
        }
        boolean cut = cutmix > 0 && (mixup == 0 || random.nextDouble() < switching);
        double share = Beta.symmetric(cut ? cutmix : mixup, random);
        long[] order = Arrays.stream(Seeds.permutation((int) images.size(0), random)).asLongStream().toArray();
        Tensor partners = torch.tensor(order).to(images.device(), ScalarType.Long);
        Tensor others = images.index_select(0, partners);
        Tensor mixed;
        if (cut) {
            int height = (int) images.size(2);
            int width = (int) images.size(3);
            Area area = rectangle(height, width, share, random);
            share = 1 - (double) area.width() * area.height() / ((double) width * height);
            mixed = images.clone();
            part(mixed, area).copy_(part(others, area));
        } else {
            mixed = images.mul(new Scalar(share)).add_(others.mul_(new Scalar(1 - share)));
        }
        Tensor mixedTargets = targets.mul(new Scalar(share))
                .add_(targets.index_select(0, partners).mul_(new Scalar(1 - share)));
        return new Mixed(mixed, mixedTargets);
    }

    /** Labels as shares of classes: (B, classes). */
    public static Tensor targets(Tensor labels, long classes, double smoothing) {
        Tensor shares = labels.dim() == 2 ? labels
                : torch.zeros(labels.size(0), classes).to(labels.device(), ScalarType.Float)
                        .scatter_(1, labels.unsqueeze(1), new Scalar(1.0));
        return smoothing == 0 ? shares
                : shares.mul(new Scalar(1 - smoothing)).add_(new Scalar(smoothing / classes));
    }

    private static Tensor part(Tensor images, Area area) {
        return images.narrow(2, area.top(), area.height()).narrow(3, area.left(), area.width());
    }

    /** A rectangle of the picture's shape round a random point, cut off at the edges. */
    private static Area rectangle(int height, int width, double share, RandomGenerator random) {
        double side = Math.sqrt(1 - share);
        int halfHeight = (int) (height * side) / 2;
        int halfWidth = (int) (width * side) / 2;
        int y = random.nextInt(height);
        int x = random.nextInt(width);
        int top = Math.max(0, y - halfHeight);
        int left = Math.max(0, x - halfWidth);
        return new Area(left, top, Math.min(width, x + halfWidth) - left, Math.min(height, y + halfHeight) - top);
    }
}
