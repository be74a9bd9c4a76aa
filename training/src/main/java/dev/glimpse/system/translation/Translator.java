package dev.glimpse.system.translation;

import dev.glimpse.Layer;
import dev.glimpse.sequence.TranslationModel;
import dev.glimpse.sequence.Vocabulary;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * A translation model as the trainer calls it: pairs of sentences, (B, 2, L) as {@link SentenceBatches} has them, to the scores
 * of each word that follows one of the target, (N, words); nothing is computed of words that follow padding.
 */
final class Translator extends Layer {
    private final TranslationModel model;

    <M extends Module & TranslationModel> Translator(M model) {
        this.model = register_module("model", model);
    }

    TranslationModel model() {
        return model;
    }

    @Override
    public Tensor forward(Tensor pairs) {
        return scores(model, pairs);
    }

    /** See {@link Translator}. */
    static Tensor scores(TranslationModel model, Tensor pairs) {
        Tensor target = trimmed(pairs.select(1, 1));
        Tensor states = model.states(source(pairs), target).flatten(0, 1); // (B T, features)
        Tensor places = words(target).flatten().nonzero().squeeze(1); // (N)
        return model.scores(states.index_select(0, places));
    }

    /** The source's sentences alone, (B, L). */
    static Tensor source(Tensor pairs) {
        return trimmed(pairs.select(1, 0));
    }

    /** Without the columns that are padding in all rows. */
    private static Tensor trimmed(Tensor sentences) {
        return sentences.narrow(1, 0, words(sentences).sum(1L).max().item().toLong());
    }

    private static Tensor words(Tensor sentences) {
        return sentences.ne(new Scalar((long) Vocabulary.PAD));
    }
}
