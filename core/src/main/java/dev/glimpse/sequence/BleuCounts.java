package dev.glimpse.sequence;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What {@link Bleu} is computed from, summed over a corpus. */
public final class BleuCounts {
    static final int LONGEST = 4;
    /** How many numbers {@link #state} has. */
    public static final int SIZE = 2 * LONGEST + 2;

    private final long[] matched = new long[LONGEST];
    private final long[] all = new long[LONGEST];
    private long words;
    private long referenceWords;

    /**
     * Takes in a sentence.
     *
     * @param references at least one
     */
    public void add(String translation, List<String> references) {
        List<String> said = Bleu.words13a(translation);
        List<List<String>> expected = references.stream().map(Bleu::words13a).toList();
        words += said.size();
        referenceWords += closest(said.size(), expected);
        for (int n = 1; n <= LONGEST; n++) {
            Map<List<String>, Integer> most = new HashMap<>();
            for (List<String> reference : expected) {
                runs(reference, n).forEach((run, count) -> most.merge(run, count, Math::max));
            }
            for (Map.Entry<List<String>, Integer> run : runs(said, n).entrySet()) {
                matched[n - 1] += Math.min(run.getValue(), most.getOrDefault(run.getKey(), 0));
                all[n - 1] += run.getValue();
            }
        }
    }

    /** All counts, to be added to others of the kind. */
    public long[] state() {
        long[] state = new long[SIZE];
        System.arraycopy(matched, 0, state, 0, LONGEST);
        System.arraycopy(all, 0, state, LONGEST, LONGEST);
        state[2 * LONGEST] = words;
        state[2 * LONGEST + 1] = referenceWords;
        return state;
    }

    /** Takes in a whole corpus's {@link #state}. */
    public void add(long[] state) {
        for (int n = 0; n < LONGEST; n++) {
            matched[n] += state[n];
            all[n] += state[LONGEST + n];
        }
        words += state[2 * LONGEST];
        referenceWords += state[2 * LONGEST + 1];
    }

    /** Their BLEU. */
    public Bleu bleu() {
        double[] precisions = new double[LONGEST];
        double logSum = 0;
        double missing = 1;
        for (int n = 0; n < LONGEST; n++) {
            if (matched[n] == 0) {
                missing *= 2;
            }
            precisions[n] = all[n] == 0 ? 0 : 100 * (matched[n] == 0 ? 1 / missing : matched[n]) / all[n];
            logSum += Math.log(precisions[n]);
        }
        double brevity = words >= referenceWords ? 1 : words == 0 ? 0 : Math.exp(1 - (double) referenceWords / words);
        double score = Arrays.stream(matched).sum() == 0 ? 0 : brevity * Math.exp(logSum / LONGEST);
        return new Bleu(score, Arrays.stream(precisions).boxed().toList(), brevity, words, referenceWords);
    }

    /** Of two that are equally close, the shorter. */
    private static int closest(int length, List<List<String>> references) {
        return references.stream().map(List::size)
                .min((a, b) -> Math.abs(a - length) != Math.abs(b - length)
                        ? Integer.compare(Math.abs(a - length), Math.abs(b - length))
                        : Integer.compare(a, b))
                .orElseThrow(() -> new IllegalArgumentException("BLEU: a translation has no reference"));
    }

    private static Map<List<String>, Integer> runs(List<String> words, int n) {
        Map<List<String>, Integer> runs = new HashMap<>();
        for (int i = 0; i + n <= words.size(); i++) {
            runs.merge(words.subList(i, i + n), 1, Integer::sum);
        }
        return runs;
    }
}
