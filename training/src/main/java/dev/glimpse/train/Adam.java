package dev.glimpse.train;

import dev.glimpse.nn.Tensors;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Adam, and AdamW with its decay apart.
 *
 * <pre>
 * Adam: g = gradient + decay w        AdamW: w = (1 - rate decay) w
 * m = beta1 m + (1 - beta1) g
 * v = beta2 v + (1 - beta2) g^2
 * w = w - rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
 * </pre>
 *
 * Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, https://arxiv.org/abs/1412.6980; Loshchilov, Hutter,
 * "Decoupled Weight Decay Regularization", ICLR 2019, https://arxiv.org/abs/1711.05101
 */
record Adam(FusedStep fused, double beta1, double beta2, double epsilon) implements UpdateRule {
    Adam(OptimizerSettings settings) {
        this(new FusedStep(
                settings.rule() == OptimizerSettings.Rule.ADAM ? "aten::_fused_adam_" : "aten::_fused_adamw_"),
                settings.beta1(), settings.beta2(), settings.epsilon());
    }

    @Override
    public List<String> memories() {
        return List.of("mean", "square");
    }

    @Override
    public void step(List<Tensor> parameters, List<Tensor> gradients, Map<String, List<Tensor>> memories,
            double learningRate, double weightDecay, long steps) {
        List<Tensor> clock = Collections.nCopies(parameters.size(), Tensors.of(new float[]{steps}));
        fused.call(parameters, gradients, memories.get("mean"), memories.get("square"), List.of(), clock, learningRate,
                beta1, beta2, weightDecay, epsilon, false, false, null, null);
    }
}
