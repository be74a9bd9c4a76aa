package dev.glimpse.train.metric;

import dev.glimpse.nn.Tensors;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;

/** Counts how often the right class has the highest score, and how often it is among the five highest. */
public final class ClassificationTally {
    private static final int AMONG = 5;

    private final ConfusionTally confusion;
    private final int classes;
    private final long ignored;
    private long amongFive;

    /**
     * How well images were told apart.
     *
     * @param topFive share of images whose class was among the five highest scores, 1 where there are no more than five
     */
    public record Score(ConfusionMatrix confusion, double topFive) {
        /** Share of images whose class had the highest score. */
        public double topOne() {
            return confusion.accuracy();
        }

        /** By name; the five highest only where there are more classes. */
        public Map<String, Double> numbers() {
            Map<String, Double> numbers = new LinkedHashMap<>();
            numbers.put("accuracy", topOne());
            if (confusion.classes() > AMONG) {
                numbers.put("top5_accuracy", topFive);
            }
            numbers.put("mean_class_accuracy", confusion.meanRecall());
            return numbers;
        }
    }

    public ClassificationTally(int classes, long ignored) {
        this.confusion = new ConfusionTally(classes, ignored);
        this.classes = classes;
        this.ignored = ignored;
    }

    /**
     * @param scores (B, K)
     * @param target (B) of 64-bit classes, or (B, K) of shares, of which the largest counts
     */
    public void add(Tensor scores, Tensor target) {
        confusion.add(scores, target);
        if (classes <= AMONG) {
            return;
        }
        try (PointerScope _ = new PointerScope(); T_TensorTensor_T highest = scores.topk(AMONG)) {
            long[] answers = Tensors.toLongs(new Tensor(highest.get1()));
            long[] truth = Tensors.toLongs(target.is_floating_point() ? Tensors.argmax(target, 1) : target);
            for (int i = 0; i < answers.length; i++) {
                amongFive += truth[i / AMONG] != ignored && answers[i] == truth[i / AMONG] ? 1 : 0;
            }
        }
    }

    public Score result() {
        ConfusionMatrix matrix = confusion.result();
        long count = matrix.count();
        return new Score(matrix, count == 0 ? Double.NaN : classes <= AMONG ? 1 : (double) amongFive / count);
    }
}
