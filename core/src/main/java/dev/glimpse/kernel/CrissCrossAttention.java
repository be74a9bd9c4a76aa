package dev.glimpse.kernel;

import dev.glimpse.nn.Scopes;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;

/**
 * Criss-cross attention, in which no weights are ever held but those of the lines being computed, and no values at all.
 *
 * <pre>
 * Q, K = 1x1 convolutions of x                                        (B, C', H, W) twice
 * A_u  = softmax over j in u's row and column of Q_u . K_j            each position once
 * y_u  = x_u + gamma (W sum_j A_uj x_j + b)                           (B, C, H, W)
 * and so on, with y for x
 * </pre>
 *
 * W and b are the values' convolution: since a position's weights sum to one, it may as well come after the mixing. Forward
 * keeps queries, keys, mixtures and two numbers a position, and each pass's input. All passes run with channels last, where
 * what a position holds lies side by side: a map in another order is turned on its way in and on its way out. Some images
 * go at a time.
 */
public final class CrissCrossAttention {
    private final Conv2dImpl queries;
    private final Conv2dImpl keys;
    private final Conv2dImpl values;
    private final Tensor gamma;

    /**
     * @param queries a 1x1 convolution with bias, as are the others
     * @param gamma one number
     */
    public CrissCrossAttention(Conv2dImpl queries, Conv2dImpl keys, Conv2dImpl values, Tensor gamma) {
        this.queries = queries;
        this.keys = keys;
        this.values = values;
        this.gamma = gamma;
    }

    /** Whether {@link Kernels} have it run for such a map. */
    public static boolean runs(Tensor x) {
        return x.dim() == 4 && Math.max(x.size(2), x.size(3)) <= CrissCrossLines.LONGEST && Kernels.fuses(x);
    }

    /** (B, C, H, W) to the same, {@code recurrence} times over. */
    public Tensor forward(Tensor x, long recurrence) {
        boolean learned = GradMode.is_enabled() && (x.requires_grad() || gamma.requires_grad()
                || Projection.learns(queries, keys, values));
        CrissCrossPasses passes = new CrissCrossPasses(new Projection(learned, queries, keys),
                new Projection(learned, values), gamma, recurrence, learned);
        MapLines input = MapLines.of(x);
        Tensor result = passes.forward(input);
        if (!learned) {
            return result;
        }
        Version watched = new Version(x, "map");
        return Graft.onto(x, result, dy -> {
            watched.require();
            return Scopes.lettingGo(() -> passes.backward(input, dy));
        });
    }
}
