package dev.glimpse.train;

import dev.glimpse.nn.Scopes;
import java.util.Collection;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Adaptive gradient clipping: no unit's gradient is larger than a share of the unit.
 *
 * <pre>
 * most = share max(|w|, 0.001)        |.| over each output unit of a convolution or linear layer, else over all
 * g = |g| > most ? g most / |g| : g
 * </pre>
 *
 * Brock, De, Smith, Simonyan, "High-Performance Large-Scale Image Recognition Without Normalization", ICML 2021,
 * https://arxiv.org/abs/2102.06171. As in the paper the last linear layer is spared.
 */
final class AdaptiveClipping {
    private static final double LEAST_WEIGHT = 1e-3;
    private static final double LEAST_GRADIENT = 1e-6;

    private AdaptiveClipping() {}

    /** @param parameters in the network's order, whose last weight and its bias are spared */
    static void clip(Collection<Tensor> parameters, double share) {
        List<Tensor> all = List.copyOf(parameters);
        int last = all.size() - 1;
        while (last > 0 && all.get(last).dim() < 2) {
            last--;
        }
        for (Tensor parameter : all.subList(0, last)) {
            if (parameter.grad().defined()) {
                clip(parameter, new Tensor(parameter.grad()), share);
            }
        }
    }

    private static void clip(Tensor parameter, Tensor gradient, double share) {
        Scopes.noGrad(() -> {
            Tensor most = norms(parameter).clamp_min(new Scalar(LEAST_WEIGHT)).mul(new Scalar(share));
            Tensor norms = norms(gradient);
            Tensor factor = most.div(norms.clamp_min(new Scalar(LEAST_GRADIENT))).clamp_max(new Scalar(1));
            return gradient.mul_(factor);
        });
    }

    /** The norm of each output unit: (O, ...) to (O, 1, ...); of what has one dimension or none, the norm of it all. */
    private static Tensor norms(Tensor tensor) {
        long[] dims = new long[(int) Math.max(0, tensor.dim() - 1)];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = i + 1;
        }
        return dims.length == 0 ? tensor.norm()
                : torch.linalg_vector_norm(tensor, new Scalar(2.0), dims, true, new ScalarTypeOptional());
    }
}
