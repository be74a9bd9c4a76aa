package dev.glimpse.train;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Stochastic gradient descent with momentum m, as in libtorch.
 *
 * <pre>
 * g = gradient + decay w
 * v = m v + g
 * w = w - rate (nesterov ? g + m v : v)
 * </pre>
 *
 * Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; Sutskever, Martens, Dahl, Hinton, "On
 * the importance of initialization and momentum in deep learning", ICML 2013,
 * https://proceedings.mlr.press/v28/sutskever13.html
 */
record Sgd(FusedStep fused, double momentum, boolean nesterov) implements UpdateRule {
    Sgd(OptimizerSettings settings) {
        this(new FusedStep("aten::_fused_sgd_"), settings.momentum(), settings.nesterov());
    }

    @Override
    public List<String> memories() {
        return momentum == 0 ? List.of() : List.of("momentum");
    }

    @Override
    public void step(List<Tensor> parameters, List<Tensor> gradients, Map<String, List<Tensor>> memories,
            double learningRate, double weightDecay, long steps) {
        List<Tensor> buffers = momentum == 0 ? List.of() : memories.get("momentum");
        boolean first = false; // a momentum of zeros becomes the gradient by itself
        fused.call(parameters, gradients, buffers, weightDecay, momentum, learningRate, 0.0, nesterov, false, first,
                null, null);
    }
}
