package dev.glimpse.sequence;

import static dev.glimpse.nn.Layers.dropout;
import static dev.glimpse.nn.Layers.gru;
import static dev.glimpse.nn.Layers.linear;

import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.GRUImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.PackedSequence;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_PackedSequenceTensor_T;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Reads a source by a GRU in both directions, each sentence from its own first to its own last word. */
final class GruEncoder extends Module {
    private static final double ZERO = 0;

    /**
     * @param words (B, L, 2 enc), zeros where the source is padding
     * @param state what the decoder begins with, (B, dec)
     */
    record Encoded(Tensor words, Tensor state) {}

    private final long pad;
    private final WordEmbedding embedding;
    private final GRUImpl rnn;
    private final LinearImpl fc;
    private final DropoutImpl dropout;

    GruEncoder(Seq2Seq.Config config) {
        pad = config.pad();
        embedding = register_module("embedding", new WordEmbedding(config.sourceWords(), config.embedding(), pad));
        rnn = register_module("rnn", gru(config.embedding(), config.encoder(), true));
        fc = register_module("fc", linear(2 * config.encoder(), config.decoder()));
        dropout = register_module("dropout", dropout(config.dropout()));
    }

    /** @param source (B, L) */
    Encoded forward(Tensor source) {
        Tensor lengths = source.ne(new Scalar(pad)).sum(1L); // (B)
        Tensor embedded = dropout.forward(embedding.forward(source)); // (B, L, emb)
        try (PackedSequence packed = torch.pack_padded_sequence(embedded, lengths, true, false);
                T_PackedSequenceTensor_T read = rnn.forward_with_packed_input(packed)) {
            Tensor last = new Tensor(read.get1()); // (2, B, enc)
            Tensor both = Tensors.cat(1, last.select(0, 0), last.select(0, 1));
            return new Encoded(unpacked(read.get0(), source.size(1)), fc.forward(both).tanh());
        }
    }

    private static Tensor unpacked(PackedSequence packed, long length) {
        try (T_TensorTensor_T padded = torch.pad_packed_sequence(packed, true, ZERO, new LongOptional(length))) {
            return new Tensor(padded.get0());
        }
    }
}
