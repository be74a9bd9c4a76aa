package dev.glimpse.sequence;

import dev.glimpse.attention.Args;
import dev.glimpse.nn.Checks;
import java.util.Locale;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Translation by a recurrent network that, at each word it says, looks back at the words of the source.
 *
 * <pre>
 * h   = GRU forwards and backwards over the source             (B, L, 2 enc), the padding left out
 * s_0 = tanh(W [h's last state forwards; backwards])           (B, dec)
 * c_t = attention(s_(t-1), h)                                  (B, 2 enc), see {@link AdditiveAttention}
 * s_t = GRU(s_(t-1), [y_(t-1); c_t])                           (B, dec)
 * scores = W_o maxout(W_m [s_t; c_t; y_(t-1)])                 (B, words); by output=linear W_o [s_t; c_t; y_(t-1)]
 * </pre>
 *
 * Bahdanau, Cho, Bengio: Neural Machine Translation by Jointly Learning to Align and Translate. ICLR 2015,
 * <a href="https://arxiv.org/abs/1409.0473">arXiv:1409.0473</a>
 *
 * <p>
 * Keys as in bentrevett/pytorch-seq2seq, whose network this is with {@code output=linear}. Both differ from the paper: s_0 is
 * made of both directions, not the backward one alone, and the scores of s_t, not of the state before; dropout is on
 * embeddings, and here on the maxout too.
 */
public final class Seq2Seq extends Module implements TranslationModel {
    /** What stands between the state and the scores. */
    public enum Output {
        /** The larger of each two features: the paper. */
        MAXOUT,
        /** Nothing: a larger matrix of scores. */
        LINEAR
    }

    /**
     * @param sourceWords size of the source's vocabulary
     * @param targetWords size of the target's
     * @param embedding features of a word
     * @param encoder features of a source word in each direction
     * @param decoder features of the decoder's state
     * @param maxout features that maxout leaves
     * @param dropout probability in training
     * @param pad the number of the word that fills up short sentences
     */
    public record Config(long sourceWords, long targetWords, long embedding, long encoder, long decoder, Output output,
            long maxout, double dropout, long pad) {
        public Config {
            Checks.positive("seq2seq: n_src_vocab", sourceWords);
            Checks.positive("seq2seq: n_trg_vocab", targetWords);
            Checks.positive("seq2seq: emb_dim", embedding);
            Checks.positive("seq2seq: enc_hid_dim", encoder);
            Checks.positive("seq2seq: dec_hid_dim", decoder);
            Checks.positive("seq2seq: maxout", maxout);
            Checks.probability("seq2seq: dropout", dropout);
            if (pad < 0 || pad >= Math.min(sourceWords, targetWords)) {
                throw new IllegalArgumentException("seq2seq: pad is " + pad + ", not a word of both vocabularies");
            }
        }

        /** Reads the arguments, with the paper's sizes as default. */
        public static Config read(Args args) {
            return new Config(args.required("n_src_vocab"), args.required("n_trg_vocab"),
                    args.integer("emb_dim", 620), args.integer("enc_hid_dim", 1000), args.integer("dec_hid_dim", 1000),
                    Args.constant("seq2seq", "output", Output.class,
                            args.text("output", Output.MAXOUT.name().toLowerCase(Locale.ROOT))),
                    args.integer("maxout", 500), args.number("dropout", 0), args.integer("pad", Vocabulary.PAD));
        }
    }

    private final Config config;
    private final GruEncoder encoder;
    private final GruDecoder decoder;

    public Seq2Seq(Config config) {
        this.config = config;
        encoder = register_module("encoder", new GruEncoder(config));
        decoder = register_module("decoder", new GruDecoder(config));
    }

    public Config config() {
        return config;
    }

    @Override
    public Tensor states(Tensor source, Tensor target) {
        return decoder.forward(target, read(source));
    }

    @Override
    public Tensor scores(Tensor states) {
        return decoder.scores(states);
    }

    @Override
    public Decoding decode(Tensor source) {
        return new Said(read(source));
    }

    private GruDecoder.Memory read(Tensor source) {
        return decoder.start(encoder.forward(source), source.ne(new Scalar(config.pad())));
    }

    private final class Said implements Decoding {
        private GruDecoder.Memory memory;

        Said(GruDecoder.Memory memory) {
            this.memory = memory;
        }

        @Override
        public Tensor next(Tensor words) {
            GruDecoder.Stepped stepped = decoder.step(decoder.embedded(words), memory);
            memory = memory.with(stepped.state());
            return scores(stepped.features());
        }

        @Override
        public void keep(Tensor rows) {
            memory = memory.rows(rows);
        }
    }
}
