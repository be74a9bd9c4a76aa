package dev.glimpse.sequence;

import static dev.glimpse.nn.Layers.dropout;
import static dev.glimpse.nn.Layers.gru;
import static dev.glimpse.nn.Layers.linear;

import dev.glimpse.nn.Tensors;
import dev.glimpse.sequence.Seq2Seq.Output;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.GRUImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;

/** Says a translation by a GRU that attends to the source anew at each word. */
final class GruDecoder extends Module {
    /**
     * What is kept between two words.
     *
     * @param source (B, L, 2 enc)
     * @param prepared its part of the comparison, (B, L, dec)
     * @param mask true where it is no padding, (B, L)
     * @param state (B, dec)
     */
    record Memory(Tensor source, Tensor prepared, Tensor mask, Tensor state) {
        Memory with(Tensor next) {
            return new Memory(source, prepared, mask, next);
        }

        Memory rows(Tensor indices) {
            return new Memory(source.index_select(0, indices), prepared.index_select(0, indices),
                    mask.index_select(0, indices), state.index_select(0, indices));
        }
    }

    /**
     * @param state (B, dec)
     * @param features what the next word is told by, (B, dec + 2 enc + emb)
     */
    record Stepped(Tensor state, Tensor features) {}

    private final WordEmbedding embedding;
    private final AdditiveAttention attention;
    private final GRUImpl rnn;
    private final LinearImpl maxout;
    private final LinearImpl out;
    private final DropoutImpl dropout;

    GruDecoder(Seq2Seq.Config config) {
        long source = 2 * config.encoder();
        long features = config.decoder() + source + config.embedding();
        embedding =
                register_module("embedding", new WordEmbedding(config.targetWords(), config.embedding(), config.pad()));
        attention = register_module("attention", new AdditiveAttention(source, config.decoder()));
        rnn = register_module("rnn", gru(config.embedding() + source, config.decoder(), false));
        boolean larger = config.output() == Output.MAXOUT;
        maxout = larger ? register_module("maxout", linear(features, 2 * config.maxout())) : null;
        out = register_module("fc_out", linear(larger ? config.maxout() : features, config.targetWords()));
        dropout = register_module("dropout", dropout(config.dropout()));
    }

    Memory start(GruEncoder.Encoded source, Tensor mask) {
        return new Memory(source.words(), attention.prepared(source.words()), mask, source.state());
    }

    /** (..., emb) of the numbers of words. */
    Tensor embedded(Tensor words) {
        return dropout.forward(embedding.forward(words));
    }

    /**
     * All words of a target.
     *
     * @param target (B, T)
     * @return (B, T, features)
     */
    Tensor forward(Tensor target, Memory start) {
        Tensor embedded = embedded(target);
        Tensor[] features = new Tensor[Math.toIntExact(target.size(1))];
        Memory memory = start;
        for (int t = 0; t < features.length; t++) {
            Stepped stepped = step(embedded.select(1, t), memory);
            memory = memory.with(stepped.state());
            features[t] = stepped.features();
        }
        return Tensors.stack(1, features);
    }

    /** @param word the last one that was said, (B, emb) */
    Stepped step(Tensor word, Memory memory) {
        Tensor context =
                attention.forward(memory.state(), memory.source(), memory.prepared(), memory.mask()).context();
        Tensor input = Tensors.cat(1, word, context).unsqueeze(1); // (B, 1, emb + 2 enc)
        try (T_TensorTensor_T next = rnn.forward(input, memory.state().unsqueeze(0))) {
            Tensor state = new Tensor(next.get1()).squeeze(0);
            return new Stepped(state, Tensors.cat(1, state, context, word));
        }
    }

    /** (..., features) to (..., words). */
    Tensor scores(Tensor features) {
        if (maxout == null) {
            return out.forward(features);
        }
        Tensor pairs = maxout.forward(features).unflatten(-1, new long[]{-1, 2});
        return out.forward(dropout.forward(Tensors.amax(pairs, -1).squeeze(-1)));
    }
}
