package dev.glimpse.sequence;

import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Looks for the likeliest sentences, keeping several beginnings in play; with one it is greedy.
 *
 * <pre>
 * score = log p(words) / ((5 + words) / 6)^a          Wu et al. 2016, arXiv:1609.08144; a = 0.6 in Vaswani et al. 2017
 * </pre>
 *
 * A sentence is done when it has as many endings as beams, or at the longest length. Of the marks only that of an end is said.
 *
 * @param beams beginnings in play
 * @param lengthPenalty a, which spares long sentences
 * @param longest words, the end's mark included
 */
public record BeamSearch(int beams, double lengthPenalty, int longest) {
    public BeamSearch {
        Checks.positive("beams", beams);
        Checks.positive("the longest sentence", longest);
        if (!(lengthPenalty >= 0)) {
            throw new IllegalArgumentException("the length penalty is " + lengthPenalty + ", must be at least 0");
        }
    }

    /** Always the likeliest next word. */
    public static BeamSearch greedy(int longest) {
        return new BeamSearch(1, 0, longest);
    }

    /**
     * @param words without marks
     * @param score see {@link BeamSearch}
     */
    public record Said(long[] words, double score) {}

    /** A beginning. @param row of the decoding that says it */
    private record Beginning(int sentence, int row, long[] words, double logProbability) {
        Beginning and(long word, double logOfWord) {
            long[] more = Arrays.copyOf(words, words.length + 1);
            more[words.length] = word;
            return new Beginning(sentence, row, more, logProbability + logOfWord);
        }
    }

    /**
     * The best that was found for each sentence.
     *
     * @param decoding before its first word; each of its rows a sentence
     */
    public List<Said> run(Decoding decoding, int sentences) {
        return Scopes.noGrad(() -> search(decoding, sentences));
    }

    private List<Said> search(Decoding decoding, int sentences) {
        List<List<Said>> ended = new ArrayList<>();
        List<Beginning> live = new ArrayList<>();
        for (int i = 0; i < sentences; i++) {
            ended.add(new ArrayList<>());
            live.add(new Beginning(i, i, new long[0], 0));
        }
        PointerScope before = null; // holds what the decoding keeps, until its next step has taken that over
        for (int length = 1; !live.isEmpty(); length++) {
            PointerScope now = new PointerScope();
            live = step(decoding, live, ended, length == longest);
            if (before != null) {
                before.close();
            }
            before = now;
        }
        if (before != null) {
            before.close();
        }
        return ended.stream().map(all -> all.stream().max(Comparator.comparingDouble(Said::score)).orElseThrow())
                .toList();
    }

    private List<Beginning> step(Decoding decoding, List<Beginning> live, List<List<Said>> ended, boolean last) {
        long[] words = live.stream().mapToLong(
                beginning -> beginning.words.length == 0 ? Vocabulary.BEGIN
                        : beginning.words[beginning.words.length - 1])
                .toArray();
        Tensor logs = decoding.next(Tensors.of(words, words.length)).log_softmax(-1);
        logs.narrow(1, 0, Vocabulary.END).fill_(new Scalar(Double.NEGATIVE_INFINITY)); // the other marks
        int choices = (int) Math.min(2L * beams, logs.size(1));
        List<Beginning> candidates = new ArrayList<>();
        try (T_TensorTensor_T top = torch.topk(logs, choices)) {
            double[] values = Tensors.toDoubles(new Tensor(top.get0()));
            long[] next = Tensors.toLongs(new Tensor(top.get1()));
            for (int i = 0; i < values.length; i++) {
                if (values[i] != Double.NEGATIVE_INFINITY) {
                    candidates.add(live.get(i / choices).and(next[i], values[i]));
                }
            }
        }
        candidates.sort(Comparator.comparingInt(Beginning::sentence)
                .thenComparing(Comparator.comparingDouble(Beginning::logProbability).reversed()));
        List<Beginning> kept = new ArrayList<>();
        for (int from = 0; from < candidates.size();) {
            int to = from;
            while (to < candidates.size() && candidates.get(to).sentence == candidates.get(from).sentence) {
                to++;
            }
            kept.addAll(goingOn(candidates.subList(from, to), ended.get(candidates.get(from).sentence), last));
            from = to;
        }
        if (!kept.isEmpty()) {
            decoding.keep(Tensors.of(kept.stream().mapToLong(Beginning::row).toArray(), kept.size()));
        }
        List<Beginning> renumbered = new ArrayList<>();
        kept.forEach(old -> renumbered
                .add(new Beginning(old.sentence, renumbered.size(), old.words, old.logProbability)));
        return renumbered;
    }

    /** Of one sentence's candidates, the best first: ends those that end, and returns those that go on. */
    private List<Beginning> goingOn(List<Beginning> candidates, List<Said> ended, boolean last) {
        List<Beginning> on = new ArrayList<>();
        for (Beginning candidate : candidates) {
            if (ended.size() >= beams || on.size() >= beams) {
                break;
            }
            long[] words = candidate.words;
            boolean ends = words[words.length - 1] == Vocabulary.END;
            if (ends || last) {
                double penalty = Math.pow((5 + words.length) / 6.0, lengthPenalty);
                ended.add(new Said(ends ? Arrays.copyOf(words, words.length - 1) : words,
                        candidate.logProbability / penalty));
            } else {
                on.add(candidate);
            }
        }
        return ended.size() >= beams ? List.of() : on;
    }
}
