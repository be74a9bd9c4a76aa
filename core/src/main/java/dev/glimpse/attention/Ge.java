package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.ELEMENT;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Tensors.nearest;
import static dev.glimpse.nn.Tensors.windowMax;
import static dev.glimpse.nn.Tensors.windowMean;

import dev.glimpse.Layer;
import dev.glimpse.kernel.Mlp;
import dev.glimpse.kernel.PooledGates;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Window;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Gather-excite: scales each channel around each position by what is gathered from a neighbourhood of some extent.
 *
 * <pre>
 * g = gather(x)                              (B, C, H/e, W/e); extent e = 0: (B, C, 1, 1)
 * s = sigmoid(nearest(MLP(g), H, W))         (B, C, H, W)
 * y = s * x                                  (B, C, H, W)
 *
 * theta-minus: gather is the mean, no MLP                    extra_params=false,use_mlp=false
 * theta:       gather is depthwise convolutions, no MLP      extra_params=true,use_mlp=false
 * theta-plus:  gather is depthwise convolutions, MLP         extra_params=true,use_mlp=true
 * </pre>
 *
 * Hu, Shen, Albanie, Sun, Vedaldi: Gather-Excite: Exploiting Feature Context in Convolutional Neural Networks. NeurIPS
 * 2018. <a href="https://arxiv.org/abs/1810.12348">arXiv:1810.12348</a>; timm's {@code GatherExcite}.
 *
 * <p>
 * This is timm's module; with its defaults, the mean over the whole map and an MLP, it is squeeze-and-excitation. The
 * authors' networks differ where convolutions gather, which {@code form=authors} follows: over the whole map timm pads the
 * convolution, which then gathers a map and not one value, and timm leaves out the ReLU between norm and MLP. The former
 * convolution, {@code extent=0,extra_params=true}, is as large as the map and fits one size alone, {@code feat_size} or
 * {@code height} and {@code width}; every other form takes any. The paper finds theta-plus best and larger extents better:
 * {@code extent=8,extra_params=true} where maps have many sizes.
 */
public final class Ge extends Layer {
    /** Whose convolutions gather. */
    public enum Form {
        TIMM, AUTHORS
    }

    /**
     * @param extent the neighbourhood's size, even; 0 for the whole map
     * @param extraParams whether depthwise convolutions gather, not the mean
     * @param useMlp whether two 1x1 convolutions follow
     * @param height of the maps that an extent of 0 with parameters is built for, 0 for any other form
     * @param width the same
     * @param form whose convolutions gather
     * @param hiddenRatio the MLP's hidden width as a share of the channels
     * @param hidden the width itself; 0 takes the share
     * @param divisor the width is rounded to a multiple of it
     * @param addMaxpool whether the mean is averaged with the maximum
     */
    public record Config(long extent, boolean extraParams, boolean useMlp, long height, long width, Form form,
            double hiddenRatio, long hidden, long divisor, boolean addMaxpool) {
        /** timm's: the mean over the whole map, an MLP of a sixteenth of the channels. */
        public static final Config DEFAULT = new Config(0, false, true, 0, 0, Form.TIMM, 1.0 / 16, 0, 1, false);

        public Config {
            if (extent < 0 || extent % 2 != 0) {
                throw new IllegalArgumentException(
                        "ge: extent is " + extent + ", must be even, or 0 for the whole map");
            }
            if (extraParams && Long.bitCount(extent) > 1) {
                throw new IllegalArgumentException("ge: extent is " + extent
                        + ", must be a power of two with extra_params=true, whose convolutions halve the map");
            }
            boolean wholeMap = extraParams && extent == 0;
            if (wholeMap ? height < 1 || width < 1 : height != 0 || width != 0) {
                throw new IllegalArgumentException("ge: height is " + height + " and width is " + width + "; "
                        + (wholeMap
                                ? "extent=0 with extra_params=true is built for one size of maps: give feat_size, or both"
                                : "only extent=0 with extra_params=true is built for one size of maps"));
            }
            if (extraParams && addMaxpool) {
                throw new IllegalArgumentException(
                        "ge: add_maxpool needs extra_params=false; convolutions do not pool");
            }
            Timm.checkHidden("ge", hiddenRatio, hidden, divisor);
        }

        private boolean wholeMap() {
            return extraParams && extent == 0;
        }

        static Config read(Args args) {
            long side = args.integer("feat_size", DEFAULT.height);
            return new Config(args.integer("extent", DEFAULT.extent), args.flag("extra_params", DEFAULT.extraParams),
                    args.flag("use_mlp", DEFAULT.useMlp), args.integer("height", side), args.integer("width", side),
                    Args.constant("ge", "form", Form.class, args.text("form", "timm")),
                    args.number("rd_ratio", DEFAULT.hiddenRatio), args.integer("rd_channels", DEFAULT.hidden),
                    args.integer("rd_divisor", DEFAULT.divisor), args.flag("add_maxpool", DEFAULT.addMaxpool));
        }
    }

    private final long channels;
    private final Layer gather;
    private final Excite mlp;
    private final boolean meansAlone;

    public Ge(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Ge(long channels, Config config) {
        this.channels = Checks.positive("ge: channels", channels);
        gather = register_module("gather",
                config.extraParams() ? new Convolutions(channels, config) : new Pool(config));
        mlp = config.useMlp() ? register_module("mlp", new Excite(channels, config)) : null;
        meansAlone = mlp != null && config.extent() == 0 && !config.extraParams() && !config.addMaxpool();
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("ge", channels, x);
        return meansAlone ? PooledGates.gated(x, PooledGates.Pooled.MEAN, Mlp.of(mlp.fc1, mlp.fc2), null,
                watched() ? (gate, _) -> seen(this, ELEMENT, gate.expand_as(x)) : null, () -> gated(x)) : gated(x);
    }

    private Tensor gated(Tensor x) {
        Tensor gathered = gather.forward(x); // (B, C, H/e, W/e)
        Tensor gate = (mlp == null ? gathered : mlp.forward(gathered)).sigmoid();
        return x.mul(seen(this, ELEMENT, spread(gate, x)));
    }

    /** (B, C, h, w) to (B, C, H, W); one value a channel takes no memory. */
    private static Tensor spread(Tensor gate, Tensor x) {
        return gate.size(2) == 1 && gate.size(3) == 1 ? gate.expand_as(x) : nearest(gate, x.size(2), x.size(3));
    }

    /** The mean over windows of 2e-1 positions, e apart, or over the whole map. */
    private static final class Pool extends Layer {
        private final long extent;
        private final boolean addMaxpool;

        Pool(Config config) {
            extent = config.extent();
            addMaxpool = config.addMaxpool();
        }

        @Override
        public Tensor forward(Tensor x) {
            if (extent == 0) {
                return Timm.squeeze(x, addMaxpool);
            }
            Tensor mean = windowMean(x, 2 * extent - 1, extent, extent - 1); // (B, C, H/e, W/e)
            return addMaxpool ? Timm.half(mean, windowMax(x, 2 * extent - 1, extent, extent - 1)) : mean;
        }
    }

    /** Depthwise convolutions: 3x3 that halve the map until the extent is reached, or one as large as the map. */
    private static final class Convolutions extends Layer {
        private final List<Conv2dImpl> convs = new ArrayList<>();
        private final List<BatchNorm2dImpl> norms = new ArrayList<>();
        private final Config config;

        Convolutions(long channels, Config config) {
            this.config = config;
            Window depthwise = Window.unbiased().withGroups(channels);
            if (config.wholeMap()) {
                add(channels, conv2d(channels, channels, config.height(), config.width(), depthwise));
                return;
            }
            for (int i = 0; i < Long.numberOfTrailingZeros(config.extent()); i++) {
                add(channels, conv2d(channels, channels, 3, depthwise.withStride(2).withPadding(1)));
            }
        }

        private void add(long channels, Conv2dImpl conv) {
            int number = convs.size() + 1;
            convs.add(register_module("conv" + number, conv));
            norms.add(register_module("norm" + number, batchNorm2d(channels)));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = config.wholeMap() ? around(x) : x;
            for (int i = 0; i < convs.size(); i++) {
                Tensor gathered = convs.get(i).forward(y);
                Checks.valuesForNorm("ge", this, gathered);
                boolean last = i == convs.size() - 1;
                y = norms.get(i).forward(gathered);
                y = !last || config.form() == Form.AUTHORS && config.useMlp() ? y.relu() : y;
            }
            return y;
        }

        /** What the convolution as large as the map runs over: the map, in timm between borders of half its size. */
        private Tensor around(Tensor x) {
            if (x.size(2) != config.height() || x.size(3) != config.width()) {
                throw new IllegalArgumentException("ge: built for maps of " + config.height() + "x" + config.width()
                        + ", got " + x.size(2) + "x" + x.size(3) + "; an extent above 0 takes any size");
            }
            long above = (config.height() - 1) / 2;
            long left = (config.width() - 1) / 2;
            return config.form() == Form.TIMM ? torch.constant_pad_nd(x, left, left, above, above) : x;
        }
    }

    private static final class Excite extends Layer {
        private final Conv2dImpl fc1;
        private final Conv2dImpl fc2;

        Excite(long channels, Config config) {
            long hidden = Timm.hidden(channels, config.hiddenRatio(), config.hidden(), config.divisor());
            fc1 = register_module("fc1", conv2d(channels, hidden, 1));
            fc2 = register_module("fc2", conv2d(hidden, channels, 1));
        }

        @Override
        public Tensor forward(Tensor x) {
            return fc2.forward(fc1.forward(x).relu());
        }
    }
}
