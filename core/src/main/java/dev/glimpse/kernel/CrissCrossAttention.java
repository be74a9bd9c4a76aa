package dev.glimpse.kernel;

import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * One pass of criss-cross attention, in which no position's weights are ever held but those of the lines being computed.
 *
 * <pre>
 * Q, K, V = 1x1 convolutions of x                                     (B, C', H, W) twice, (B, C, H, W)
 * A_u     = softmax over j in u's row and column of Q_u . K_j         each position once
 * y_u     = x_u + gamma sum_j A_uj V_j                                (B, C, H, W)
 * </pre>
 *
 * Forward keeps two numbers a position, from which backward computes the weights again.
 */
public final class CrissCrossAttention {
    private CrissCrossAttention() {}

    /** Whether {@link Kernels} have it run for such a map. */
    public static boolean runs(Tensor x) {
        return x.dim() == 4 && Math.max(x.size(2), x.size(3)) <= CrissCrossLines.LONGEST && Kernels.fuses(x);
    }

    /**
     * {@code x + gamma attention}.
     *
     * @param queries a 1x1 convolution with bias, as are the others
     * @param gamma one number
     */
    public static Tensor forward(Tensor x, Conv2dImpl queries, Conv2dImpl keys, Conv2dImpl values, Tensor gamma) {
        boolean recording = GradMode.is_enabled();
        if (recording && x.is_inference()) {
            throw new IllegalArgumentException("the map was made in inference mode, which leaves no gradients: make it "
                    + "outside, or clone it there");
        }
        Tensor leaf = x.detach();
        leaf.set_requires_grad(recording && x.requires_grad());
        Tensor parts = projected(leaf, queries, keys, values);
        boolean learned = recording && (parts.requires_grad() || gamma.requires_grad());
        float factor = gamma.item_float();
        CrissCrossLines lines = new CrissCrossLines(parts, Math.toIntExact(queries.weight().size(0)));
        CrissCrossLines.Forward forward = lines.forward(leaf, factor, learned);
        if (!learned) {
            return forward.result();
        }
        List<Version> watched = List.of(new Version(x, "map"));
        return Graft.onto(x, forward.result(), dy -> {
            watched.forEach(Version::require);
            return Scopes.lettingGo(() -> gradient(dy, leaf, parts, lines, forward.mixed(), gamma, factor));
        });
    }

    /** Queries, keys and values at once: (B, C' + C' + C, H, W). */
    private static Tensor projected(Tensor x, Conv2dImpl... convolutions) {
        Tensor weight = Tensors.cat(0, Arrays.stream(convolutions).map(Conv2dImpl::weight).toArray(Tensor[]::new));
        Tensor bias = Tensors.cat(0, Arrays.stream(convolutions).map(Conv2dImpl::bias).toArray(Tensor[]::new));
        return torch.conv2d(x, weight, new TensorOptional(bias), new long[]{1, 1}, new long[]{0, 0}, new long[]{1, 1},
                1);
    }

    private static Tensor gradient(Tensor dy, Tensor leaf, Tensor parts, CrissCrossLines lines, Tensor mixed,
            Tensor gamma, float factor) {
        Numbers products = Numbers.floats((int) dy.size(0), (int) (dy.size(2) * dy.size(3)));
        Tensor dparts = lines.backward(dy, mixed, factor, products);
        if (gamma.requires_grad()) {
            Graft.backward(gamma, products.tensor().sum());
        }
        if (parts.requires_grad()) {
            Graft.backward(parts, dparts);
        }
        if (!leaf.requires_grad()) {
            return dy;
        }
        Tensor dx = new Tensor(leaf.grad());
        leaf.mutable_grad().reset();
        return dx.add_(dy);
    }
}
