package dev.glimpse.train.metric;

import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * Collects scores of several labels, batch by batch.
 *
 * <p>
 * Average precision ranks all images of a data set, so their scores are kept: 8 bytes an image and label.
 */
public final class MultiLabelTally {
    private final int labels;
    private final List<float[]> scores = new ArrayList<>();
    private final List<float[]> targets = new ArrayList<>();

    public MultiLabelTally(int labels) {
        if (labels < 1) {
            throw new IllegalArgumentException("labels are " + labels + ", must be at least 1");
        }
        this.labels = labels;
    }

    /**
     * @param batch (B, L), above 0 for a yes
     * @param target (B, L), 0.5 or more for a yes, negative where nobody knows
     */
    public void add(Tensor batch, Tensor target) {
        if (batch.size(1) != labels || target.numel() != batch.numel()) {
            throw new IllegalArgumentException("scores of " + Tensors.shapeText(Tensors.shape(batch))
                    + " and a target of " + Tensors.shapeText(Tensors.shape(target)) + " do not fit " + labels
                    + " labels");
        }
        scores.add(Tensors.toFloats(batch));
        targets.add(Tensors.toFloats(target));
    }

    /** The scores and then the targets, so that a stopped epoch can go on. */
    public double[] state() {
        return Stream.concat(scores.stream(), targets.stream())
                .flatMapToDouble(part -> IntStream.range(0, part.length).mapToDouble(i -> part[i])).toArray();
    }

    /** Goes on from a {@link #state}. */
    public void restore(double[] state) {
        float[] all = new float[state.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) state[i];
        }
        scores.clear();
        targets.clear();
        scores.add(Arrays.copyOf(all, all.length / 2));
        targets.add(Arrays.copyOfRange(all, all.length / 2, all.length));
    }

    public MultiLabelScore result() {
        List<MultiLabelScore.Label> result = new ArrayList<>();
        for (int label = 0; label < labels; label++) {
            result.add(label(label));
        }
        return new MultiLabelScore(result);
    }

    private MultiLabelScore.Label label(int label) {
        List<float[]> known = new ArrayList<>(); // score, yes
        for (int b = 0; b < scores.size(); b++) {
            float[] target = targets.get(b);
            for (int i = label; i < target.length; i += labels) {
                if (target[i] >= 0) {
                    known.add(new float[]{scores.get(b)[i], target[i] >= 0.5f ? 1 : 0});
                }
            }
        }
        long hits = known.stream().filter(k -> k[0] > 0 && k[1] == 1).count();
        long invented = known.stream().filter(k -> k[0] > 0 && k[1] == 0).count();
        long missed = known.stream().filter(k -> !(k[0] > 0) && k[1] == 1).count();
        return new MultiLabelScore.Label(hits, invented, missed, known.size(),
                averagePrecision(known.toArray(float[][]::new)));
    }

    /** Equal scores come in together: their order says nothing. A score that is no number ranks last. */
    private static double averagePrecision(float[][] known) {
        for (float[] one : known) {
            one[0] = Float.isNaN(one[0]) ? Float.NEGATIVE_INFINITY : one[0];
        }
        Arrays.sort(known, (a, b) -> Float.compare(b[0], a[0]));
        double sum = 0;
        long hits = 0;
        long before = 0;
        for (int i = 0; i < known.length; i++) {
            hits += (long) known[i][1];
            if (i == known.length - 1 || known[i + 1][0] != known[i][0]) {
                sum += (double) (hits - before) * hits / (i + 1);
                before = hits;
            }
        }
        return hits == 0 ? Double.NaN : sum / hits;
    }
}
