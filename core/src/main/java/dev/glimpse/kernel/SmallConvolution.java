package dev.glimpse.kernel;

import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
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
        return suits(convolution, maps) && Kernels.fuses(maps) ? fused(convolution, maps) : convolution.forward(maps);
    }

    private static boolean suits(Conv2dImpl convolution, Tensor maps) {
        Tensor weight = convolution.weight();
        long kernel = weight.size(2);
        return maps.dim() == 4 && weight.size(0) == 1 && weight.size(1) == maps.size(1) && maps.size(1) <= MOST_MAPS
                && kernel % 2 == 1 && kernel == weight.size(3) && kernel <= MOST_KERNEL;
    }

    private static Tensor fused(Conv2dImpl convolution, Tensor maps) {
        Tensor weight = convolution.weight();
        Tensor bias = convolution.bias();
        Tensor x = maps.detach().to(ScalarType.Float).contiguous();
        float[] weights = Tensors.toFloats(weight);
        float shift = bias.defined() ? Tensors.toFloats(bias)[0] : 0;
        PlaneRows planes = new PlaneRows((int) x.size(2), (int) x.size(3), (int) weight.size(2));
        Tensor y = forward(planes, x, weights, shift).to(maps.scalar_type());
        if (!GradMode.is_enabled() || !maps.requires_grad() && !weight.requires_grad()) {
            return y;
        }
        return Graft.ontoOne(maps, y, dy -> {
            Tensor gradient = dy.to(ScalarType.Float).contiguous();
            if (weight.requires_grad()) {
                give(weight, weightGradient(planes, x, gradient));
            }
            if (bias.defined() && bias.requires_grad()) {
                give(bias, gradient.sum());
            }
            return inputGradient(planes, gradient, weights, (int) x.size(1)).to(maps.scalar_type());
        });
    }

    private static void give(Tensor parameter, Tensor gradient) {
        parameter.backward(gradient.view(parameter.sizes()).to(parameter.scalar_type()), new BoolOptional(), false,
                new TensorArrayRefOptional());
    }

    private static Tensor forward(PlaneRows planes, Tensor x, float[] weights, float bias) {
        int maps = (int) x.size(1);
        int plane = planes.height() * planes.width();
        Numbers in = Numbers.of(x);
        Tensor y = Tensors.empty(ScalarType.Float, x.size(0), 1, planes.height(), planes.width());
        Numbers out = Numbers.of(y);
        Team.forEach((int) x.size(0), image -> {
            long padded = padded(planes, in.at(image), maps, plane);
            planes.correlate(padded, maps, weights, bias, out.at(image));
        });
        return y;
    }

    private static Tensor inputGradient(PlaneRows planes, Tensor dy, float[] weights, int maps) {
        int kernel = planes.kernel() * planes.kernel();
        float[][] flipped = new float[maps][kernel];
        for (int map = 0; map < maps; map++) {
            for (int i = 0; i < kernel; i++) {
                flipped[map][i] = weights[map * kernel + kernel - 1 - i];
            }
        }
        int plane = planes.height() * planes.width();
        Numbers in = Numbers.of(dy);
        Tensor dx = Tensors.empty(ScalarType.Float, dy.size(0), maps, planes.height(), planes.width());
        Numbers out = Numbers.of(dx);
        Team.forEach((int) dy.size(0), image -> {
            long padded = padded(planes, in.at(image), 1, plane);
            for (int map = 0; map < maps; map++) {
                planes.correlate(padded, 1, flipped[map], 0, out.at(image, map * plane));
            }
        });
        return dx;
    }

    private static Tensor weightGradient(PlaneRows planes, Tensor x, Tensor dy) {
        int images = (int) x.size(0);
        int maps = (int) x.size(1);
        int plane = planes.height() * planes.width();
        int kernel = planes.kernel() * planes.kernel();
        Numbers in = Numbers.of(x);
        Numbers gradient = Numbers.of(dy);
        Numbers weights = Numbers.floats(images, maps * kernel);
        Team.forEach(images, image -> {
            long padded = padded(planes, in.at(image), maps, plane);
            long behind = Scratch.block(1, planes.size());
            planes.pad(gradient.at(image), behind);
            for (int map = 0; map < maps; map++) {
                planes.weightGradient(padded + (long) map * planes.size() * Float.BYTES, behind,
                        weights.at(image, map * kernel));
            }
        });
        return weights.overImages().tensor();
    }

    private static long padded(PlaneRows planes, long maps, int count, int plane) {
        long padded = Scratch.block(0, count * planes.size());
        for (int map = 0; map < count; map++) {
            planes.pad(maps + (long) map * plane * Float.BYTES, padded + (long) map * planes.size() * Float.BYTES);
        }
        return padded;
    }
}
