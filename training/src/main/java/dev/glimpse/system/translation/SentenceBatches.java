package dev.glimpse.system.translation;

import dev.glimpse.data.Batch;
import dev.glimpse.data.Batches;
import dev.glimpse.nn.Tensors;
import dev.glimpse.sequence.LengthBatches;
import dev.glimpse.sequence.Vocabulary;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.bytedeco.pytorch.Tensor;

/**
 * Pairs of sentences in batches of like length: what {@link Translator} reads, and the words that are to be said.
 *
 * <pre>
 * input    (B, 2, L): the source, and the target without its end, filled up with padding
 * target   (N): what follows each of the target's words, sentence after sentence, without padding
 * </pre>
 */
final class SentenceBatches implements Batches {
    private final long[][] source;
    private final long[][] target;
    private final int[] lengths;
    private final LengthBatches dealer;
    private final long seed;
    private final boolean shuffled;
    private final int batches;

    /**
     * @param most words in a batch, padding included: sentences times the longest
     * @param shuffled whether each epoch has an order of its own
     */
    SentenceBatches(long[][] source, long[][] target, int most, long seed, boolean shuffled) {
        this.source = source;
        this.target = target;
        this.seed = seed;
        this.shuffled = shuffled;
        lengths = Sentences.lengths(source, target);
        dealer = new LengthBatches(most);
        batches = dealer.epoch(lengths, seed, 0).size(); // lengths alone say how many
    }

    @Override
    public int batches() {
        return batches;
    }

    @Override
    public Pass epoch(int epoch, int firstBatch) {
        if (firstBatch < 0 || firstBatch > batches) {
            throw new IllegalArgumentException("batch " + firstBatch + "; expected 0 to " + batches);
        }
        List<int[]> dealt = dealer.epoch(lengths, seed, shuffled ? epoch : 0);
        return new Pass() {
            private int next = firstBatch;

            @Override
            public boolean hasNext() {
                return next < dealt.size();
            }

            @Override
            public Batch next() {
                if (!hasNext()) {
                    throw new NoSuchElementException("the epoch is over");
                }
                return batch(dealt.get(next++));
            }

            @Override
            public int position() {
                return next;
            }

            @Override
            public void close() {}
        };
    }

    private Batch batch(int[] indices) {
        int width = Arrays.stream(indices).map(i -> lengths[i]).max().orElseThrow();
        int words = Arrays.stream(indices).map(i -> target[i].length - 1).sum();
        long[] pairs = new long[indices.length * 2 * width];
        long[] said = new long[words];
        Arrays.fill(pairs, Vocabulary.PAD);
        int at = 0;
        for (int row = 0; row < indices.length; row++) {
            long[] from = source[indices[row]];
            long[] to = target[indices[row]];
            System.arraycopy(from, 0, pairs, 2 * row * width, from.length);
            System.arraycopy(to, 0, pairs, (2 * row + 1) * width, to.length - 1);
            System.arraycopy(to, 1, said, at, to.length - 1);
            at += to.length - 1;
        }
        return new Batch(kept(Tensors.of(pairs, indices.length, 2, width)), kept(Tensors.of(said, words)), indices,
                () -> {});
    }

    /** Whatever scope is open, until it is closed. */
    private static Tensor kept(Tensor tensor) {
        tensor.retainReference();
        return tensor;
    }

    @Override
    public double waitSeconds() {
        return 0;
    }

    @Override
    public Map<String, String> skipped() {
        return Map.of();
    }

    @Override
    public void close() {}
}
