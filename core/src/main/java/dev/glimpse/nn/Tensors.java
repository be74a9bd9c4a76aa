package dev.glimpse.nn;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Tensor calls whose Java form is noisy, named as in PyTorch. */
public final class Tensors {
    private static final long[] HEIGHT_AND_WIDTH = {2, 3};
    private static final long BILINEAR = 0; // libtorch's number for it

    /** What is read outside of a map; the order is libtorch's. */
    public enum Outside {
        /** Zero. */
        ZEROS,
        /** The nearest border position. */
        BORDER,
        /** What lies as far inside, as in a mirror. */
        REFLECTION
    }

    private Tensors() {}

    /** The mean over one dimension, which stays with size 1. */
    public static Tensor mean(Tensor x, long dim) {
        return x.mean(new long[]{dim}, true, new ScalarTypeOptional());
    }

    /** The mean over height and width: (B, C, H, W) to (B, C, 1, 1). */
    public static Tensor spatialMean(Tensor x) {
        return x.mean(HEIGHT_AND_WIDTH, true, new ScalarTypeOptional());
    }

    /** The sum over height and width, which go: (B, C, H, W) to (B, C). */
    public static Tensor spatialSum(Tensor x) {
        return x.sum(HEIGHT_AND_WIDTH, false, new ScalarTypeOptional());
    }

    /** The largest value over one dimension, which stays with size 1; a tie's gradient goes to one index. */
    public static Tensor max(Tensor x, long dim) {
        return first(x.max(dim, true));
    }

    /** The largest value over height and width: (B, C, H, W) to (B, C, 1, 1); a tie's gradient goes to one index. */
    public static Tensor spatialMax(Tensor x) {
        if (x.element_size() < Float.BYTES && x.is_contiguous()) {
            // libtorch 2.10 pools such maps with indices that are rounded to bfloat16: the gradient goes astray
            return max(x.flatten(2, 3), 2).unsqueeze(3);
        }
        return first(torch.adaptive_max_pool2d(x, 1, 1));
    }

    /** The largest value over the given dimensions, which stay with size 1; ties share the gradient evenly. */
    public static Tensor amax(Tensor x, long... dims) {
        return x.amax(dims, true);
    }

    /** The Euclidean norm over height and width: (B, C, H, W) to (B, C, 1, 1); its gradient at zero is zero. */
    public static Tensor spatialNorm(Tensor x) {
        return torch.linalg_vector_norm(x, new Scalar(2.0), HEIGHT_AND_WIDTH, true, new ScalarTypeOptional());
    }

    /** {@code log(sum(exp(x)))} over height and width: (B, C, H, W) to (B, C, 1, 1). */
    public static Tensor spatialLogSumExp(Tensor x) {
        return x.logsumexp(HEIGHT_AND_WIDTH, true);
    }

    /**
     * The mean over each cell of a grid laid over the map: (B, C, H, W) to (B, C, height, width). Two products, since the
     * gradient of libtorch's own adaptive pooling adds in no fixed order on a GPU.
     */
    public static Tensor adaptiveMean(Tensor x, long height, long width) {
        Tensor overWidth = x.matmul(cellMeans(x.size(3), width, x).t()); // (B, C, H, width)
        return cellMeans(x.size(2), height, x).matmul(overWidth);
    }

    /**
     * The matrix whose product with a line of positions is the mean over each of the cells laid along it: (cells, size).
     * Where the size does not divide by the cells, neighbours share a position.
     *
     * @param like gives the type and the device
     */
    public static Tensor cellMeans(long size, long cells, Tensor like) {
        float[] inside = new float[Math.toIntExact(cells * size)];
        for (long cell = 0; cell < cells; cell++) {
            long from = cell * size / cells;
            long to = Math.ceilDiv((cell + 1) * size, cells);
            Arrays.fill(inside, (int) (cell * size + from), (int) (cell * size + to), 1);
        }
        Tensor weights = of(inside, cells, size).type_as(like);
        return weights.div(weights.sum(new long[]{1}, true, new ScalarTypeOptional()));
    }

    /** The mean over each square window, which takes no padding in: (B, C, H, W) to (B, C, H', W'). */
    public static Tensor windowMean(Tensor x, long kernel, long stride, long padding) {
        return torch.avg_pool2d(x, new long[]{kernel, kernel}, new long[]{stride, stride},
                new long[]{padding, padding}, false, false, new LongOptional());
    }

    /** The mean over each square window, in which padding counts as zeros: (B, C, H, W) to (B, C, H', W'). */
    public static Tensor windowMeanWithZeros(Tensor x, long kernel, long stride, long padding) {
        return torch.avg_pool2d(x, new long[]{kernel, kernel}, new long[]{stride, stride},
                new long[]{padding, padding}, false, true, new LongOptional());
    }

    /** The largest value of each square window: (B, C, H, W) to (B, C, H', W'). */
    public static Tensor windowMax(Tensor x, long kernel, long stride, long padding) {
        return torch.max_pool2d(x, new long[]{kernel, kernel}, new long[]{stride, stride},
                new long[]{padding, padding}, new long[]{1, 1}, false);
    }

    /** Resizes maps, each new position taking the value of the nearest old one: (B, C, H, W) to (B, C, height, width). */
    public static Tensor nearest(Tensor x, long height, long width) {
        return torch.upsample_nearest2d(x, height, width);
    }

    /**
     * Resizes maps by bilinear interpolation: (B, C, H, W) to (B, C, height, width).
     *
     * @param alignCorners whether the corner positions' centres stay where they are, or the maps' borders
     */
    public static Tensor bilinear(Tensor x, long height, long width, boolean alignCorners) {
        return torch.upsample_bilinear2d(x, new long[]{height, width}, alignCorners);
    }

    /**
     * Reads maps at points between their positions, bilinearly: (B, C, H, W) to (B, C, h, w).
     *
     * @param points (B, h, w, 2), across and then down, from -1 to 1
     * @param alignCorners whether -1 and 1 are the centres of the corner positions, or the maps' borders
     */
    public static Tensor sample(Tensor x, Tensor points, Outside outside, boolean alignCorners) {
        return torch.grid_sampler(x, points, BILINEAR, outside.ordinal(), alignCorners);
    }

    /**
     * Reads maps where an affine transformation takes their own positions, bilinearly: (B, C, H, W) to the same.
     *
     * @param theta (B, 2, 3), from where a position is written to where it is read, both from -1 to 1
     * @param alignCorners whether -1 and 1 are the centres of the corner positions, or the maps' borders
     */
    public static Tensor affine(Tensor x, Tensor theta, Outside outside, boolean alignCorners) {
        Tensor points = torch.affine_grid_generator(theta, shape(x), alignCorners); // (B, H, W, 2)
        return sample(x, points, outside, alignCorners);
    }

    /** The largest value of each window of a map, side by side: (B, C, ...), a window size for each dimension of the map. */
    public static Tensor maxPool(Tensor x, long... window) {
        return switch (window.length) {
            case 1 -> torch.max_pool1d(x, window);
            case 2 -> torch.max_pool2d(x, window);
            case 3 -> torch.max_pool3d(x, window);
            default -> throw new IllegalArgumentException("maps have 1 to 3 dimensions, not " + window.length);
        };
    }

    /** {@code softmax(scale q k^T) v} by libtorch's fused operation: (B, h, N, d), (B, h, M, d), (B, h, M, d). */
    public static Tensor scaledDotProductAttention(Tensor q, Tensor k, Tensor v, double scale) {
        return torch.scaled_dot_product_attention(q, k, v, new TensorOptional(), 0, false, new DoubleOptional(scale),
                false);
    }

    /** The same where pairs are left out: {@code mask}, which may be null, is true where a query may attend to a key. */
    public static Tensor scaledDotProductAttention(Tensor q, Tensor k, Tensor v, Tensor mask, double scale) {
        return torch.scaled_dot_product_attention(q, k, v,
                mask == null ? new TensorOptional() : new TensorOptional(mask), 0, false, new DoubleOptional(scale),
                false);
    }

    /** The tensor with zeros behind its last dimension. */
    public static Tensor padded(Tensor x, long zeros) {
        return torch.constant_pad_nd(x, 0, zeros);
    }

    /** Joins tensors along a dimension. */
    public static Tensor cat(long dim, Tensor... tensors) {
        return torch.cat(new TensorVector(tensors), dim);
    }

    /** Joins tensors of one shape along a new dimension. */
    public static Tensor stack(long dim, Tensor... tensors) {
        return torch.stack(new TensorVector(tensors), dim);
    }

    /** Cuts a tensor along a dimension into views of the given sizes. */
    public static Tensor[] split(Tensor x, long dim, long... sizes) {
        try (TensorVector views = x.split_with_sizes(sizes, dim)) {
            return Arrays.stream(views.get()).map(Tensor::new).toArray(Tensor[]::new);
        }
    }

    /** Each row several times, one after the other: (B, ...) to (B times, ...). */
    public static Tensor repeated(Tensor rows, int times) {
        return times == 1 ? rows : rows.repeat_interleave(times, new LongOptional(0), new LongOptional());
    }

    /** The index of the largest value over one dimension, which goes. */
    public static Tensor argmax(Tensor x, long dim) {
        return x.argmax(new LongOptional(dim), false);
    }

    /** The gradient of a scalar by one tensor; no other gradient is touched. */
    public static Tensor gradient(Tensor scalar, Tensor by) {
        return torch.grad(new TensorVector(scalar), new TensorVector(by)).get(0);
    }

    /** A tensor of the given type and shape whose contents are not set. */
    public static Tensor empty(torch.ScalarType type, long... shape) {
        return torch.empty(shape, new TensorOptions(type), new MemoryFormatOptional());
    }

    /** A tensor of zeros. */
    public static Tensor zeros(torch.ScalarType type, long... shape) {
        return torch.zeros(shape, new TensorOptions(type));
    }

    /** A float32 tensor holding a copy of the values. */
    public static Tensor of(float[] values, long... shape) {
        Tensor tensor = empty(torch.ScalarType.Float, shape);
        memory(tensor).copyFrom(MemorySegment.ofArray(values));
        return tensor;
    }

    /** A tensor of 64-bit integers, given row by row. */
    public static Tensor of(long[] values, long... shape) {
        Tensor tensor = empty(torch.ScalarType.Long, shape);
        memory(tensor).copyFrom(MemorySegment.ofArray(values));
        return tensor;
    }

    /** The tensor's elements as float64, row by row. */
    public static double[] toDoubles(Tensor tensor) {
        Tensor plain = tensor.detach().to(torch.ScalarType.Double).contiguous();
        return memory(plain).toArray(ValueLayout.JAVA_DOUBLE);
    }

    /** The tensor's elements as float32, row by row. */
    public static float[] toFloats(Tensor tensor) {
        Tensor plain = tensor.detach().to(torch.ScalarType.Float).contiguous();
        return memory(plain).toArray(ValueLayout.JAVA_FLOAT);
    }

    /** The elements of a tensor of 64-bit integers, row by row. */
    public static long[] toLongs(Tensor tensor) {
        return memory(tensor.contiguous()).toArray(ValueLayout.JAVA_LONG);
    }

    /**
     * A view of a contiguous CPU tensor's memory. It is valid for as long as the tensor is.
     *
     * @throws IllegalArgumentException when the tensor is not contiguous
     */
    @SuppressWarnings("restricted") // the address and the size come from libtorch
    public static MemorySegment memory(Tensor tensor) {
        if (!tensor.is_contiguous()) {
            throw new IllegalArgumentException("the tensor is not contiguous: " + describe(tensor));
        }
        long bytes = tensor.numel() * tensor.element_size();
        if (bytes == 0) {
            return MemorySegment.NULL;
        }
        return MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(bytes);
    }

    /** The sizes of all dimensions. */
    public static long[] shape(Tensor tensor) {
        long[] shape = new long[(int) tensor.dim()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = tensor.size(i);
        }
        return shape;
    }

    /** A shape as {@code 32x64x3x3}; a scalar's is {@code scalar}. */
    public static String shapeText(long... shape) {
        return shape.length == 0 ? "scalar"
                : Arrays.stream(shape).mapToObj(Long::toString).collect(Collectors.joining("x"));
    }

    /** {@code get0} is a reference into the pair: a collection of the pair would leave it dangling. */
    private static Tensor first(T_TensorTensor_T pair) {
        try (pair) {
            return new Tensor(pair.get0());
        }
    }

    private static String describe(Tensor tensor) {
        return tensor.scalar_type() + " " + shapeText(shape(tensor));
    }

}
