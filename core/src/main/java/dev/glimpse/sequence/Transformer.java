package dev.glimpse.sequence;

import dev.glimpse.attention.Args;
import dev.glimpse.nn.Checks;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Translation by attention alone: a source sentence and the words of the target so far to scores for the next word.
 *
 * <pre>
 * H = encoder(source)                              (B, L, d_model), each word attends to all
 * scores = decoder(target, H) W^T                  (B, T, words), each word attends to those up to itself and to H
 * </pre>
 *
 * Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin: Attention Is All You Need. NeurIPS 2017,
 * <a href="https://arxiv.org/abs/1706.03762">arXiv:1706.03762</a>
 *
 * <p>
 * Keys and values as in jadore801120/attention-is-all-you-need-pytorch. It differs from the paper: a layer norm stands
 * behind the embeddings too; and by {@code scale=projection} the scores are divided by sqrt(d_model) where the embeddings
 * are not multiplied by it. With {@code pre_norm} that layer norm stands at the end of each half. Dropout is on the
 * embeddings and on each sub-layer's output, as in the paper, not on the weights.
 */
public final class Transformer extends Module implements TranslationModel {
    static final double EPSILON = 1e-6;

    /** Where the root of the features enters, so that tied embeddings fit both uses. */
    public enum Scale {
        /** Embeddings times sqrt(d_model): the paper. */
        EMBEDDING,
        /** Scores divided by sqrt(d_model). */
        PROJECTION,
        NONE
    }

    /**
     * @param sourceWords size of the source's vocabulary
     * @param targetWords size of the target's
     * @param dModel features of a word
     * @param dInner hidden features of the feed-forward networks
     * @param layers of the encoder, and of the decoder
     * @param heads how many attend side by side
     * @param dK features a head compares
     * @param dV features a head mixes
     * @param positions the longest sentence
     * @param dropout probability in training
     * @param pad the number of the word that fills up short sentences
     * @param tieTarget whether the scores use the target's embeddings
     * @param tieSource whether the source uses the target's embeddings: one vocabulary for both
     * @param preNorm whether layer norms stand before the sub-layers, not behind them
     */
    public record Config(long sourceWords, long targetWords, long dModel, long dInner, long layers, long heads, long dK,
            long dV, long positions, double dropout, long pad, boolean tieTarget, boolean tieSource, Scale scale,
            boolean preNorm) {
        public Config {
            Checks.positive("transformer: n_src_vocab", sourceWords);
            Checks.positive("transformer: n_trg_vocab", targetWords);
            Checks.positive("transformer: d_model", dModel);
            Checks.positive("transformer: d_inner", dInner);
            Checks.positive("transformer: n_layers", layers);
            Checks.positive("transformer: n_head", heads);
            Checks.positive("transformer: d_k", dK);
            Checks.positive("transformer: d_v", dV);
            Checks.positive("transformer: n_position", positions);
            Checks.probability("transformer: dropout", dropout);
            if (pad < 0 || pad >= Math.min(sourceWords, targetWords)) {
                throw new IllegalArgumentException("transformer: pad is " + pad + ", not a word of both vocabularies");
            }
            if (tieSource && sourceWords != targetWords) {
                throw new IllegalArgumentException("transformer: tie_source needs one vocabulary, not " + sourceWords
                        + " and " + targetWords + " words");
            }
        }

        /** Reads the arguments of the golden files, with the paper's base model as default. */
        public static Config read(Args args) {
            long dModel = args.integer("d_model", 512);
            long heads = Checks.positive("transformer: n_head", args.integer("n_head", 8));
            long share = Math.max(1, dModel / heads);
            return new Config(args.required("n_src_vocab"), args.required("n_trg_vocab"), dModel,
                    args.integer("d_inner", 2048), args.integer("n_layers", 6), heads, args.integer("d_k", share),
                    args.integer("d_v", share), args.integer("n_position", 200), args.number("dropout", 0.1),
                    args.integer("pad", 1), args.flag("tie_target", true), args.flag("tie_source", false),
                    Args.constant("transformer", "scale", Scale.class,
                            args.text("scale", Scale.EMBEDDING.name().toLowerCase(Locale.ROOT))),
                    args.flag("pre_norm", false));
        }

        Tensor scaled(Tensor embedded) {
            return scale == Scale.EMBEDDING ? embedded.mul(new Scalar(Math.sqrt(dModel))) : embedded;
        }
    }

    private final Config config;
    private final TransformerEncoder encoder;
    private final TransformerDecoder decoder;
    private final WordScores projection;

    public Transformer(Config config) {
        this.config = config;
        WordEmbedding target = new WordEmbedding(config.targetWords(), config.dModel(), config.pad());
        WordEmbedding source = config.tieSource() ? new WordEmbedding(target)
                : new WordEmbedding(config.sourceWords(), config.dModel(), config.pad());
        encoder = register_module("encoder", new TransformerEncoder(config, source));
        decoder = register_module("decoder", new TransformerDecoder(config, target));
        projection = register_module("trg_word_prj",
                config.tieTarget() ? new WordScores(target) : new WordScores(config.dModel(), config.targetWords()));
        TensorVector parameters = parameters();
        for (long i = 0; i < parameters.size(); i++) {
            if (parameters.get(i).dim() > 1) {
                torch.xavier_uniform_(parameters.get(i));
            }
        }
    }

    public Config config() {
        return config;
    }

    /**
     * Scores of each next word, all at once: for training.
     *
     * @param source (B, L) numbers of words, filled up with padding behind their last; each row has a word
     * @param target (B, T) the same
     * @return (B, T, words)
     */
    public Tensor forward(Tensor source, Tensor target) {
        return scores(states(source, target));
    }

    @Override
    public Tensor states(Tensor source, Tensor target) {
        Tensor sourceMask = words(source);
        Tensor encoded = encoder.forward(source, sourceMask);
        Tensor upToItself = torch.ones(new long[]{target.size(1), target.size(1)}, sourceMask.options()).tril();
        return decoder.forward(target, words(target).logical_and(upToItself), encoded, sourceMask);
    }

    @Override
    public Tensor scores(Tensor states) {
        Tensor all = projection.forward(states);
        return config.scale() == Scale.PROJECTION ? all.div(new Scalar(Math.sqrt(config.dModel()))) : all;
    }

    /** The keys and values of what was said are kept. */
    @Override
    public Decoding decode(Tensor source) {
        Tensor mask = words(source);
        List<TransformerDecoder.Cache> caches = decoder.start(encoder.forward(source, mask));
        return new Said(mask, caches);
    }

    private final class Said implements Decoding {
        private Tensor mask;
        private List<TransformerDecoder.Cache> caches;
        private long at;

        Said(Tensor mask, List<TransformerDecoder.Cache> caches) {
            this.mask = mask;
            this.caches = caches;
        }

        @Override
        public Tensor next(Tensor words) {
            return scores(decoder.step(words.unsqueeze(1), at++, caches, mask)).squeeze(1);
        }

        @Override
        public void keep(Tensor rows) {
            mask = mask.index_select(0, rows);
            caches = new ArrayList<>(caches.stream().map(cache -> cache.rows(rows)).toList());
        }
    }

    /** Where words are, not padding: (B, 1, 1, L). */
    private Tensor words(Tensor tokens) {
        return tokens.ne(new Scalar(config.pad())).unsqueeze(1).unsqueeze(1);
    }
}
