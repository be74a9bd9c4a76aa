package dev.glimpse.sequence;

import static dev.glimpse.nn.Layers.dropout;
import static dev.glimpse.nn.Layers.layerNorm;

import dev.glimpse.sequence.MultiHead.Remembered;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/** A Transformer's second half: every word attends to those before it, and to the source. */
final class TransformerDecoder extends Module {
    /**
     * What a block keeps between the words that it says.
     *
     * @param said keys and values of the words so far; null before the first
     * @param source those of the source
     */
    record Cache(Remembered said, Remembered source) {
        Cache rows(Tensor indices) {
            return new Cache(said.rows(indices), source.rows(indices));
        }
    }

    private static final class Block extends Module {
        private final MultiHead self;
        private final MultiHead toSource;
        private final FeedForward feedForward;

        Block(Transformer.Config config) {
            self = register_module("slf_attn", new MultiHead(config));
            toSource = register_module("enc_attn", new MultiHead(config));
            feedForward = register_module("pos_ffn", new FeedForward(config));
        }

        Tensor forward(Tensor x, Tensor mask, Tensor source, Tensor sourceMask) {
            Tensor normed = self.normed(x);
            return rest(self.forward(x, normed, self.remember(normed), mask), toSource.remember(source), sourceMask);
        }

        /** One word more; its cache takes the place of the old one. */
        Tensor step(Tensor x, List<Cache> caches, int own, Tensor sourceMask) {
            Tensor normed = self.normed(x);
            Cache cache = caches.get(own);
            Remembered word = self.remember(normed);
            Remembered said = cache.said == null ? word : cache.said.and(word);
            caches.set(own, new Cache(said, cache.source));
            return rest(self.forward(x, normed, said, null), cache.source, sourceMask);
        }

        private Tensor rest(Tensor x, Remembered source, Tensor sourceMask) {
            return feedForward.forward(toSource.forward(x, toSource.normed(x), source, sourceMask));
        }
    }

    private final Transformer.Config config;
    private final WordEmbedding words;
    private final Positions positions;
    private final DropoutImpl dropout;
    private final Module stack; // libtorch does not keep the Java object, which it calls
    private final List<Block> blocks = new ArrayList<>();
    private final LayerNormImpl norm;

    TransformerDecoder(Transformer.Config config, WordEmbedding words) {
        this.config = config;
        this.words = register_module("trg_word_emb", words);
        positions = register_module("position_enc", new Positions(config.positions(), config.dModel()));
        dropout = register_module("dropout", dropout(config.dropout()));
        stack = register_module("layer_stack", new Module());
        for (int i = 0; i < config.layers(); i++) {
            blocks.add(stack.register_module(String.valueOf(i), new Block(config)));
        }
        norm = register_module("layer_norm", layerNorm(config.dModel(), Transformer.EPSILON));
    }

    /**
     * All words at once.
     *
     * @param target (B, T)
     * @param mask true where a word may attend to another, (B, 1, T, T)
     * @param source (B, L, d_model)
     * @param sourceMask true where the source is no padding, (B, 1, 1, L)
     * @return (B, T, d_model)
     */
    Tensor forward(Tensor target, Tensor mask, Tensor source, Tensor sourceMask) {
        Tensor x = embedded(target, 0);
        for (Block block : blocks) {
            x = block.forward(x, mask, source, sourceMask);
        }
        return config.preNorm() ? norm.forward(x) : x;
    }

    /** What is kept before the first word. */
    List<Cache> start(Tensor source) {
        List<Cache> caches = new ArrayList<>();
        blocks.forEach(block -> caches.add(new Cache(null, block.toSource.remember(source))));
        return caches;
    }

    /**
     * One word more.
     *
     * @param word (B, 1)
     * @param at its position
     * @param caches replaced by what is kept for the next word
     * @return (B, 1, d_model)
     */
    Tensor step(Tensor word, long at, List<Cache> caches, Tensor sourceMask) {
        Tensor x = embedded(word, at);
        for (int i = 0; i < blocks.size(); i++) {
            x = blocks.get(i).step(x, caches, i, sourceMask);
        }
        return config.preNorm() ? norm.forward(x) : x;
    }

    private Tensor embedded(Tensor target, long at) {
        Tensor x = dropout.forward(positions.forward(config.scaled(words.forward(target)), at));
        return config.preNorm() ? x : norm.forward(x);
    }
}
