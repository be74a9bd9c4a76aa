package dev.glimpse.system.ram;

import dev.glimpse.nn.Tensors;
import dev.glimpse.train.Tally;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Loss, right answers, and where the last glimpse was: how often its sharpest patch {@code covered} the centre of the box
 * around the digit's ink, and how often its own centre was {@code on_digit}, within that box; over all looks in a test.
 */
final class RamTally implements Tally {
    private double lossSum;
    private double correct;
    private double covered;
    private double onDigit;
    private long images;

    /** What the tally takes: the scores (B, K), and two shares of an image's looks, side by side (B, K + 2). */
    static Tensor output(Tensor scores, Tensor covered, Tensor onDigit) {
        return Tensors.cat(1, scores.detach(), covered.unsqueeze(1), onDigit.unsqueeze(1));
    }

    @Override
    public void add(Tensor output, Tensor target, double meanLoss) {
        long count = output.size(0);
        long classes = output.size(1) - 2;
        lossSum += meanLoss * count;
        correct += Tensors.argmax(output.narrow(1, 0, classes), 1).eq(target.select(1, 0)).sum().item().toDouble();
        covered += output.select(1, classes).sum().item().toDouble();
        onDigit += output.select(1, classes + 1).sum().item().toDouble();
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
        values.put("on_digit", onDigit / Math.max(1, images));
        return values;
    }

    @Override
    public double[] state() {
        return new double[]{lossSum, correct, covered, onDigit, images};
    }

    @Override
    public void restore(double[] state) {
        lossSum = state[0];
        correct = state[1];
        covered = state[2];
        onDigit = state[3];
        images = (long) state[4];
    }
}
