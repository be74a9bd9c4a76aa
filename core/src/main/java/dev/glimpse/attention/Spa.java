package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.linearNoBias;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Tensors.adaptiveMean;
import static dev.glimpse.nn.Tensors.cat;

import dev.glimpse.Layer;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.kernel.Kernels;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Sequential;
import org.bytedeco.pytorch.Tensor;

/**
 * Spatial pyramid attention: squeeze-and-excitation whose squeeze keeps where things are, on grids of 1, 4 and 16 cells.
 *
 * <pre>
 * p = [mean on 1x1; on 2x2; on 4x4]      (B, 21C)
 * s = sigmoid(W2 relu(W1 p))             (B, C, 1, 1), W1: C/r x 21C, W2: C x C/r
 * y = s * x                              (B, C, H, W)
 * </pre>
 *
 * Guo, Ma, Sansom, McGuire, Kalaani, Chen, Tang, Yang, Fu: SPANet: Spatial Pyramid Attention Network for Enhanced Image
 * Recognition. ICME 2020.
 *
 * <p>
 * Differs from the authors' code, whose module returns s for the block to multiply with, and can widen the channels by a
 * convolution before. An article takes a hidden width of 21C/r, which is {@code hidden=article}: 21 times the weights.
 * Keep {@code hidden=authors} unless you load weights trained with the other.
 */
public final class Spa extends Layer {
    private static final long CELLS = 1 + 2 * 2 + 4 * 4;

    /** Whose hidden width. */
    public enum Hidden {
        /** C/r. */
        AUTHORS,
        /** 21C/r. */
        ARTICLE
    }

    /**
     * @param reduction what the hidden width is divided by, rounded down
     * @param hidden what is divided by it
     */
    public record Config(long reduction, Hidden hidden) {
        /** The authors': a sixteenth of the channels. */
        public static final Config DEFAULT = new Config(16, Hidden.AUTHORS);

        public Config {
            Checks.positive("spa: reduction", reduction);
        }

        static Config read(Args args) {
            return new Config(args.integer("reduction", DEFAULT.reduction),
                    Args.constant("spa", "hidden", Hidden.class, args.text("hidden", "authors")));
        }
    }

    private final long channels;
    private final Sequential fc;

    public Spa(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Spa(long channels, Config config) {
        this.channels = Checks.positive("spa: channels", channels);
        long divided = config.hidden() == Hidden.ARTICLE ? CELLS * channels : channels;
        long hidden = Checks.reduced("spa", divided, config.reduction());
        fc = register_module("fc", new Sequential(linearNoBias(CELLS * channels, hidden), relu(),
                linearNoBias(hidden, channels)));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("spa", channels, x);
        GatedMap map = Kernels.large(x) ? GatedMap.ofMeans(x) : GatedMap.composed(x);
        Tensor pyramid = cat(1, map.mean().flatten(1, -1), adaptiveMean(map.itself(), 2, 2).flatten(1, -1),
                adaptiveMean(map.itself(), 4, 4).flatten(1, -1)); // (B, 21C)
        Tensor gate = fc.forward(pyramid).sigmoid().unsqueeze(2).unsqueeze(3); // (B, C, 1, 1)
        return map.gated(seen(this, CHANNEL, gate));
    }
}
