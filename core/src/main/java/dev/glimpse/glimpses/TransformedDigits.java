package dev.glimpse.glimpses;

import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Layers.dropout;
import static dev.glimpse.nn.Layers.dropout2d;
import static dev.glimpse.nn.Layers.linear;
import static dev.glimpse.nn.Layers.maxPool2d;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Tensors.affine;
import static dev.glimpse.nn.Tensors.windowMax;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors.Outside;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Dropout2dImpl;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * A small convolutional network behind a spatial transformer, which chooses an affine transformation for each image and
 * hands on the image as it looks then; or the same network without.
 *
 * <pre>
 * theta  = W2 relu(W1 relu maxpool conv5x5 relu maxpool conv7x7 x) + identity     (B, 2, 3)
 * y(p)   = x at theta (p, 1), bilinearly, zeros outside                           (B, 1, S, S)
 * scores = fc relu fc relu maxpool conv5x5 relu maxpool conv5x5 y                 (B, classes)
 * </pre>
 *
 * Jaderberg, Simonyan, Zisserman, Kavukcuoglu: Spatial Transformer Networks. NeurIPS 2015,
 * <a href="https://arxiv.org/abs/1506.02025">arXiv:1506.02025</a>
 *
 * <p>
 * Layers and keys of PyTorch's tutorial, which is for images of 28x28; other sizes change the dense layers' inputs alone.
 * The tutorial's weights, from before PyTorch 1.3 on, need the {@code align_corners} that they were trained with.
 */
public final class TransformedDigits extends Layer {
    private static final float[] IDENTITY = {1, 0, 0, 0, 1, 0};
    private static final long SMALLEST = 18; // leaves both stacks of convolutions one position
    private static final long LARGEST = 1024;

    /**
     * @param size side of the images
     * @param transform whether there is a spatial transformer
     * @param alignCorners whether -1 and 1 are the centres of the corner pixels, or the image's borders
     */
    public record Config(long size, long classes, boolean transform, boolean alignCorners) {
        public Config {
            if (size < SMALLEST || size > LARGEST) {
                throw new IllegalArgumentException("stn: size is " + size + ", must be " + SMALLEST + " to " + LARGEST);
            }
            Checks.positive("stn: classes", classes);
        }

        /** Reads what users type. */
        public static Config read(Args args, long classes) {
            String transform = args.text("transform", "affine");
            if (!transform.equals("affine") && !transform.equals("none")) {
                throw new IllegalArgumentException("stn: transform is '" + transform + "'; known: affine, none");
            }
            return new Config(args.integer("size", 42), classes, transform.equals("affine"),
                    args.flag("align_corners", false));
        }
    }

    private final Config config;
    private final Sequential localization;
    private final Sequential regressor;
    private final Conv2dImpl conv1;
    private final Conv2dImpl conv2;
    private final Dropout2dImpl drop2;
    private final LinearImpl fc1;
    private final DropoutImpl drop;
    private final LinearImpl fc2;

    public TransformedDigits(Config config) {
        this.config = config;
        conv1 = register_module("conv1", conv2d(1, 10, 5));
        conv2 = register_module("conv2", conv2d(10, 20, 5));
        drop2 = register_module("conv2_drop", dropout2d(0.5));
        fc1 = register_module("fc1", linear(20 * square(halved(halved(config.size(), 5), 5)), 50));
        drop = register_module("drop", dropout(0.5));
        fc2 = register_module("fc2", linear(50, config.classes()));
        if (!config.transform()) {
            localization = null;
            regressor = null;
            return;
        }
        localization = register_module("localization", new Sequential(conv2d(1, 8, 7), maxPool2d(2, 2, 0), relu(),
                conv2d(8, 10, 5), maxPool2d(2, 2, 0), relu()));
        LinearImpl last = linear(32, IDENTITY.length);
        Init.constant(last.weight(), 0);
        Init.values(last.bias(), IDENTITY);
        regressor = register_module("fc_loc",
                new Sequential(linear(10 * square(halved(halved(config.size(), 7), 5)), 32), relu(), last));
    }

    /** The side that is left behind a convolution and a pool. */
    private static long halved(long side, long kernel) {
        return (side - kernel + 1) / 2;
    }

    private static long square(long side) {
        return side * side;
    }

    /** (B, 1, S, S) to scores (B, classes). */
    @Override
    public Tensor forward(Tensor x) {
        Tensor seen = transform(x); // (B, 1, S, S)
        Tensor maps = windowMax(conv1.forward(seen), 2, 2, 0).relu();
        maps = windowMax(drop2.forward(conv2.forward(maps)), 2, 2, 0).relu();
        return fc2.forward(drop.forward(fc1.forward(maps.flatten(1, 3)).relu()));
    }

    /** The images as the classifier sees them: (B, 1, S, S) to the same. */
    public Tensor transform(Tensor x) {
        return config.transform() ? affine(x, theta(x), Outside.ZEROS, config.alignCorners()) : x;
    }

    /**
     * Where the classifier's pixels are read: (B, 1, S, S) to (B, 2, 3).
     *
     * @throws IllegalStateException without a spatial transformer
     */
    public Tensor theta(Tensor x) {
        if (!config.transform()) {
            throw new IllegalStateException("this network has no spatial transformer");
        }
        return regressor.forward(localization.forward(x).flatten(1, 3)).view(-1, 2, 3);
    }

    public Config config() {
        return config;
    }
}
