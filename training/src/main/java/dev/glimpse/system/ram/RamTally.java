package dev.glimpse.system.ram;

import dev.glimpse.nn.Tensors;
import dev.glimpse.train.LossSum;
import dev.glimpse.train.Tally;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Loss, right answers, and where the last glimpse was: how often its sharpest patch {@code covered} the centre of the box
 * around the digit's ink, and how often its own centre was {@code on_digit}, within that box; over all looks in a test.
 */
final class RamTally implements Tally {
    private final LossSum loss = new LossSum();
    private double correct;
    private double covered;
    private double onDigit;

    /** What the tally takes: the scores (B, K), and two shares of an image's looks, side by side (B, K + 2). */
    static Tensor output(Tensor scores, Tensor covered, Tensor onDigit) {
        return Tensors.cat(1, scores.detach(), covered.unsqueeze(1), onDigit.unsqueeze(1));
    }

    @Override
    public void add(Tensor output, Tensor target, double meanLoss) {
        long classes = output.size(1) - 2;
        loss.add(meanLoss, output.size(0));
        correct += Tensors.argmax(output.narrow(1, 0, classes), 1).eq(target.select(1, 0)).sum().item().toDouble();
        covered += output.select(1, classes).sum().item().toDouble();
        onDigit += output.select(1, classes + 1).sum().item().toDouble();
    }

    @Override
    public long images() {
        return loss.images();
    }

    @Override
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        double images = Math.max(1, loss.images());
        values.put("loss", loss.mean());
        values.put("accuracy", correct / images);
        values.put("covered", covered / images);
        values.put("on_digit", onDigit / images);
        return values;
    }

    @Override
    public double[] state() {
        return loss.before(new double[]{correct, covered, onDigit});
    }

    @Override
    public void restore(double[] state) {
        double[] rest = loss.restore(state);
        correct = rest[0];
        covered = rest[1];
        onDigit = rest[2];
    }
}
