package dev.glimpse.kernel;

import dev.glimpse.kernel.CrissCrossLines.Mixed;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Criss-cross attention, in which no weights are ever held but those of the lines being computed.
 *
 * <pre>
 * Q, K, V = 1x1 convolutions of x                                     (B, C', H, W) twice, (B, C, H, W)
 * A_u     = softmax over j in u's row and column of Q_u . K_j         each position once
 * y_u     = x_u + gamma sum_j A_uj V_j                                (B, C, H, W)
 * and so on, with y for x
 * </pre>
 *
 * Forward keeps two numbers a position, from which backward computes the weights again. All passes run with channels last,
 * where what a position holds lies side by side: a map in another order is turned once on its way in and once on its way
 * out.
 */
public final class CrissCrossAttention {
    private final Conv2dImpl[] convolutions;
    private final Tensor gamma;

    /**
     * @param queries a 1x1 convolution with bias, as are the others
     * @param gamma one number
     */
    public CrissCrossAttention(Conv2dImpl queries, Conv2dImpl keys, Conv2dImpl values, Tensor gamma) {
        convolutions = new Conv2dImpl[]{queries, keys, values};
        this.gamma = gamma;
    }

    /** Whether {@link Kernels} have it run for such a map. */
    public static boolean runs(Tensor x) {
        return x.dim() == 4 && Math.max(x.size(2), x.size(3)) <= CrissCrossLines.LONGEST && Kernels.fuses(x);
    }

    /** What backward needs of a pass. */
    private final class Pass {
        private final Tensor leaf;
        /** Queries, keys and values, (B, C' + C' + C, H, W): a small graph of its own, which libtorch records. */
        private final Tensor projected;
        private final CrissCrossLines lines;
        private final float factor = gamma.item_float();
        private Mixed mixed;

        Pass(MapLines x, boolean learned) {
            leaf = x.tensor.detach();
            leaf.set_requires_grad(learned);
            projected = torch.conv2d(leaf, stacked(Conv2dImpl::weight), new TensorOptional(stacked(Conv2dImpl::bias)),
                    new long[]{1, 1}, new long[]{0, 0}, new long[]{1, 1}, 1);
            lines = new CrissCrossLines(MapLines.of(projected.detach()).withChannelsLast(),
                    Math.toIntExact(convolutions[0].weight().size(0)));
        }

        private Tensor stacked(Function<Conv2dImpl, Tensor> part) {
            return Tensors.cat(0, Arrays.stream(convolutions).map(part).toArray(Tensor[]::new));
        }

        /** Gives the parameters their gradients, and returns the input's, with its channels last. */
        private Tensor backward(Tensor dy) {
            Numbers products = Numbers.floats((int) dy.size(0), (int) (dy.size(2) * dy.size(3)));
            MapLines dparts = lines.backward(MapLines.of(dy), mixed, factor, products);
            if (gamma.requires_grad()) {
                Graft.backward(gamma, products.tensor().sum());
            }
            if (projected.requires_grad()) {
                Graft.backward(projected, dparts.tensor);
            }
            if (!leaf.requires_grad()) {
                return dy.detach();
            }
            Tensor dx = new Tensor(leaf.grad()); // what it gives is the leaf's own, which is let go below
            leaf.mutable_grad().reset();
            return dx.add_(dy);
        }
    }

    /** (B, C, H, W) to the same, {@code recurrence} times over. */
    public Tensor forward(Tensor x, long recurrence) {
        boolean recording = GradMode.is_enabled();
        if (recording && x.is_inference()) {
            throw new IllegalArgumentException("the map was made in inference mode, which leaves no gradients: make it "
                    + "outside, or clone it there");
        }
        boolean learned = recording && (x.requires_grad() || gamma.requires_grad() || Arrays.stream(convolutions)
                .anyMatch(c -> c.weight().requires_grad() || c.bias().requires_grad()));
        MapLines input = MapLines.of(x);
        MapLines y = input.withChannelsLast();
        List<Pass> passes = new ArrayList<>();
        for (long i = 0; i < recurrence; i++) {
            Pass pass = new Pass(y, learned && (i > 0 || x.requires_grad()));
            MapLines next = i < recurrence - 1 ? y.alike() : input.alike();
            pass.mixed = pass.lines.forward(y, pass.factor, next, learned);
            passes.add(pass);
            y = next;
        }
        if (!learned) {
            return y.tensor;
        }
        Version watched = new Version(x, "map");
        return Graft.onto(x, y.tensor, dy -> {
            watched.require();
            return Scopes.lettingGo(() -> backward(passes, MapLines.of(dy).withChannelsLast().tensor, input));
        });
    }

    private static Tensor backward(List<Pass> passes, Tensor dy, MapLines input) {
        Tensor gradient = dy;
        for (Pass pass : passes.reversed()) {
            Tensor above = gradient;
            gradient = Scopes.lettingGo(() -> pass.backward(above));
        }
        return input.hasChannelsLast() ? gradient : input.alike().set(MapLines.of(gradient)).tensor;
    }
}
