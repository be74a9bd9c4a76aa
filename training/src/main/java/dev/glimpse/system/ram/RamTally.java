package dev.glimpse.system.ram;

import dev.glimpse.nn.Tensors;
import dev.glimpse.train.Tally;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Loss, right answers, and how often the last glimpse covered the centre of the digit. */
final class RamTally implements Tally {
    private double lossSum;
    private double correct;
    private double covered;
    private long images;

    /** What the tally takes: the scores, and whether the last glimpse covered the digit's centre, side by side (B, K + 1). */
    static Tensor output(Tensor scores, Tensor covered) {
        return Tensors.cat(1, scores.detach(), covered.unsqueeze(1));
    }

    @Override
    public void add(Tensor output, Tensor target, double meanLoss) {
        long count = output.size(0);
        long classes = output.size(1) - 1;
        lossSum += meanLoss * count;
        correct += Tensors.argmax(output.narrow(1, 0, classes), 1).eq(target.select(1, 0)).sum().item().toDouble();
        covered += output.select(1, classes).sum().item().toDouble();
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
        values.put("accuracy", correct / Math.max(1, images));
        values.put("covered", covered / Math.max(1, images));
        return values;
    }

    @Override
    public double[] state() {
        return new double[]{lossSum, correct, covered, images};
    }

    @Override
    public void restore(double[] state) {
        lossSum = state[0];
        correct = state[1];
        covered = state[2];
        images = (long) state[3];
    }
}
