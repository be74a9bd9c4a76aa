package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.ELEMENT;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Layers.sigmoid;
import static dev.glimpse.nn.Tensors.bilinear;
import static dev.glimpse.nn.Window.padding;
import static dev.glimpse.nn.Window.unbiased;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Sequential;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.MaxPool2dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * Residual attention: a small hourglass of residual units computes a mask that scales its trunk's features up.
 *
 * <pre>
 * y_0 = x, y_i = unit(maxpool3x3/2 y_(i-1))                  i = 1 ... downs, two units at the bottom
 * z_i = unit(resize(z_(i+1)) + unit(y_i))                    i = downs-1 ... 1, to the size of y_i, from z_downs = y_downs
 * M   = sigmoid(conv1x1 relu BN conv1x1 relu BN resize(z_1)) (B, C, H, W)
 * y   = (1 + M) * trunk                                      (B, C, H, W)
 * </pre>
 *
 * Wang, Jiang, Qian, Yang, Li, Zhang, Wang, Tang: Residual Attention Network for Image Classification. CVPR 2017.
 * <a href="https://arxiv.org/abs/1704.06904">arXiv:1704.06904</a>
 *
 * <p>
 * In a block's slot the trunk is the input itself; {@code trunk=blocks} is the network's whole module, with a unit before,
 * two units as the trunk and one after. The paper goes down 3, 2 and 1 times at 56x56, 28x28 and 14x14, always to 7x7.
 *
 * <p>
 * What is added up is as in the authors' Caffe definitions (the older of which have a tanh for the sigmoid, and whose pools
 * are not padded). Keys and padding are those of their common PyTorch port
 * (tengshaofeng/ResidualAttentionNetwork-pytorch), which adds each {@code y_i} a second time, and the trunk before the
 * mask's convolutions: take {@code form=port} for its weights. Differs from both: sizes follow the map instead of being
 * fixed, and a unit has {@code conv4} only where its shape changes (the port's has one always, mostly unused: drop those
 * keys).
 */
public final class ResidualAttention extends Layer {
    /** What the mask scales. */
    public enum Trunk {
        /** The input. */
        IDENTITY,
        /** Two residual units, with one more before the branches and one after. */
        BLOCKS
    }

    /** What the hourglass adds up. */
    public enum Form {
        /** What comes from below and the skip unit's output. */
        AUTHORS,
        /** The skip unit's input and, last, the trunk as well. */
        PORT
    }

    /**
     * @param downs how often the mask branch halves the map
     * @param reduction a unit's inner width is {@code channels / reduction}, rounded down
     * @param trunk what the mask scales
     * @param form what the hourglass adds up
     */
    public record Config(long downs, long reduction, Trunk trunk, Form form) {
        /** Two halvings, the paper's bottleneck of a quarter, the input as the trunk. */
        public static final Config DEFAULT = new Config(2, 4, Trunk.IDENTITY, Form.AUTHORS);

        public Config {
            Checks.positive("ra: downs", downs);
            Checks.positive("ra: reduction", reduction);
        }

        static Config read(Args args) {
            return new Config(args.integer("downs", DEFAULT.downs), args.integer("reduction", DEFAULT.reduction),
                    Args.constant("ra", "trunk", Trunk.class, args.text("trunk", "identity")),
                    Args.constant("ra", "form", Form.class, args.text("form", "authors")));
        }
    }

    private final boolean port;
    private final List<MaxPool2dImpl> pools = new ArrayList<>();
    private final List<Layer> downs = new ArrayList<>();
    private final List<Layer> skips = new ArrayList<>();
    private final List<Layer> ups = new ArrayList<>();
    private final Layer first;
    private final Layer trunk;
    private final Layer last;
    private final Layer mask;

    public ResidualAttention(long channels) {
        this(channels, Config.DEFAULT);
    }

    public ResidualAttention(long channels, Config config) {
        long inner = Checks.reduced("ra", channels, config.reduction());
        port = config.form() == Form.PORT;
        boolean blocks = config.trunk() == Trunk.BLOCKS;
        first = blocks ? register_module("first_residual_blocks", unit(channels, inner)) : new Sequential();
        trunk = blocks ? register_module("trunk_branches", twoUnits(channels, inner)) : new Sequential();
        for (long i = 1; i <= config.downs(); i++) {
            boolean bottom = i == config.downs();
            pools.add(register_module("mpool" + i, maxPool2d(3, 2, 1)));
            downs.add(register_module("softmax" + i + "_blocks",
                    bottom ? twoUnits(channels, inner) : unit(channels, inner)));
            if (!bottom) {
                skips.add(register_module("skip" + i + "_connection_residual_block", unit(channels, inner)));
            }
        }
        for (long i = config.downs() + 1; i < 2 * config.downs(); i++) {
            ups.add(register_module("softmax" + i + "_blocks", unit(channels, inner)));
        }
        mask = register_module("softmax" + 2 * config.downs() + "_blocks",
                new Sequential(batchNorm2d(channels), relu(), conv2d(channels, channels, 1, unbiased()),
                        batchNorm2d(channels), relu(), conv2d(channels, channels, 1, unbiased()), sigmoid()));
        last = blocks ? register_module("last_blocks", unit(channels, inner)) : new Sequential();
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Tensor input = first.forward(x); // (B, C, H, W)
        Tensor features = trunk.forward(input); // (B, C, H, W)
        Tensor logits = resize(hourglass(input), input); // (B, C, H, W)
        Tensor gate = mask.forward(port ? logits.add(features) : logits); // (B, C, H, W)
        return last.forward(features.addcmul(features, seen(this, ELEMENT, gate)));
    }

    /** Down to the smallest map and up again, to half the input's size. */
    private Tensor hourglass(Tensor x) {
        List<Tensor> levels = new ArrayList<>();
        Tensor y = x;
        for (int i = 0; i < downs.size(); i++) {
            y = downs.get(i).forward(pools.get(i).forward(y)); // (B, C, H/2^i, W/2^i), rounded up
            levels.add(y);
        }
        for (int i = downs.size() - 2; i >= 0; i--) {
            Tensor level = levels.get(i);
            Tensor sum = resize(y, level).add(skips.get(i).forward(level));
            y = ups.get(downs.size() - 2 - i).forward(port ? sum.add(level) : sum);
        }
        return y;
    }

    private static Tensor resize(Tensor y, Tensor like) {
        return bilinear(y, like.size(2), like.size(3), true);
    }

    private static Layer unit(long channels, long inner) {
        return new Unit(channels, inner, channels, 1);
    }

    private static Layer twoUnits(long channels, long inner) {
        return new Sequential(unit(channels, inner), unit(channels, inner));
    }

    /** A bottleneck residual unit with norm and ReLU before each convolution, the network's block as well as ours. */
    public static final class Unit extends Layer {
        private final BatchNorm2dImpl bn1;
        private final Conv2dImpl conv1;
        private final BatchNorm2dImpl bn2;
        private final Conv2dImpl conv2;
        private final BatchNorm2dImpl bn3;
        private final Conv2dImpl conv3;
        private final Conv2dImpl conv4;

        /** @param stride by how much the map shrinks */
        public Unit(long in, long inner, long out, long stride) {
            bn1 = register_module("bn1", batchNorm2d(in));
            conv1 = register_module("conv1", conv2d(in, inner, 1, unbiased()));
            bn2 = register_module("bn2", batchNorm2d(inner));
            conv2 = register_module("conv2", conv2d(inner, inner, 3, padding(1).withStride(stride).noBias()));
            bn3 = register_module("bn3", batchNorm2d(inner));
            conv3 = register_module("conv3", conv2d(inner, out, 1, unbiased()));
            boolean same = in == out && stride == 1;
            conv4 = same ? null : register_module("conv4", conv2d(in, out, 1, unbiased().withStride(stride)));
        }

        /** (B, in, H, W) to (B, out, H/stride, W/stride). */
        @Override
        public Tensor forward(Tensor x) {
            Checks.valuesForNorm("ra", this, x);
            Tensor active = bn1.forward(x).relu(); // (B, in, H, W)
            Tensor small = bn2.forward(conv1.forward(active)).relu(); // (B, inner, H, W)
            Tensor mixed = bn3.forward(conv2.forward(small)).relu(); // (B, inner, H/stride, W/stride)
            return conv3.forward(mixed).add(conv4 == null ? x : conv4.forward(active));
        }
    }
}
