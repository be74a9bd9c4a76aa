package dev.glimpse.sequence;

import org.bytedeco.pytorch.Tensor;

/** A batch of sentences being said, word by word. */
public interface Decoding {
    /**
     * Takes the next word of each sentence, at first the mark of a beginning.
     *
     * @param words (B) numbers of words
     * @return (B, words) scores of what comes then
     */
    Tensor next(Tensor words);

    /**
     * Goes on with some of the sentences, or with several copies of one.
     *
     * @param rows (b) numbers of the old rows, in their new order
     */
    void keep(Tensor rows);
}
