package dev.glimpse.sequence;

import static dev.glimpse.nn.Layers.dropout;
import static dev.glimpse.nn.Layers.layerNorm;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/** A Transformer's first half: every word of the source attends to every other. */
final class TransformerEncoder extends Module {
    private static final class Block extends Module {
        private final MultiHead self;
        private final FeedForward feedForward;

        Block(Transformer.Config config) {
            self = register_module("slf_attn", new MultiHead(config));
            feedForward = register_module("pos_ffn", new FeedForward(config));
        }

        Tensor forward(Tensor x, Tensor mask) {
            Tensor normed = self.normed(x);
            return feedForward.forward(self.forward(x, normed, self.remember(normed), mask));
        }
    }

    private final Transformer.Config config;
    private final WordEmbedding words;
    private final Positions positions;
    private final DropoutImpl dropout;
    private final Module stack; // libtorch does not keep the Java object, which it calls
    private final List<Block> blocks = new ArrayList<>();
    private final LayerNormImpl norm;

    TransformerEncoder(Transformer.Config config, WordEmbedding words) {
        this.config = config;
        this.words = register_module("src_word_emb", words);
        positions = register_module("position_enc", new Positions(config.positions(), config.dModel()));
        dropout = register_module("dropout", dropout(config.dropout()));
        stack = register_module("layer_stack", new Module());
        for (int i = 0; i < config.layers(); i++) {
            blocks.add(stack.register_module(String.valueOf(i), new Block(config)));
        }
        norm = register_module("layer_norm", layerNorm(config.dModel(), Transformer.EPSILON));
    }

    /**
     * @param source (B, L)
     * @param mask true where it is no padding, (B, 1, 1, L)
     * @return (B, L, d_model)
     */
    Tensor forward(Tensor source, Tensor mask) {
        Tensor x = dropout.forward(positions.forward(config.scaled(words.forward(source))));
        x = config.preNorm() ? x : norm.forward(x);
        for (Block block : blocks) {
            x = block.forward(x, mask);
        }
        return config.preNorm() ? norm.forward(x) : x;
    }
}
