package dev.glimpse.sequence;

import org.bytedeco.pytorch.Tensor;

/**
 * A model that translates: trained on pairs of sentences, all words of the target at once, and asked word by word.
 *
 * <p>
 * Sentences are numbers of words, filled up with {@link Vocabulary#PAD} behind their last; each has a word.
 */
public interface TranslationModel {
    /**
     * What each word of the target is followed by, as features: each sees the source and the target up to itself.
     *
     * @param source (B, L)
     * @param target (B, T)
     * @return (B, T, features)
     */
    Tensor states(Tensor source, Tensor target);

    /** Scores of each next word: (..., features) to (..., words). */
    Tensor scores(Tensor states);

    /** Reads a source, (B, L), to say its translation word by word. */
    Decoding decode(Tensor source);
}
