package dev.glimpse.sequence;

import static dev.glimpse.nn.Layers.dropout;
import static dev.glimpse.nn.Layers.linear;

import dev.glimpse.attention.Args;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Tensors;
import java.util.Locale;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.LSTMCellImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Says a caption of a picture word by word, and looks at the picture before each word.
 *
 * <pre>
 * h, c   = init_h(mean_i a_i), init_c(mean_i a_i)            a (B, N, enc), the places of the encoder's grid
 * w      = attention(a, h)                                   (B, N)
 * z      = sigmoid(f_beta h) * sum_i g(w)_i a_i              (B, enc), g a {@link Gaze}
 * h, c   = lstm([embedding(word); z], h, c)                  (B, dec)
 * scores = fc(dropout(h))                                    (B, vocab)
 * </pre>
 *
 * Xu et al., ICML 2015: see {@link CaptionAttention}. Keys and initial values as in
 * sgrvinod/a-PyTorch-Tutorial-to-Image-Captioning, whose gate has a number for each feature; the paper's has one for all.
 * The paper's scores come of the word before and of z as well.
 */
public final class CaptionDecoder extends Module {
    private static final double SPREAD = 0.1;
    private static final long NO_PADDING = -1;

    /** How the decoder weighs what it sees. */
    public enum Gate {
        /** A number for each feature. */
        VECTOR,
        /** One number for all: the paper's. */
        SCALAR
    }

    /**
     * @param encoder features of a place
     * @param attention features of the comparison
     * @param embed of a word
     * @param decoder of the state
     * @param vocab words, marks included
     * @param dropout of the state that a word is told from
     */
    public record Config(long encoder, long attention, long embed, long decoder, long vocab, double dropout,
            CaptionAttention.Activation activation, Gate gate) {
        public Config {
            Checks.positive("caption: encoder", encoder);
            Checks.positive("caption: attention", attention);
            Checks.positive("caption: embed", embed);
            Checks.positive("caption: decoder", decoder);
            Checks.positive("caption: vocab", vocab);
            Checks.probability("caption: dropout", dropout);
        }

        /** The public code's sizes, for the words of a vocabulary. */
        public static Config usual(long encoder, long vocab) {
            return new Config(encoder, 512, 512, 512, vocab, 0.5, CaptionAttention.Activation.RELU, Gate.VECTOR);
        }

        /** The same with an attention, embedding and state of other sizes. */
        public Config sized(long features, double newDropout) {
            return new Config(encoder, features, features, features, vocab, newDropout, activation, gate);
        }

        /** This, where arguments do not say otherwise; the encoder and the words are told by something else. */
        public Config read(Args args) {
            return new Config(encoder, args.integer("attention", attention), args.integer("embed", embed),
                    args.integer("decoder", decoder), vocab, args.number("dropout", dropout),
                    Args.constant(args.owner(), "activation", CaptionAttention.Activation.class,
                            args.text("activation", activation.name().toLowerCase(Locale.ROOT))),
                    Args.constant(args.owner(), "gate", Gate.class,
                            args.text("gate", gate.name().toLowerCase(Locale.ROOT))));
        }
    }

    /**
     * What was said of captions whose words are known; 0 behind a caption's end.
     *
     * @param scores (B, T, vocab) of the words from the second on
     * @param weights (B, T, N)
     * @param taken (B, T, N), what the {@link Gaze} made of them
     */
    public record Result(Tensor scores, Tensor weights, Tensor taken) {}

    /** Between two words. */
    private record State(Tensor h, Tensor c) {
        /** Of several rows each the first. */
        State first(int draws) {
            return draws == 1 ? this : new State(first(h, draws), first(c, draws));
        }

        private static Tensor first(Tensor rows, int draws) {
            return rows.reshape(-1, draws, rows.size(1)).select(1, 0);
        }
    }

    /** A picture as all words see it. */
    private record Seen(Tensor places, Tensor prepared) {
        Seen rows(Tensor rows) {
            return new Seen(places.index_select(0, rows), prepared.index_select(0, rows));
        }
    }

    private final CaptionAttention attention;
    private final WordEmbedding embedding;
    private final DropoutImpl dropout;
    private final LSTMCellImpl lstm;
    private final LinearImpl initH;
    private final LinearImpl initC;
    private final LinearImpl gate;
    private final LinearImpl scores;

    public CaptionDecoder(Config config) {
        attention = register_module("attention", new CaptionAttention(config.encoder(), config.decoder(),
                config.attention(), config.activation()));
        embedding = register_module("embedding", new WordEmbedding(config.vocab(), config.embed(), NO_PADDING));
        dropout = register_module("dropout", dropout(config.dropout()));
        lstm = register_module("decode_step", new LSTMCellImpl(config.embed() + config.encoder(), config.decoder()));
        initH = register_module("init_h", linear(config.encoder(), config.decoder()));
        initC = register_module("init_c", linear(config.encoder(), config.decoder()));
        gate = register_module("f_beta", linear(config.decoder(), config.gate() == Gate.VECTOR ? config.encoder() : 1));
        scores = register_module("fc", linear(config.decoder(), config.vocab()));
        torch.uniform_(embedding.weight(), -SPREAD, SPREAD);
        torch.uniform_(scores.weight(), -SPREAD, SPREAD);
        Init.constant(scores.bias(), 0);
    }

    /**
     * Hears captions and tells at each word what could come next.
     *
     * @param places (B, N, enc)
     * @param captions (B, T + 1) numbers of words from the mark of the beginning on
     * @param spoken (B, T), 0 or false behind a caption's end
     */
    public Result forward(Tensor places, Tensor captions, Tensor spoken, Gaze gaze) {
        return drawing(places, captions, spoken, gaze, 1);
    }

    /**
     * Hears captions, and before each word tries several gazes from the same state: what could come next after each of them
     * tells them apart. The first goes on to the next word.
     *
     * @param draws how many, D
     * @return scores (B D, T, vocab) and taken (B D, T, N), the draws of a picture one after the other, and weights (B, T, N)
     */
    public Result drawing(Tensor places, Tensor captions, Tensor spoken, Gaze gaze, int draws) {
        int steps = Math.toIntExact(captions.size(1) - 1);
        Tensor words = embedding.forward(captions); // (B, T + 1, embed)
        Seen seen = look(places);
        State state = start(places);
        Tensor[] states = new Tensor[steps];
        Tensor[] weights = new Tensor[steps];
        Tensor[] taken = new Tensor[steps];
        for (int t = 0; t < steps; t++) {
            weights[t] = attention.weights(seen.prepared, state.h);
            taken[t] = gaze.taken(Tensors.repeated(weights[t], draws)); // (B D, N)
            State after = step(words.select(1, t), seen, taken[t], state, draws);
            states[t] = after.h; // (B D, dec)
            state = after.first(draws);
        }
        Tensor silent = spoken.eq(new Scalar(0)).unsqueeze(2);
        Tensor silentDraws = Tensors.repeated(silent, draws);
        // draws forget the same features, else chance would tell them apart
        Tensor kept =
                Tensors.repeated(dropout.forward(torch.ones(places.size(0), steps, state.h.size(1)).type_as(state.h)),
                        draws);
        return new Result(
                scores.forward(Tensors.stack(1, states).mul(kept)).masked_fill(silentDraws, new Scalar(0)),
                Tensors.stack(1, weights).masked_fill(silent, new Scalar(0)),
                Tensors.stack(1, taken).masked_fill(silentDraws, new Scalar(0)));
    }

    /** Says captions of its own. @param places (B, N, enc), a picture a row */
    public Decoding decoding(Tensor places, Gaze gaze) {
        return new Saying(look(places), start(places), gaze);
    }

    private final class Saying implements Decoding {
        private final Gaze gaze;
        private Seen seen;
        private State state;

        Saying(Seen seen, State state, Gaze gaze) {
            this.seen = seen;
            this.state = state;
            this.gaze = gaze;
        }

        @Override
        public Tensor next(Tensor words) {
            Tensor taken = gaze.taken(attention.weights(seen.prepared, state.h));
            state = step(embedding.forward(words), seen, taken, state, 1);
            return scores.forward(dropout.forward(state.h));
        }

        @Override
        public void keep(Tensor rows) {
            seen = seen.rows(rows);
            state = new State(state.h.index_select(0, rows), state.c.index_select(0, rows));
        }
    }

    private Seen look(Tensor places) {
        return new Seen(places, attention.prepared(places));
    }

    private State start(Tensor places) {
        Tensor mean = Tensors.mean(places, 1).squeeze(1); // (B, enc)
        return new State(initH.forward(mean), initC.forward(mean));
    }

    /** @param taken (B D, N) */
    private State step(Tensor word, Seen seen, Tensor taken, State before, int draws) {
        Tensor context = CaptionAttention.context(seen.places, taken, draws); // (B D, enc)
        Tensor gated = Tensors.repeated(gate.forward(before.h).sigmoid(), draws).mul(context);
        try (T_TensorTensor_T old =
                new T_TensorTensor_T(Tensors.repeated(before.h, draws), Tensors.repeated(before.c, draws));
                T_TensorTensor_T after = lstm.forward(Tensors.cat(1, Tensors.repeated(word, draws), gated), old)) {
            return new State(new Tensor(after.get0()), new Tensor(after.get1()));
        }
    }
}
