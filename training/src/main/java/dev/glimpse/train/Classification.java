package dev.glimpse.train;

import dev.glimpse.nn.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** One class an image: scores (B, K) against labels (B), or against shares of the classes (B, K) where images were mixed. */
public final class Classification extends ForwardTask {
    private static final long MEAN = 1; // libtorch's number for it
    private static final long IGNORED = -100;

    private final double labelSmoothing;
    private final TensorOptional classWeights;
    private final boolean someCountForNothing;

    /** Build it outside of pointer scopes. */
    public Classification(Regularisation regularisation) {
        labelSmoothing = regularisation.labelSmoothing();
        classWeights = weights(regularisation.classWeights());
        someCountForNothing = regularisation.classWeights().stream().anyMatch(weight -> weight == 0);
    }

    private static TensorOptional weights(List<Double> each) {
        if (each.isEmpty()) {
            return new TensorOptional();
        }
        float[] weights = new float[each.size()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = each.get(i).floatValue();
        }
        return new TensorOptional(Tensors.of(weights, weights.length));
    }

    @Override
    public Tensor loss(Tensor output, Tensor target) {
        if (countsForNothing(target)) {
            return output.sum().mul(new Scalar(0L));
        }
        return torch.cross_entropy_loss(output, target, classWeights, MEAN, IGNORED, labelSmoothing);
    }

    /** Whether all of a batch's classes have a weight of 0, over whose sum the loss would be divided. */
    private boolean countsForNothing(Tensor target) {
        return someCountForNothing && !target.is_floating_point()
                && classWeights.get().index_select(0, target).sum().item().toDouble() == 0;
    }

    @Override
    public Tensor testLoss(Tensor output, Tensor target) {
        return torch.cross_entropy_loss(output, target);
    }

    @Override
    public Tally tally() {
        return new Counts();
    }

    @Override
    public String best() {
        return "accuracy";
    }

    private static final class Counts implements Tally {
        private double lossSum;
        private long correct;
        private long images;

        @Override
        public void add(Tensor output, Tensor target, double meanLoss) {
            long count = output.size(0);
            Tensor labels = target.dim() == 1 ? target : Tensors.argmax(target, 1);
            lossSum += meanLoss * count;
            correct += Tensors.argmax(output, 1).eq(labels).sum().item().toLong();
            images += count;
        }

        @Override
        public long images() {
            return images;
        }

        @Override
        public Map<String, Double> values() {
            Map<String, Double> values = new LinkedHashMap<>();
            values.put("loss", lossSum / Math.max(1, images));
            values.put("accuracy", (double) correct / Math.max(1, images));
            return values;
        }

        @Override
        public double[] state() {
            return new double[]{lossSum, correct, images};
        }

        @Override
        public void restore(double[] state) {
            lossSum = state[0];
            correct = (long) state[1];
            images = (long) state[2];
        }
    }
}
