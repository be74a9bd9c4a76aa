package dev.glimpse.train;

import dev.glimpse.train.loss.Loss;
import dev.glimpse.train.metric.ConfusionTally;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * A class for each pixel: scores (B, K, H, W), or (B, 1, H, W) of yes or no, against classes (B, H, W). The best network has
 * the highest mean intersection over union.
 */
public final class SegmentationTask extends ForwardTask {
    private final int classes;
    private final long ignored;
    private final Loss loss;

    /**
     * @param classes at least 2
     * @param ignored the class of pixels that do not count
     */
    public SegmentationTask(int classes, long ignored, Loss loss) {
        this.classes = classes;
        this.ignored = ignored;
        this.loss = loss;
    }

    @Override
    public Tensor loss(Tensor output, Tensor target) {
        return loss.of(output, target);
    }

    @Override
    public Tally tally() {
        return new Counts(new ConfusionTally(classes, ignored));
    }

    @Override
    public String best() {
        return "mean_iou";
    }

    private static final class Counts implements Tally {
        private final ConfusionTally confusion;
        private final LossSum loss = new LossSum();

        Counts(ConfusionTally confusion) {
            this.confusion = confusion;
        }

        @Override
        public void add(Tensor output, Tensor target, double meanLoss) {
            confusion.add(output, target);
            loss.add(meanLoss, output.size(0));
        }

        @Override
        public long images() {
            return loss.images();
        }

        @Override
        public Map<String, Double> values() {
            Map<String, Double> values = new LinkedHashMap<>();
            values.put("loss", loss.mean());
            values.putAll(confusion.result().numbers());
            return values;
        }

        @Override
        public double[] state() {
            return loss.before(confusion.state());
        }

        @Override
        public void restore(double[] state) {
            confusion.restore(loss.restore(state));
        }
    }
}
