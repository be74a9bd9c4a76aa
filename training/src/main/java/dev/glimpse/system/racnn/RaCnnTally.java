package dev.glimpse.system.racnn;

import dev.glimpse.glimpses.RaCnn;
import dev.glimpse.glimpses.RaCnn.Sight;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.LossSum;
import dev.glimpse.train.Tally;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * How often the fused scores and each scale's were right, and where scale three looked.
 *
 * <pre>
 * accuracy                  of the fused scores
 * accuracy_1, _2, _3        of each scale's
 * area                      scale three's box as a share of the picture, on average
 * held_2, held              share of pictures in which scale two's box, and scale three's, holds all of the mark, where that
 *                           is known
 * </pre>
 */
final class RaCnnTally implements Tally {
    static final String ACCURACY = "accuracy";
    private static final int ANSWERS = RaCnn.SCALES + 1;
    private static final double ROUNDING = 1e-4; // pixels

    private final int classes;
    private final int size;
    private final LossSum loss = new LossSum();
    private long marked;
    private double area;
    private final long[] correct = new long[ANSWERS];
    private final long[] held = new long[RaCnn.SCALES - 1];

    RaCnnTally(int classes, int size) {
        this.classes = classes;
        this.size = size;
    }

    @Override
    public void add(Tensor output, Tensor target, double meanLoss) {
        try (PointerScope _ = new PointerScope()) {
            Sight sight = Sight.of(output, classes);
            long[] truth = Tensors.toLongs(RaCnnTask.labels(target).contiguous());
            Tensor scores = Tensors.cat(1, sight.fused().unsqueeze(1), sight.scores()); // (B, 4, K)
            long[] answers = Tensors.toLongs(Tensors.argmax(scores, 2));
            double[] boxes = Tensors.toDoubles(sight.boxes());
            long[] targets = target.dim() == 2 ? Tensors.toLongs(target) : null;
            for (int i = 0; i < truth.length; i++) {
                for (int j = 0; j < ANSWERS; j++) {
                    correct[j] += answers[i * ANSWERS + j] == truth[i] ? 1 : 0;
                }
                for (int j = 0; j < held.length; j++) {
                    int at = (i * held.length + j) * RaCnn.BOX;
                    held[j] += targets != null && holds(boxes, at, targets, i * BeetleExamples.TARGET) ? 1 : 0;
                }
                double half = boxes[((i + 1) * held.length) * RaCnn.BOX - 1];
                area += 4 * half * half;
            }
            marked += targets == null ? 0 : truth.length;
            loss.add(meanLoss, truth.length);
        }
    }

    /** Whether a box holds the whole mark. */
    private boolean holds(double[] boxes, int at, long[] targets, int from) {
        boolean whole = true;
        for (int axis = 0; axis < 2; axis++) {
            double start = (boxes[at + axis] - boxes[at + 2]) * size;
            double end = (boxes[at + axis] + boxes[at + 2]) * size;
            long mark = targets[from + 1 + axis];
            whole &= start <= mark + ROUNDING && end >= mark + targets[from + 3 + axis] - ROUNDING;
        }
        return whole;
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
        values.put(ACCURACY, correct[0] / images);
        for (int i = 1; i < ANSWERS; i++) {
            values.put(ACCURACY + "_" + i, correct[i] / images);
        }
        values.put("area", area / images);
        if (marked > 0) {
            values.put("held_2", (double) held[0] / marked);
            values.put("held", (double) held[1] / marked);
        }
        return values;
    }

    @Override
    public double[] state() {
        return loss.before(new double[]{marked, area, correct[0], correct[1], correct[2], correct[3], held[0],
            held[1]});
    }

    @Override
    public void restore(double[] state) {
        double[] rest = loss.restore(state);
        marked = (long) rest[0];
        area = rest[1];
        for (int i = 0; i < ANSWERS; i++) {
            correct[i] = (long) rest[2 + i];
        }
        held[0] = (long) rest[6];
        held[1] = (long) rest[7];
    }
}
