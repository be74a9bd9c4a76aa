package dev.glimpse.train;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Lion, which moves each number by the learning rate, up or down.
 *
 * <pre>
 * w = w - rate (sign(beta1 m + (1 - beta1) gradient) + decay w)
 * m = beta2 m + (1 - beta2) gradient
 * </pre>
 *
 * Chen et al., "Symbolic Discovery of Optimization Algorithms", NeurIPS 2023, https://arxiv.org/abs/2302.06675
 */
record Lion(double beta1, double beta2) implements UpdateRule {
    Lion(OptimizerSettings settings) {
        this(settings.beta1(), settings.beta2());
    }

    @Override
    public List<String> memories() {
        return List.of("momentum");
    }

    @Override
    public void step(List<Tensor> parameters, List<Tensor> gradients, Map<String, List<Tensor>> memories,
            double learningRate, double weightDecay, long steps) {
        for (int i = 0; i < parameters.size(); i++) {
            Tensor w = parameters.get(i);
            Tensor m = memories.get("momentum").get(i);
            Tensor direction = m.lerp(gradients.get(i), new Scalar(1 - beta1)).sign_();
            if (weightDecay > 0) {
                w.mul_(new Scalar(1 - learningRate * weightDecay));
            }
            w.add_(direction, new Scalar(-learningRate));
            m.lerp_(gradients.get(i), new Scalar(1 - beta2));
        }
    }
}
