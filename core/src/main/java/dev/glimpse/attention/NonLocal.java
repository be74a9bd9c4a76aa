package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.PAIRS;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.relu;

import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNorm3dImpl;
import org.bytedeco.pytorch.Conv1dImpl;
import org.bytedeco.pytorch.Conv3dImpl;
import dev.glimpse.Layer;
import dev.glimpse.kernel.PairAttention;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Memory;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.util.Arrays;
import java.util.Locale;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The non-local block: adds to each position a mixture of all positions, weighted by how they pair up.
 *
 * <pre>
 * y_i = x_i + BN(W sum_j f(x_i, x_j) g(x_j))                   g, theta, phi: 1x1, C to C'; W: 1x1, C' to C
 * embedded_gaussian  f = softmax_j(theta_i . phi_j)            (B, 1, N, M)
 * gaussian           f = softmax_j(x_i . x_j)
 * dot_product        f = theta_i . phi_j / M
 * concatenation      f = relu(w [theta_i; phi_j]) / M
 * </pre>
 *
 * Wang, Girshick, Gupta, He: Non-local Neural Networks. CVPR 2018.
 * <a href="https://arxiv.org/abs/1711.07971">arXiv:1711.07971</a>
 *
 * <p>
 * Keys and defaults as in AlexHex7/Non-local_pytorch: C' is half of C, g and phi (in {@code gaussian} the x_j) are
 * max-pooled to half their height and width ({@code sub_sample}), which leaves M = N / 4 of them, and the norm's weight and
 * bias start at 0, so that the block starts as the identity. The authors' own code (Caffe2) can also divide the scores by
 * the root of C': {@code scale=true}. Differs from AlexHex7's: a side of 1 is not pooled, where that fails.
 *
 * <p>
 * {@code embedded_gaussian} and {@code dot_product} are the ones to want: in all modes but {@code concatenation} memory
 * grows with N, not with its square. While the map is watched it is held in full, N x M.
 */
public final class NonLocal extends Layer implements StartsAsIdentity {
    /** How a pair of positions gets its weight. */
    public enum Mode {
        EMBEDDED_GAUSSIAN, GAUSSIAN, DOT_PRODUCT, CONCATENATION;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * @param dims a map's dimensions: 1 for sequences, 2 for images, 3 for videos
     * @param mode how a pair gets its weight
     * @param interChannels the width C' inside; 0 takes half the channels, at least 1
     * @param subSample whether g and phi are max-pooled, in 3 dimensions over height and width alone
     * @param batchNorm whether a norm follows W
     * @param scale whether the scores are divided by the root of C'; {@code embedded_gaussian} alone
     */
    public record Config(long dims, Mode mode, long interChannels, boolean subSample, boolean batchNorm,
            boolean scale) {
        /** AlexHex7's: images, embedded Gaussian, half the channels, sub-sampled, with norm, not scaled. */
        public static final Config DEFAULT = new Config(2, Mode.EMBEDDED_GAUSSIAN, 0, true, true, false);

        public Config {
            if (dims < 1 || dims > 3) {
                throw new IllegalArgumentException("nonlocal: dims is " + dims + ", must be 1, 2 or 3");
            }
            if (interChannels < 0) {
                throw new IllegalArgumentException(
                        "nonlocal: inter_channels is " + interChannels + ", must not be negative");
            }
            if (scale && mode != Mode.EMBEDDED_GAUSSIAN) {
                throw new IllegalArgumentException(
                        "nonlocal: scale is for mode=embedded_gaussian, not for mode=" + mode.word());
            }
        }

        static Config read(Args args) {
            return new Config(args.integer("dims", DEFAULT.dims),
                    Args.constant("nonlocal", "mode", Mode.class, args.text("mode", DEFAULT.mode.word())),
                    args.integer("inter_channels", DEFAULT.interChannels),
                    args.flag("sub_sample", DEFAULT.subSample), args.flag("batch_norm", DEFAULT.batchNorm),
                    args.flag("scale", DEFAULT.scale));
        }
    }

    private final long channels;
    private final Config config;
    private final double scale;
    private final Module g;
    /** Null where positions are compared as they are, as is phi. */
    private final Module theta;
    private final Module phi;
    private final Module w;
    private final Module last;
    private final Conv2dImpl concatProject;

    public NonLocal(long channels) {
        this(channels, Config.DEFAULT);
    }

    public NonLocal(long channels, Config config) {
        this.channels = Checks.positive("nonlocal: channels", channels);
        this.config = config;
        long inter = config.interChannels() == 0 ? Math.max(channels / 2, 1) : config.interChannels();
        boolean embedded = config.mode() != Mode.GAUSSIAN;
        scale = config.scale() ? 1 / Math.sqrt(inter) : 1;
        g = register_module("g", subSampled(conv(config.dims(), channels, inter)));
        theta = embedded ? register_module("theta", conv(config.dims(), channels, inter)) : null;
        phi = embedded ? register_module("phi", subSampled(conv(config.dims(), channels, inter)))
                : config.subSample() ? register_module("phi", new SubSample()) : null;
        Module project = conv(config.dims(), inter, channels);
        last = config.batchNorm() ? norm(config.dims(), channels) : project;
        Init.zero(last);
        w = register_module("W", config.batchNorm() ? new Sequential(project, last) : project);
        concatProject = config.mode() == Mode.CONCATENATION ? conv2d(2 * inter, 1, 1, Window.unbiased()) : null;
        if (concatProject != null) {
            register_module("concat_project", new Sequential(concatProject, relu()));
        }
    }

    /** (B, C, L), (B, C, H, W) or (B, C, T, H, W), as {@code dims} says, to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("nonlocal", channels, config.dims(), x);
        if (config.batchNorm()) {
            Checks.valuesForNorm("nonlocal", this, x);
        }
        requireMemory(x);
        Tensor values = positions(Layers.forward(g, x)); // (B, 1, M, C')
        Tensor queries = positions(theta == null ? x : Layers.forward(theta, x)); // (B, 1, N, C')
        Tensor keys = positions(phi == null ? x : Layers.forward(phi, x)); // (B, 1, M, C')
        Tensor mixed = switch (config.mode()) { // (B, 1, N, C')
            case EMBEDDED_GAUSSIAN, GAUSSIAN -> softmax(queries, keys, values);
            case DOT_PRODUCT -> dotProduct(queries, keys, values);
            case CONCATENATION -> concatenation(queries, keys, values);
        };
        return x.add(Layers.forward(w, map(mixed, x)));
    }

    private Tensor softmax(Tensor queries, Tensor keys, Tensor values) {
        return watched() ? seen(this, PAIRS, PairAttention.weights(queries, keys, scale)).matmul(values)
                : PairAttention.attend(queries, keys, values, scale);
    }

    /** Without a softmax the product can start from either end: from where the matrix between is smaller. */
    private Tensor dotProduct(Tensor queries, Tensor keys, Tensor values) {
        Tensor share = queries.div(new Scalar((double) keys.size(2))); // (B, 1, N, C')
        return watched() || queries.size(2) * keys.size(2) < queries.size(3) * values.size(3)
                ? seen(this, PAIRS, share.matmul(keys.transpose(2, 3))).matmul(values) // (N, M) (M, C')
                : share.matmul(keys.transpose(2, 3).matmul(values)); // (N, C') (C', C')
    }

    /** The projection of a pair joined is the sum of each one's own: no pair's 2C' channels are ever laid out. */
    private Tensor concatenation(Tensor queries, Tensor keys, Tensor values) {
        Tensor share = concatProject.weight().view(2, -1, 1).div(new Scalar((double) keys.size(2))); // (2, C', 1)
        Tensor ofQueries = queries.matmul(share.select(0, 0)); // (B, 1, N, 1)
        Tensor ofKeys = keys.matmul(share.select(0, 1)).transpose(2, 3); // (B, 1, 1, M)
        return seen(this, PAIRS, ofQueries.add(ofKeys).relu_()).matmul(values);
    }

    /** Before anything is computed, where all pairs must be held: their weights, a softmax's scores, both gradients. */
    private void requireMemory(Tensor x) {
        if (config.mode() == Mode.CONCATENATION || watched()) {
            long queries = x.numel() / (x.size(0) * channels);
            long pooled = config.subSample() ? Arrays.stream(SubSample.window(x)).reduce(1, (a, b) -> a * b) : 1;
            boolean softmax = config.mode() == Mode.EMBEDDED_GAUSSIAN || config.mode() == Mode.GAUSSIAN;
            long tensors = (softmax ? 2 : 1) + (GradMode.is_enabled() ? 2 : 0);
            Memory.require("nonlocal", Memory.bytes(x, tensors, x.size(0), queries, queries / pooled),
                    watched() ? "use a smaller map or sub_sample=true, or do not watch its attention"
                            : "use a smaller map, sub_sample=true or mode=embedded_gaussian");
        }
    }

    private static Tensor positions(Tensor map) {
        return map.flatten(2, -1).transpose(1, 2).unsqueeze(1);
    }

    /** Laid out anew: a view would carry the norm's sums through memory in an order that rounds worse. */
    private static Tensor map(Tensor positions, Tensor like) {
        long[] shape = Tensors.shape(like);
        shape[1] = positions.size(3);
        return positions.transpose(2, 3).contiguous().view(shape);
    }

    private Module subSampled(Module conv) {
        return config.subSample() ? new Sequential(conv, new SubSample()) : conv;
    }

    private static Module conv(long dims, long in, long out) {
        return switch ((int) dims) {
            case 1 -> Layers.conv1d(in, out, 1);
            case 2 -> conv2d(in, out, 1);
            default -> Layers.conv3d(in, out, 1, Window.DEFAULT);
        };
    }

    private static Module norm(long dims, long channels) {
        return switch ((int) dims) {
            case 1 -> Layers.batchNorm1d(channels);
            case 2 -> Layers.batchNorm2d(channels);
            default -> Layers.batchNorm3d(channels);
        };
    }

    /** The largest of every two positions along each side but time's; a side of 1 stays. */
    private static final class SubSample extends Layer {
        @Override
        public Tensor forward(Tensor x) {
            return Tensors.maxPool(x, window(x));
        }

        static long[] window(Tensor x) {
            long[] window = new long[(int) x.dim() - 2];
            for (int i = 0; i < window.length; i++) {
                boolean time = window.length == 3 && i == 0;
                window[i] = time ? 1 : Math.min(2, x.size(i + 2));
            }
            return window;
        }
    }

    @Override
    public void open() {
        switch (last) {
            case BatchNorm2dImpl norm -> norm.reset_parameters();
            case BatchNorm1dImpl norm -> norm.reset_parameters();
            case BatchNorm3dImpl norm -> norm.reset_parameters();
            case Conv1dImpl conv -> conv.reset_parameters();
            case Conv2dImpl conv -> conv.reset_parameters();
            case Conv3dImpl conv -> conv.reset_parameters();
            default -> throw new IllegalStateException(last.toString());
        }
    }

    @Override
    public boolean scale(double factor) {
        Init.scale(last, factor);
        return true;
    }
}
