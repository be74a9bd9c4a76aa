package dev.glimpse.sequence;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A learned vector for each word: (B, L) numbers of words to (B, L, features); padding's vector gets no gradient. */
final class WordEmbedding extends Layer {
    private final Tensor weight;
    private final long pad;

    /** @param pad the number of the word that fills up short sentences */
    WordEmbedding(long words, long features, long pad) {
        this(torch.empty(Checks.positive("words", words), Checks.positive("features", features)), pad);
        torch.normal_(weight, 0, 1);
    }

    /** Shares another's vectors. */
    WordEmbedding(WordEmbedding other) {
        this(other.weight, other.pad);
    }

    private WordEmbedding(Tensor weight, long pad) {
        this.weight = register_parameter("weight", weight);
        this.pad = pad;
    }

    @Override
    public Tensor forward(Tensor words) {
        return torch.embedding(weight, words, pad, false, false);
    }

    Tensor weight() {
        return weight;
    }
}
