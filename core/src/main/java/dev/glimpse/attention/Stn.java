package dev.glimpse.attention;

import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Tensors.adaptiveMean;
import static dev.glimpse.nn.Tensors.affine;
import static dev.glimpse.nn.Window.padding;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors.Outside;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.MaxPool2dImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * Spatial transformer: looks at the map, chooses an affine transformation, and samples the map there.
 *
 * <pre>
 * f     = relu maxpool conv5x5 relu maxpool conv7x7 x, averaged to 3x3      (B, 10, 3, 3)
 * theta = W2 relu(W1 f)                                                     (B, 2, 3)
 * y(p)  = x at theta (p, 1), bilinearly                                    (B, C, H, W)
 * </pre>
 *
 * Jaderberg, Simonyan, Zisserman, Kavukcuoglu: Spatial Transformer Networks. NeurIPS 2015.
 * <a href="https://arxiv.org/abs/1506.02025">arXiv:1506.02025</a>
 *
 * <p>
 * The last layer starts at weight 0 and the identity's six numbers, so a new module passes its input through. Keys are
 * those of PyTorch's tutorial, whose localisation network is for 28x28 digits; here its convolutions and pools are padded
 * and its 3x3 output is an average, for maps of every size and any channels. {@code form=tutorial} leaves the padding
 * out, from 18x18 on: with the tutorial's weights it gives its numbers. Weights trained before PyTorch 1.3, or told so,
 * need {@code align_corners=true}. Outside of the map lie zeros, so a module that looks away from it learns no more;
 * {@code outside=border} and {@code outside=reflection} keep something to see. It has no weights to show: its attention
 * is where it samples.
 */
public final class Stn extends Layer implements StartsAsIdentity {
    private static final long SIDE = 3;
    private static final long[] MAPS = {8, 10};
    private static final long HIDDEN = 32;
    private static final long SMALLEST_UNPADDED = 18;
    private static final float[] IDENTITY = {1, 0, 0, 0, 1, 0};

    /** How the localisation network treats borders. */
    public enum Form {
        /** It pads, and takes maps of every size. */
        PADDED,
        /** It does not, as in the tutorial. */
        TUTORIAL
    }

    /**
     * @param alignCorners whether -1 and 1 are the centres of the corner positions, or the maps' borders
     * @param outside what is sampled where the map ends
     * @param form how the localisation network treats borders
     */
    public record Config(boolean alignCorners, Outside outside, Form form) {
        /** PyTorch's sampling since 1.3, zeros outside, and padding. */
        public static final Config DEFAULT = new Config(false, Outside.ZEROS, Form.PADDED);

        static Config read(Args args) {
            return new Config(args.flag("align_corners", DEFAULT.alignCorners),
                    Args.constant("stn", "outside", Outside.class, args.text("outside", "zeros")),
                    Args.constant("stn", "form", Form.class, args.text("form", "padded")));
        }
    }

    private final Config config;
    private final Sequential localization;
    private final Sequential regressor;
    private final LinearImpl regions;

    public Stn(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Stn(long channels, Config config) {
        Checks.positive("stn: channels", channels);
        this.config = config;
        boolean padded = config.form() == Form.PADDED;
        localization = register_module("localization",
                new Sequential(conv2d(channels, MAPS[0], 7, padding(padded ? 3 : 0)), pool(padded), relu(),
                        conv2d(MAPS[0], MAPS[1], 5, padding(padded ? 2 : 0)), pool(padded), relu()));
        regions = linear(HIDDEN, IDENTITY.length);
        Init.constant(regions.weight(), 0);
        Init.values(regions.bias(), IDENTITY);
        regressor = register_module("fc_loc", new Sequential(linear(MAPS[1] * SIDE * SIDE, HIDDEN), relu(), regions));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        requireRoom(x);
        Tensor found = adaptiveMean(localization.forward(x), SIDE, SIDE); // (B, 10, 3, 3)
        Tensor theta = regressor.forward(found.flatten(1, 3)).view(-1, 2, 3); // (B, 2, 3)
        return affine(x, theta, config.outside(), config.alignCorners());
    }

    private void requireRoom(Tensor x) {
        if (config.form() == Form.TUTORIAL && Math.min(x.size(2), x.size(3)) < SMALLEST_UNPADDED) {
            throw new IllegalArgumentException("stn: form=tutorial needs maps of " + SMALLEST_UNPADDED + "x"
                    + SMALLEST_UNPADDED + " or more, got " + x.size(2) + "x" + x.size(3) + "; use form=padded");
        }
    }

    private static MaxPool2dImpl pool(boolean padded) {
        return padded ? maxPool2d(3, 2, 1) : maxPool2d(2, 2, 0);
    }

    /** Its last layer's weights become random, so that the region read differs from the whole. */
    @Override
    public void open() {
        Init.kaimingFanOut(regions.weight());
    }

    @Override
    public boolean scale(double factor) {
        return false;
    }
}
