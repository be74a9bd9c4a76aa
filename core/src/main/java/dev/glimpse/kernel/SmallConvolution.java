package dev.glimpse.kernel;

import dev.glimpse.nn.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A convolution of a few maps to one, as spatial gates have it: (B, M, H, W) to (B, 1, H, W), M at most four, with an odd
 * kernel that keeps the size.
 *
 * <p>
 * Libtorch's convolution is made for many channels: on two maps of 56x56 its backward takes longer than a gate over 256
 * channels.
 */
public final class SmallConvolution {
    private static final int MOST_MAPS = 4;
    private static final int MOST_KERNEL = 15;

    private SmallConvolution() {}

    /**
     * What {@code convolution.forward(maps)} gives.
     *
     * @param convolution keeps the maps' size: its stride is 1, its padding half of its odd kernel
     */
    public static Tensor forward(Conv2dImpl convolution, Tensor maps) {
        boolean suits = maps.dim() == 4 && suits(convolution, maps.size(1));
        return suits && Kernels.fuses(maps) ? fused(convolution, maps) : convolution.forward(maps);
    }

    /** Whether a convolution is of that many maps to one with a kernel that is odd, square and not too large. */
    static boolean suits(Conv2dImpl convolution, long maps) {
        Tensor weight = convolution.weight();
        long kernel = weight.size(2);
        return weight.size(0) == 1 && weight.size(1) == maps && maps <= MOST_MAPS && kernel % 2 == 1
                && kernel == weight.size(3) && kernel <= MOST_KERNEL;
    }

    private static Tensor fused(Conv2dImpl convolution, Tensor maps) {
        Tensor weight = convolution.weight();
        Tensor bias = convolution.bias();
        PlaneRows planes = new PlaneRows((int) maps.size(2), (int) maps.size(3), (int) weight.size(2));
        Numbers x = Numbers.of(maps);
        int count = (int) maps.size(1);
        float[] weights = Numbers.of(weight).toArray();
        float shift = bias.defined() ? Numbers.of(bias).toArray()[0] : 0;
        Tensor y = Tensors.empty(ScalarType.Float, maps.size(0), 1, maps.size(2), maps.size(3));
        Numbers out = Numbers.of(y);
        Team.forEach((int) maps.size(0), image -> {
            long padded = padded(planes, x.at(image), count);
            planes.correlate(padded, count, weights, shift, out.at(image));
        });
        Tensor typed = typed(y, maps);
        boolean learned = maps.requires_grad() || weight.requires_grad() || bias.defined() && bias.requires_grad();
        if (!GradMode.is_enabled() || !learned) {
            return typed;
        }
        List<Version> watched = List.of(new Version(maps, "map"), new Version(weight, "weight"));
        return Graft.ontoOne(maps, typed, dy -> {
            watched.forEach(Version::require);
            Numbers gradient = Numbers.of(dy);
            Tensor dx = Tensors.empty(ScalarType.Float, maps.size(0), count, maps.size(2), maps.size(3));
            Numbers dweights = gradients(planes, x, count, weights, gradient, Numbers.of(dx));
            if (weight.requires_grad()) {
                Graft.backward(weight, dweights.overImages().tensor());
            }
            if (bias.defined() && bias.requires_grad()) {
                Graft.backward(bias, gradient.tensor().sum());
            }
            return typed(dx, maps);
        });
    }

    private static Tensor typed(Tensor result, Tensor like) {
        ScalarType type = like.scalar_type().intern();
        return type == ScalarType.Float ? result : result.to(type);
    }

    /** Writes the maps' gradient; returns each image's gradient of the weights. */
    private static Numbers gradients(PlaneRows planes, Numbers x, int maps, float[] weights, Numbers dy, Numbers dx) {
        int images = (int) dy.tensor().size(0);
        Numbers dweights = Numbers.floats(images, weights.length);
        float[][] flipped = flipped(weights, maps);
        Team.forEach(images, image -> gradients(planes, x, flipped, dy, dx, dweights, image));
        return dweights;
    }

    /** The kernels turned by half a circle, one for each map. */
    static float[][] flipped(float[] weights, int maps) {
        int kernel = weights.length / maps;
        float[][] flipped = new float[maps][kernel];
        for (int map = 0; map < maps; map++) {
            for (int i = 0; i < kernel; i++) {
                flipped[map][i] = weights[map * kernel + kernel - 1 - i];
            }
        }
        return flipped;
    }

    /** The same for one image. */
    static void gradients(PlaneRows planes, Numbers x, float[][] flipped, Numbers dy, Numbers dx, Numbers dweights,
            int image) {
        int maps = flipped.length;
        int plane = planes.positions();
        long padded = padded(planes, x.at(image), maps);
        long gradient = Scratch.block(1, planes.size());
        planes.pad(dy.at(image), gradient);
        for (int map = 0; map < maps; map++) {
            planes.correlate(gradient, 1, flipped[map], 0, dx.at(image, map * plane));
            planes.weightGradient(padded + (long) map * planes.size() * Float.BYTES, gradient,
                    dweights.at(image, map * flipped[map].length));
        }
    }

    /** Maps that lie one behind the other, each in its margin, in a block of the thread's own. */
    static long padded(PlaneRows planes, long maps, int count) {
        int plane = planes.positions();
        long padded = Scratch.block(0, count * planes.size());
        for (int map = 0; map < count; map++) {
            planes.pad(maps + (long) map * plane * Float.BYTES, padded + (long) map * planes.size() * Float.BYTES);
        }
        return padded;
    }
}
