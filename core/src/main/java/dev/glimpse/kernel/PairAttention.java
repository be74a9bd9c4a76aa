package dev.glimpse.kernel;

import dev.glimpse.nn.Memory;
import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Attention of positions to positions that need not hold the weights of all pairs.
 *
 * <pre>
 * y = softmax(s q k^T) v        q (B, h, N, d), k (B, h, M, d), v (B, h, M, e): y (B, h, N, e)
 * </pre>
 *
 * Composed, the weights take {@code B*h*N*M} numbers, four times in training: 4 GiB for one map of 128x128. Libtorch's
 * fused operation walks over blocks of keys and computes a block's weights again in backward, so that its memory grows
 * with N + M. It wants {@code d = e}; the narrower side is filled up with zeros, which change no score and no sum. Short
 * types are widened around it: in bfloat16 libtorch 2.10 takes some thirty times as long as the composed form.
 *
 * <p>
 * It is seldom the faster of the two. Unless {@link Kernels} are told otherwise it runs from so many weights on that their
 * memory is what matters. Gradients of gradients exist for the composed form alone.
 */
public final class PairAttention {
    /** From so many weights on they are not held: 64 MiB in float32, four times in training. */
    static final long MANY = 1L << 24;
    /** Heads of a single number can be laid out in ways in which libtorch falls back to all pairs. */
    private static final long LEAST_SIZE = 2;
    /** Each part has gradients of all keys and values of its own: a bound on their memory. */
    private static final long MAX_PARTS = 8;
    private static final long LEAST_QUERIES = 256;

    private PairAttention() {}

    /** {@code softmax(scale q k^T) v} without the weights of all pairs where these are many. */
    public static Tensor attend(Tensor q, Tensor k, Tensor v, double scale) {
        long weights = q.size(0) * q.size(1) * q.size(2) * k.size(2);
        return switch (Kernels.chosen()) {
            case AUTO, LIBTORCH -> weights < MANY ? composed(q, k, v, scale) : fused(q, k, v, scale);
            case FUSED -> fused(q, k, v, scale);
            case COMPOSED, COMPOSED_AMAX -> {
                Memory.require("attention", Memory.bytes(q, GradMode.is_enabled() ? 4 : 2, q.size(0), q.size(1),
                        q.size(2), k.size(2)), "use a smaller map, or do not force composed kernels");
                yield composed(q, k, v, scale);
            }
        };
    }

    /** The weights themselves, (B, h, N, M), for who must see them; {@link Memory#require} says whether they fit. */
    public static Tensor weights(Tensor q, Tensor k, double scale) {
        Tensor scaled = scale == 1 ? q : q.mul(new Scalar(scale));
        return scaled.matmul(k.transpose(2, 3)).softmax(-1);
    }

    static Tensor composed(Tensor q, Tensor k, Tensor v, double scale) {
        return weights(q, k, scale).matmul(v);
    }

    static Tensor fused(Tensor q, Tensor k, Tensor v, double scale) {
        Kernels.countFused();
        return fused(q, k, v, scale, torch.get_num_threads());
    }

    /**
     * In backward a thread takes whole heads. With fewer heads than threads, each head's queries are dealt out to several
     * that share its keys.
     */
    static Tensor fused(Tensor q, Tensor k, Tensor v, double scale, int threads) {
        long size = Math.max(LEAST_SIZE, Math.max(q.size(3), v.size(3)));
        long heads = q.size(0) * q.size(1);
        long parts = GradMode.is_enabled() ? parts(q.size(2), threads / heads) : 1;
        Tensor queries = filled(q, size).reshape(heads, parts, q.size(2) / parts, size);
        Tensor keys = filled(k, size).reshape(heads, 1, k.size(2), size).expand(heads, parts, k.size(2), size);
        Tensor values = filled(v, size).reshape(heads, 1, v.size(2), size).expand(heads, parts, v.size(2), size);
        Tensor mixed = Tensors.scaledDotProductAttention(queries, keys, values, scale);
        return mixed.reshape(q.size(0), q.size(1), q.size(2), size).narrow(3, 0, v.size(3)).to(v.scalar_type());
    }

    /** The most parts of one size that leave none idle and none too small. */
    static long parts(long queries, long wanted) {
        long parts = Math.max(1, Math.min(Math.min(wanted, MAX_PARTS), queries / LEAST_QUERIES));
        while (queries % parts != 0) {
            parts--;
        }
        return parts;
    }

    /** The fused operation wants a head's numbers side by side, else it falls back to all pairs. */
    private static Tensor filled(Tensor x, long size) {
        Tensor wide = x.element_size() < Float.BYTES ? x.to(ScalarType.Float) : x;
        long missing = size - x.size(3);
        return (missing == 0 ? wide : Tensors.padded(wide, missing)).contiguous();
    }
}
