package dev.glimpse.sequence;

import static dev.glimpse.attention.AttentionMaps.Kind.PAIRS;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.linear;

import dev.glimpse.nn.Checks;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Where a decoder looks in a picture before it says its next word: its state is compared with each place of the encoder's
 * grid.
 *
 * <pre>
 * e_i = v f(W a_i + U h + b)                      a (B, N, enc), h (B, dec), f ReLU or tanh: e (B, N)
 * w   = softmax(e)                                (B, N)
 * z   = sum_i w_i a_i                             (B, enc)
 * </pre>
 *
 * Xu, Ba, Kiros, Cho, Courville, Salakhutdinov, Zemel, Bengio: Show, Attend and Tell: Neural Image Caption Generation with
 * Visual Attention. ICML 2015, <a href="https://arxiv.org/abs/1502.03044">arXiv:1502.03044</a>
 *
 * <p>
 * Keys as in sgrvinod/a-PyTorch-Tutorial-to-Image-Captioning, which has ReLU where the authors' code has tanh.
 */
public final class CaptionAttention extends Module {
    /** What bends the comparison. */
    public enum Activation {
        /** As the public PyTorch code has it. */
        RELU,
        /** As the authors have it. */
        TANH
    }

    /**
     * @param context (B, enc)
     * @param weights (B, N)
     */
    public record Result(Tensor context, Tensor weights) {}

    private final Activation activation;
    private final LinearImpl ofPlaces;
    private final LinearImpl ofState;
    private final LinearImpl score;

    /**
     * @param encoder features of a place
     * @param decoder features of the decoder's state
     * @param attention features of the comparison
     */
    public CaptionAttention(long encoder, long decoder, long attention, Activation activation) {
        this.activation = activation;
        ofPlaces = register_module("encoder_att", linear(Checks.positive("caption: encoder", encoder),
                Checks.positive("caption: attention", attention)));
        ofState = register_module("decoder_att", linear(Checks.positive("caption: decoder", decoder), attention));
        score = register_module("full_att", linear(attention, 1));
    }

    /** What all words of a caption share: the places' part of the comparison, (B, N, attention). */
    public Tensor prepared(Tensor places) {
        return ofPlaces.forward(places);
    }

    /**
     * @param places (B, N, enc)
     * @param state (B, dec)
     */
    public Result forward(Tensor places, Tensor state) {
        Tensor weights = weights(prepared(places), state);
        return new Result(context(places, weights, 1), weights);
    }

    /**
     * How much each place counts: (B, N).
     *
     * @param prepared what {@link #prepared} gave
     * @param state (B, dec)
     */
    public Tensor weights(Tensor prepared, Tensor state) {
        Tensor compared = prepared.add(ofState.forward(state).unsqueeze(1)); // (B, N, attention)
        Tensor bent = activation == Activation.RELU ? compared.relu() : compared.tanh();
        Tensor weights = score.forward(bent).squeeze(2).softmax(1); // (B, N)
        seen(this, PAIRS, weights.unsqueeze(1).unsqueeze(1)); // (B, 1, 1, N)
        return weights;
    }

    /** The places' weighted sums: (B, N, enc) and (B D, N), a picture's one after the other, to (B D, enc). */
    static Tensor context(Tensor places, Tensor weights, int draws) {
        return weights.reshape(-1, draws, places.size(1)).matmul(places).flatten(0, 1);
    }
}
