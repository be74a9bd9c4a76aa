package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.ELEMENT;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.batchNorm1d;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Window.padding;

import dev.glimpse.Layer;
import dev.glimpse.kernel.GatedMap;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Flatten;
import dev.glimpse.nn.Sequential;
import org.bytedeco.pytorch.Tensor;

/**
 * Bottleneck attention module: a branch for the channels and one for the positions, side by side, make one gate.
 *
 * <pre>
 * c = W1 relu(BN(W0 mean_hw x))                                           (B, C, 1, 1)
 * s = conv1x1(relu BN conv3x3)(relu BN conv3x3)(relu BN conv1x1)(x)       (B, 1, H, W), the 3x3 dilated by 4
 * y = x + x * sigmoid(c * s)                                              (B, C, H, W)
 * </pre>
 *
 * Park, Woo, Lee, Kweon: BAM: Bottleneck Attention Module. BMVC 2018.
 * <a href="https://arxiv.org/abs/1807.06514">arXiv:1807.06514</a>
 *
 * <p>
 * This is the authors' code, with its keys. It differs from the paper's text, which adds the branches after a batch norm
 * at the end of each, {@code sigmoid(BN(c) + BN(s))}: that is {@code form=paper}, whose two norms have the keys
 * {@code gate_c_bn_final} and {@code gate_s_bn_final}. The published code pools over squares only; here maps have any
 * shape. Take the default for the authors' weights. Its place is the end of a stage, before the map shrinks.
 */
public final class Bam extends Layer {
    /** How the branches meet. */
    public enum Form {
        /** Their product, as in the authors' code. */
        AUTHORS,
        /** Their sum, each normalised, as in the paper's text. */
        PAPER
    }

    /**
     * @param reduction both branches' hidden width is {@code channels / reduction}, rounded down
     * @param layers hidden layers of the channel branch
     * @param convs dilated convolutions of the spatial branch
     * @param dilation distance between their taps
     * @param form how the branches meet
     */
    public record Config(long reduction, long layers, long convs, long dilation, Form form) {
        /** The authors': reduction 16, one hidden layer, two convolutions dilated by 4. */
        public static final Config DEFAULT = new Config(16, 1, 2, 4, Form.AUTHORS);

        public Config {
            Checks.positive("bam: reduction", reduction);
            Checks.positive("bam: layers", layers);
            Checks.positive("bam: convs", convs);
            Checks.positive("bam: dilation", dilation);
        }

        static Config read(Args args) {
            return new Config(args.integer("reduction", DEFAULT.reduction), args.integer("layers", DEFAULT.layers),
                    args.integer("convs", DEFAULT.convs), args.integer("dilation", DEFAULT.dilation),
                    Args.constant("bam", "form", Form.class, args.text("form", "authors")));
        }
    }

    private final Form form;
    private final ChannelBranch channelBranch;
    private final SpatialBranch spatialBranch;

    public Bam(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Bam(long channels, Config config) {
        form = config.form();
        channelBranch = register_module("channel_att", new ChannelBranch(channels, config));
        spatialBranch = register_module("spatial_att", new SpatialBranch(channels, config));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        GatedMap map = GatedMap.of(x);
        Tensor c = channelBranch.forward(map.mean()); // (B, C, 1, 1)
        Tensor s = spatialBranch.forward(map.itself()); // (B, 1, H, W)
        if (watched()) {
            seen(this, ELEMENT, (form == Form.PAPER ? c.add(s) : c.mul(s)).sigmoid()); // (B, C, H, W)
        }
        return form == Form.PAPER ? map.plusGatedBySum(c, s) : map.plusGatedByProduct(c, s);
    }

    private static final class ChannelBranch extends Layer {
        private final Sequential steps = register_module("gate_c", new Sequential());

        ChannelBranch(long channels, Config config) {
            long hidden = Checks.reduced("bam", channels, config.reduction());
            steps.then("flatten", new Flatten());
            for (int i = 0; i < config.layers(); i++) {
                steps.then("gate_c_fc_" + i, linear(i == 0 ? channels : hidden, hidden))
                        .then("gate_c_bn_" + (i + 1), batchNorm1d(hidden)).then("gate_c_relu_" + (i + 1), relu());
            }
            steps.then("gate_c_fc_final", linear(hidden, channels));
            if (config.form() == Form.PAPER) {
                steps.then("gate_c_bn_final", batchNorm1d(channels));
            }
        }

        @Override
        public Tensor forward(Tensor mean) {
            Checks.valuesForNorm("bam", this, mean);
            return steps.forward(mean).unsqueeze(2).unsqueeze(3); // (B, C, 1, 1)
        }
    }

    private static final class SpatialBranch extends Layer {
        private final Sequential steps = register_module("gate_s", new Sequential());

        SpatialBranch(long channels, Config config) {
            long hidden = channels / config.reduction();
            long dilation = config.dilation();
            steps.then("gate_s_conv_reduce0", conv2d(channels, hidden, 1))
                    .then("gate_s_bn_reduce0", batchNorm2d(hidden))
                    .then("gate_s_relu_reduce0", relu());
            for (int i = 0; i < config.convs(); i++) {
                steps.then("gate_s_conv_di_" + i, conv2d(hidden, hidden, 3, padding(dilation).withDilation(dilation)))
                        .then("gate_s_bn_di_" + i, batchNorm2d(hidden)).then("gate_s_relu_di_" + i, relu());
            }
            steps.then("gate_s_conv_final", conv2d(hidden, 1, 1));
            if (config.form() == Form.PAPER) {
                steps.then("gate_s_bn_final", batchNorm2d(1));
            }
        }

        @Override
        public Tensor forward(Tensor x) {
            return steps.forward(x); // (B, 1, H, W)
        }
    }
}
