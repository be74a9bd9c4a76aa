package dev.glimpse.sequence;

import static dev.glimpse.attention.AttentionMaps.Kind.PAIRS;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.linearNoBias;

import dev.glimpse.nn.Checks;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The first attention of translation: a small network compares the decoder's state with each word of the source.
 *
 * <pre>
 * e_j = v^T tanh(W [s; h_j] + b)                  s (B, dec), h (B, L, enc): e (B, L)
 * a   = softmax(e), 0 where the source is padding (B, L)
 * c   = sum_j a_j h_j                             (B, enc)
 * </pre>
 *
 * Bahdanau, Cho, Bengio: Neural Machine Translation by Jointly Learning to Align and Translate. ICLR 2015,
 * <a href="https://arxiv.org/abs/1409.0473">arXiv:1409.0473</a>
 *
 * <p>
 * Keys as in bentrevett/pytorch-seq2seq: the paper's W_a and U_a stand side by side in one matrix, with a bias; there, only
 * some versions mask the padding.
 */
public final class AdditiveAttention extends Module {
    /**
     * @param context (B, enc)
     * @param weights (B, L)
     */
    public record Result(Tensor context, Tensor weights) {}

    private final long decoder;
    private final LinearImpl compare;
    private final LinearImpl score;

    /**
     * @param encoder features of a source word
     * @param decoder features of the decoder's state, and of the comparison
     */
    public AdditiveAttention(long encoder, long decoder) {
        Checks.positive("additive: encoder", encoder);
        this.decoder = Checks.positive("additive: decoder", decoder);
        compare = register_module("attn_fc", linear(decoder + encoder, decoder));
        score = register_module("v_fc", linearNoBias(decoder, 1));
    }

    /** What all steps of a sentence share: {@code h_j}'s part of the comparison, (B, L, dec). */
    public Tensor prepared(Tensor source) {
        return source.matmul(weight(decoder, compare.weight().size(1) - decoder).t()).add(compare.bias());
    }

    /**
     * @param state (B, dec)
     * @param source (B, L, enc)
     * @param mask (B, L), 0 or false where the source is padding; each row has a word
     */
    public Result forward(Tensor state, Tensor source, Tensor mask) {
        return forward(state, source, prepared(source), mask);
    }

    /** The same, with what {@link #prepared} gave. */
    public Result forward(Tensor state, Tensor source, Tensor prepared, Tensor mask) {
        Tensor asked = state.matmul(weight(0, decoder).t()).unsqueeze(1); // (B, 1, dec)
        Tensor scores = score.forward(prepared.add(asked).tanh()).squeeze(2); // (B, L)
        Tensor padding = mask.eq(new Scalar(0));
        Tensor weights = scores.masked_fill(padding, new Scalar(Double.NEGATIVE_INFINITY)).softmax(-1);
        Tensor context = weights.unsqueeze(1).matmul(source).squeeze(1); // (B, enc)
        seen(this, PAIRS, weights.unsqueeze(1).unsqueeze(1)); // (B, 1, 1, L)
        return new Result(context, weights);
    }

    private Tensor weight(long from, long length) {
        return compare.weight().narrow(1, from, length);
    }
}
