package dev.glimpse.sequence;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Deals sentences out in batches of like length, so that little is padding.
 *
 * @param most words in a batch, padding included: sentences times the longest
 */
public record LengthBatches(int most) {
    public LengthBatches {
        if (most < 1) {
            throw new IllegalArgumentException("a batch of " + most + " words, must be at least 1");
        }
    }

    /**
     * All sentences, each once: in another order each epoch, which follows from the seed.
     *
     * @param lengths of the sentences, of source and target the longer
     * @return numbers of sentences, batch by batch
     * @throws IllegalArgumentException where a sentence alone is too long
     */
    public List<int[]> epoch(int[] lengths, long seed, int epoch) {
        RandomGenerator random = new SplittableRandom(seed * 31 + epoch).split();
        List<Integer> order = new ArrayList<>(IntStream.range(0, lengths.length).boxed().toList());
        Collections.shuffle(order, random); // which of one length come together
        order.sort(Comparator.comparingInt(i -> lengths[i]));
        List<int[]> batches = new ArrayList<>();
        for (int from = 0; from < order.size();) {
            int to = from;
            while (to < order.size() && (to + 1L - from) * lengths[order.get(to)] <= most) {
                to++;
            }
            if (to == from) {
                throw new IllegalArgumentException("sentence " + (order.get(from) + 1) + " has "
                        + lengths[order.get(from)] + " words, a batch has room for " + most);
            }
            batches.add(order.subList(from, to).stream().mapToInt(Integer::intValue).toArray());
            from = to;
        }
        Collections.shuffle(batches, random);
        return batches;
    }
}
