package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.SPATIAL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.conv2d;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Double attention: gathers features of the whole map into a few descriptors, then gives each position its mixture.
 *
 * <pre>
 * A = conv_A x                           (B, c_m, N)    features
 * M = softmax_N(conv_B x)                (B, c_n, N)    where each descriptor gathers
 * V = softmax_c_n(conv_V x)              (B, c_n, N)    which descriptors each position takes
 * G = A M^T                              (B, c_m, c_n)  the descriptors
 * y = conv_reconstruct(G V)              (B, C, H, W)
 * </pre>
 *
 * Chen, Kalantidis, Li, Yan, Feng: A^2-Nets: Double Attention Networks. NeurIPS 2018.
 * <a href="https://arxiv.org/abs/1810.11579">arXiv:1810.11579</a>
 *
 * <p>
 * Names and keys are those of a common re-implementation, nguyenvo09/Double-Attention-Network. Differs from the paper's
 * block, which adds {@code x} at the end: {@code residual=true} does, and is what to put into a network that works without.
 * The survey article's module is {@code form=article}: all widths are C, G is divided by N, V is a softmax over
 * positions, and nothing is reconstructed. The article makes C x C x N products to average them; here, as
 * {@code A M^T / N}, they are never made.
 */
public final class A2 extends Layer {
    /** Over what V sums to 1, and what G is divided by. */
    public enum Form {
        /** V over the descriptors; G is a sum. */
        PAPER,
        /** V over the positions; G is divided by their number. */
        ARTICLE
    }

    /**
     * @param cm features a descriptor holds
     * @param cn descriptors
     * @param reconstruct whether a last convolution restores the channels; without, there are {@code cm}
     * @param residual whether the input is added
     * @param form how V and G are normalised
     */
    public record Config(long cm, long cn, boolean reconstruct, boolean residual, Form form) {
        public Config {
            Checks.positive("a2: c_m", cm);
            Checks.positive("a2: c_n", cn);
        }

        /** The paper's widths: both a quarter of the channels, which are restored. */
        public static Config quarter(long channels) {
            Checks.positive("a2: channels", channels);
            long quarter = Math.max(channels / 4, 1);
            return new Config(quarter, quarter, true, false, Form.PAPER);
        }

        /** The article's: widths are the channels. */
        public static Config article(long channels) {
            Checks.positive("a2: channels", channels);
            return new Config(channels, channels, false, false, Form.ARTICLE);
        }

        static Config read(Args args, long channels) {
            Form form = Args.constant("a2", "form", Form.class, args.text("form", "paper"));
            Config plain = form == Form.PAPER ? quarter(channels) : article(channels);
            Config config = new Config(args.integer("c_m", plain.cm), args.integer("c_n", plain.cn),
                    args.flag("reconstruct", plain.reconstruct), args.flag("residual", plain.residual), form);
            config.requireChannels(channels, "what the table builds keeps its input's shape");
            return config;
        }

        private void requireChannels(long channels, String why) {
            if (!reconstruct && cm != channels) {
                throw new IllegalArgumentException("a2: reconstruct=false gives c_m=" + cm + " channels, not the "
                        + channels + " that came, and " + why + "; give c_m=" + channels + " or reconstruct=true");
            }
        }
    }

    private final Config config;
    private final Conv2dImpl features;
    private final Conv2dImpl gathering;
    private final Conv2dImpl distribution;
    private final Conv2dImpl reconstruction;

    public A2(long channels) {
        this(channels, Config.quarter(channels));
    }

    /** Without {@code reconstruct} it returns {@code cm} channels. */
    public A2(long channels, Config config) {
        Checks.positive("a2: channels", channels);
        if (config.residual()) {
            config.requireChannels(channels, "the input is added");
        }
        this.config = config;
        features = register_module("convA", conv2d(channels, config.cm(), 1));
        gathering = register_module("convB", conv2d(channels, config.cn(), 1));
        distribution = register_module("convV", conv2d(channels, config.cn(), 1));
        reconstruction = config.reconstruct()
                ? register_module("conv_reconstruct", conv2d(config.cm(), channels, 1))
                : null;
    }

    /** (B, C, H, W) to the same, or to (B, c_m, H, W) when nothing is reconstructed. */
    @Override
    public Tensor forward(Tensor x) {
        boolean paper = config.form() == Form.PAPER;
        Tensor a = features.forward(x).flatten(2, 3); // (B, c_m, N)
        Tensor maps = gathering.forward(x).flatten(2, 3).softmax(2); // (B, c_n, N)
        Tensor v = distribution.forward(x).flatten(2, 3).softmax(paper ? 1 : 2); // (B, c_n, N)
        seen(this, SPATIAL, maps.view(x.size(0), config.cn(), x.size(2), x.size(3)));
        Tensor sums = a.matmul(maps.transpose(1, 2)); // (B, c_m, c_n)
        Tensor descriptors = paper ? sums : sums.div(new Scalar(a.size(2)));
        Tensor mixed = descriptors.matmul(v).view(x.size(0), config.cm(), x.size(2), x.size(3)); // (B, c_m, H, W)
        Tensor y = reconstruction == null ? mixed : reconstruction.forward(mixed); // (B, C, H, W)
        return config.residual() ? x.add(y) : y;
    }
}
