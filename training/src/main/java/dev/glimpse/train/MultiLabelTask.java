package dev.glimpse.train;

import dev.glimpse.train.loss.Loss;
import dev.glimpse.train.metric.MultiLabelTally;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Any number of labels an image: scores (B, L) against (B, L) of 0 to 1, negative where nobody knows. The best network has
 * the highest mean average precision.
 */
public final class MultiLabelTask extends ForwardTask {
    private final int labels;
    private final Loss loss;

    /** @param loss of a yes or no for each label */
    public MultiLabelTask(int labels, Loss loss) {
        this.labels = labels;
        this.loss = loss;
    }

    @Override
    public Tensor loss(Tensor output, Tensor target) {
        return loss.of(output, target);
    }

    @Override
    public Tally tally() {
        return new Counts(new MultiLabelTally(labels));
    }

    @Override
    public String best() {
        return "mean_average_precision";
    }

    private static final class Counts implements Tally {
        private final MultiLabelTally scores;
        private final LossSum loss = new LossSum();

        Counts(MultiLabelTally scores) {
            this.scores = scores;
        }

        @Override
        public void add(Tensor output, Tensor target, double meanLoss) {
            scores.add(output, target);
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
            values.putAll(scores.result().numbers());
            return values;
        }

        @Override
        public double[] state() {
            return loss.before(scores.state());
        }

        @Override
        public void restore(double[] state) {
            scores.restore(loss.restore(state));
        }
    }
}
