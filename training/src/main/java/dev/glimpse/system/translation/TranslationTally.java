package dev.glimpse.system.translation;

import dev.glimpse.nn.Tensors;
import dev.glimpse.sequence.BleuCounts;
import dev.glimpse.train.Tally;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Sums what {@link TranslationTask} counts of each batch: losses and hits of words, and, of tests, what BLEU is made of. */
final class TranslationTally implements Tally {
    private static final int LOSS = 0;
    private static final int WORDS = 1;
    private static final int CORRECT = 2;
    private static final int SENTENCES = 3;
    private static final int BLEU = 4;
    private static final int SIZE = BLEU + BleuCounts.SIZE;

    private double[] sums = new double[SIZE];

    /**
     * A batch's counts, as the tally takes them.
     *
     * @param lossSum of all words, plain
     * @param correct words with the highest score
     * @param bleu as {@link BleuCounts#state}; null of a batch in training
     */
    static Tensor counts(double lossSum, long words, long correct, long sentences, long[] bleu) {
        float[] counts = new float[SIZE];
        counts[LOSS] = (float) lossSum;
        counts[WORDS] = words;
        counts[CORRECT] = correct;
        counts[SENTENCES] = sentences;
        for (int i = 0; bleu != null && i < bleu.length; i++) {
            counts[BLEU + i] = bleu[i];
        }
        return Tensors.of(counts, SIZE);
    }

    @Override
    public void add(Tensor output, Tensor target, double meanLoss) {
        float[] counts = Tensors.toFloats(output);
        for (int i = 0; i < SIZE; i++) {
            sums[i] += counts[i];
        }
    }

    @Override
    public long images() {
        return (long) sums[SENTENCES];
    }

    /** Words that were to be said. */
    long words() {
        return (long) sums[WORDS];
    }

    /** The loss is the plain one in training too, so that both compare. */
    @Override
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        double words = Math.max(1, sums[WORDS]);
        values.put("loss", sums[LOSS] / words);
        values.put("perplexity", Math.exp(sums[LOSS] / words));
        values.put("accuracy", sums[CORRECT] / words);
        boolean translated = sums[SIZE - 1] > 0; // words of references
        if (translated) {
            BleuCounts counts = new BleuCounts();
            counts.add(Arrays.stream(sums, BLEU, SIZE).mapToLong(Math::round).toArray());
            values.put(TranslationTask.BLEU, counts.bleu().score() / 100);
        }
        return values;
    }

    @Override
    public double[] state() {
        return sums.clone();
    }

    @Override
    public void restore(double[] state) {
        sums = state.clone();
    }
}
