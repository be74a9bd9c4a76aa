package dev.glimpse.sequence;

import dev.glimpse.Layer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A score for each word, {@code x W^T}: (..., features) to (..., words); W may be the vectors of an embedding. */
final class WordScores extends Layer {
    private final Tensor weight;

    WordScores(long features, long words) {
        weight = register_parameter("weight", torch.empty(words, features));
        torch.normal_(weight, 0, 1);
    }

    WordScores(WordEmbedding tied) {
        weight = register_parameter("weight", tied.weight());
    }

    @Override
    public Tensor forward(Tensor x) {
        return x.matmul(weight.t());
    }
}
