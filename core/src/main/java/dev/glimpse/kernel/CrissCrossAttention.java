package dev.glimpse.kernel;

import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

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
        Conv2dImpl[] convolutions = {queries, keys, values};
        boolean plain = x.scalar_type().intern() == ScalarType.Float && !torch.is_autocast_enabled(DeviceType.CPU);
        Projection projection = plain ? new Own(x, convolutions) : new Libtorchs(x, convolutions, recording);
        boolean learned = recording && (x.requires_grad() || gamma.requires_grad() || projection.isLearned());
        float factor = gamma.item_float();
        CrissCrossLines lines = new CrissCrossLines(projection.parts(), Math.toIntExact(queries.weight().size(0)));
        CrissCrossLines.Forward forward = lines.forward(x.detach(), factor, learned);
        if (!learned) {
            return forward.result();
        }
        Version watched = new Version(x, "map");
        return Graft.onto(x, forward.result(), dy -> {
            watched.require();
            return Scopes.lettingGo(() -> {
                Numbers products = Numbers.floats((int) dy.size(0), (int) (dy.size(2) * dy.size(3)));
                MapLines gradient = MapLines.of(dy);
                MapLines dparts = lines.backward(gradient.withChannelsLast(), forward.mixed(), factor, products);
                if (gamma.requires_grad()) {
                    Graft.backward(gamma, products.tensor().sum());
                }
                return projection.backward(dparts, gradient);
            });
        });
    }

    private static Tensor stacked(Tensor... parts) {
        return Tensors.cat(0, parts);
    }

    /** Queries, keys and values in one map, (B, C' + C' + C, H, W). */
    private interface Projection {
        MapLines parts();

        /** Whether a parameter wants a gradient. */
        boolean isLearned();

        /** Gives the parameters their gradients; the input's, with the result's own added to it. */
        Tensor backward(MapLines dparts, MapLines dy);
    }

    /** In float32. */
    private static final class Own implements Projection {
        private final Tensor x;
        private final Conv2dImpl[] convolutions;
        private final LineProjection projection;
        private final MapLines parts;

        Own(Tensor x, Conv2dImpl... convolutions) {
            this.x = x;
            this.convolutions = convolutions;
            projection = Scopes.noGrad(() -> new LineProjection(
                    stacked(Arrays.stream(convolutions).map(c -> c.weight().flatten(1, 3)).toArray(Tensor[]::new)),
                    stacked(Arrays.stream(convolutions).map(Conv2dImpl::bias).toArray(Tensor[]::new))));
            parts = Scopes.noGrad(() -> projection.forward(MapLines.of(x.detach())));
        }

        @Override
        public MapLines parts() {
            return parts;
        }

        @Override
        public boolean isLearned() {
            return Arrays.stream(convolutions).anyMatch(c -> c.weight().requires_grad() || c.bias().requires_grad());
        }

        @Override
        public Tensor backward(MapLines dparts, MapLines dy) {
            LineProjection.Gradients gradients =
                    projection.backward(MapLines.of(x.detach()), dparts, dy, x.requires_grad());
            long from = 0;
            for (Conv2dImpl convolution : convolutions) {
                long count = convolution.weight().size(0);
                give(convolution.weight(), gradients.weight().narrow(0, from, count));
                give(convolution.bias(), gradients.bias().narrow(0, from, count));
                from += count;
            }
            return x.requires_grad() ? gradients.input() : dy.tensor.detach();
        }

        private static void give(Tensor parameter, Tensor gradient) {
            if (parameter.requires_grad()) {
                Graft.backward(parameter, gradient.contiguous());
            }
        }
    }

    /** In bfloat16, or as mixed precision has it: a small graph of its own, which libtorch records. */
    private static final class Libtorchs implements Projection {
        private final Tensor leaf;
        private final Tensor projected;
        private final MapLines parts;

        Libtorchs(Tensor x, Conv2dImpl[] convolutions, boolean recording) {
            leaf = x.detach();
            leaf.set_requires_grad(recording && x.requires_grad());
            Tensor weight = stacked(Arrays.stream(convolutions).map(Conv2dImpl::weight).toArray(Tensor[]::new));
            Tensor bias = stacked(Arrays.stream(convolutions).map(Conv2dImpl::bias).toArray(Tensor[]::new));
            projected = torch.conv2d(leaf, weight, new TensorOptional(bias), new long[]{1, 1}, new long[]{0, 0},
                    new long[]{1, 1}, 1);
            parts = MapLines.of(projected.detach()).withChannelsLast();
        }

        @Override
        public MapLines parts() {
            return parts;
        }

        @Override
        public boolean isLearned() {
            return projected.requires_grad();
        }

        @Override
        public Tensor backward(MapLines dparts, MapLines dy) {
            if (projected.requires_grad()) {
                Graft.backward(projected, dparts.tensor);
            }
            if (!leaf.requires_grad()) {
                return dy.tensor.detach();
            }
            Tensor dx = new Tensor(leaf.grad());
            leaf.mutable_grad().reset();
            return dx.add_(dy.tensor);
        }
    }
}
