package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.relu;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Selective kernel convolution: branches see areas of different size, and each channel chooses among them.
 *
 * <pre>
 * U_i = ReLU(BN(conv_i x)), i = 0 .. M-1: 3x3, dilation 1+i    (B, C, H, W)
 * z   = ReLU(BN(W mean_hw sum_i U_i))                          (B, d, 1, 1), d = max(C/r, L)
 * a_i = softmax over i of (V_i z + v_i)                        (B, C, 1, 1)
 * y   = sum_i a_i * U_i                                        (B, C, H, W)
 * </pre>
 *
 * Li, Wang, Hu, Yang: Selective Kernel Networks. CVPR 2019.
 * <a href="https://arxiv.org/abs/1903.06586">arXiv:1903.06586</a>
 *
 * <p>
 * The keys are those of the usual PyTorch port, since the authors' code is for Caffe; it differs from the paper's formula
 * by the biases v_i. {@code kernels=real} is another port, pppLang/SKNet: kernels of side 3+2i, with biases, in place of
 * dilation, and a plain linear layer for z. As z is one value an image, its norm cannot train on a lone image;
 * {@code kernels=real} has no such norm.
 *
 * <p>
 * Take this form in place of a grouped 3x3 convolution, as the paper does. {@code sk-timm} has fewer parameters where
 * convolutions are not grouped, and loads timm's weights.
 */
public final class Sk extends Layer {
    /** How branches see larger areas. */
    public enum Kernels {
        /** Kernels of side 3, ever more dilated. */
        DILATED,
        /** Ever larger kernels. */
        REAL
    }

    /**
     * @param branches M in the paper, at least 2
     * @param groups groups of each branch's convolution
     * @param reduction r in the paper
     * @param minWidth L in the paper: z has at least as many values
     * @param kernels how branches see larger areas
     */
    public record Config(long branches, long groups, long reduction, long minWidth, Kernels kernels) {
        /** The paper's: two branches, 32 groups, reduction 16, at least 32 values, dilated. */
        public static final Config DEFAULT = new Config(2, 32, 16, 32, Kernels.DILATED);

        public Config {
            if (branches < 2) {
                throw new IllegalArgumentException(
                        "sk: branches is " + branches + ", must be at least 2, to choose among");
            }
            Checks.positive("sk: groups", groups);
            Checks.positive("sk: reduction", reduction);
            Checks.positive("sk: min_width", minWidth);
        }

        static Config read(Args args) {
            return new Config(args.integer("branches", DEFAULT.branches), args.integer("groups", DEFAULT.groups),
                    args.integer("reduction", DEFAULT.reduction), args.integer("min_width", DEFAULT.minWidth),
                    Args.constant("sk", "kernels", Kernels.class, args.text("kernels", "dilated")));
        }
    }

    private final long channels;
    private final boolean dilated;
    private final List<Sequential> convs = new ArrayList<>();
    private final Module fc;
    private final List<Module> fcs = new ArrayList<>();

    public Sk(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Sk(long channels, Config config) {
        requireGroups(Checks.positive("sk: channels", channels), config.groups());
        this.channels = channels;
        dilated = config.kernels() == Kernels.DILATED;
        long width = Math.max(channels / config.reduction(), config.minWidth());
        Module branches = register_module("convs", new Module());
        fc = register_module("fc", dilated
                ? new Sequential(conv2d(channels, width, 1, Window.unbiased()), batchNorm2d(width), relu())
                : linear(channels, width));
        Module choices = register_module("fcs", new Module());
        for (int i = 0; i < config.branches(); i++) {
            Window window = Window.padding(1 + i).withGroups(config.groups());
            Module conv = dilated ? conv2d(channels, channels, 3, window.withDilation(1 + i).noBias())
                    : conv2d(channels, channels, 3 + 2 * i, window);
            String key = Integer.toString(i);
            convs.add(branches.register_module(key, new Sequential(conv, batchNorm2d(channels), relu())));
            fcs.add(choices.register_module(key, dilated ? conv2d(width, channels, 1) : linear(width, channels)));
        }
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("sk", channels, x);
        requireValuesForNorms(x);
        List<Tensor> features = convs.stream().map(conv -> conv.forward(x)).toList(); // M of (B, C, H, W)
        Tensor pooled = Tensors.spatialMean(features.stream().reduce(Tensor::add).orElseThrow()); // (B, C, 1, 1)
        Tensor squeezed = Layers.forward(fc, dilated ? pooled : pooled.flatten(1, 3)); // (B, d, 1, 1) or (B, d)
        Tensor logits = Tensors.stack(1, fcs.stream().map(choice -> Layers.forward(choice, squeezed).flatten(1, -1))
                .toArray(Tensor[]::new)); // (B, M, C)
        Tensor gates = logits.softmax(1).unsqueeze(3).unsqueeze(4); // (B, M, C, 1, 1)
        Tensor y = features.getFirst().mul(seen(this, CHANNEL, gates.select(1, 0)));
        for (int i = 1; i < features.size(); i++) {
            y = y.add(features.get(i).mul(seen(this, CHANNEL, gates.select(1, i))));
        }
        return y; // (B, C, H, W)
    }

    private void requireValuesForNorms(Tensor x) {
        if (dilated) {
            Checks.imagesForNorm("sk", this, x);
        } else {
            Checks.valuesForNorm("sk", this, x);
        }
    }

    private static void requireGroups(long channels, long groups) {
        if (channels % groups != 0) {
            throw new IllegalArgumentException("sk: " + channels + " channels do not divide by groups=" + groups
                    + "; give a divisor of them, such as groups="
                    + BigInteger.valueOf(channels).gcd(BigInteger.valueOf(groups)));
        }
    }
}
