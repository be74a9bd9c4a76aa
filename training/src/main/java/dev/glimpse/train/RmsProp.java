package dev.glimpse.train;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * RMSprop with momentum m, as in libtorch.
 *
 * <pre>
 * g = gradient + decay w
 * v = beta2 v + (1 - beta2) g^2
 * b = m b + g / (sqrt(v) + epsilon)
 * w = w - rate b
 * </pre>
 *
 * Tieleman, Hinton, "Lecture 6.5: RMSProp", Neural networks for machine learning, 2012,
 * https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf
 */
record RmsProp(double momentum, double beta2, double epsilon) implements UpdateRule {
    RmsProp(OptimizerSettings settings) {
        this(settings.momentum(), settings.beta2(), settings.epsilon());
    }

    @Override
    public List<String> memories() {
        return momentum == 0 ? List.of("square") : List.of("square", "momentum");
    }

    @Override
    public void step(List<Tensor> parameters, List<Tensor> gradients, Map<String, List<Tensor>> memories,
            double learningRate, double weightDecay, long steps) {
        for (int i = 0; i < parameters.size(); i++) {
            Tensor w = parameters.get(i);
            Tensor g = weightDecay == 0 ? gradients.get(i) : gradients.get(i).add(w, new Scalar(weightDecay));
            Tensor v = memories.get("square").get(i);
            v.mul_(new Scalar(beta2)).addcmul_(g, g, new Scalar(1 - beta2));
            Tensor root = v.sqrt().add_(new Scalar(epsilon));
            if (momentum == 0) {
                w.addcdiv_(g, root, new Scalar(-learningRate));
            } else {
                Tensor b = memories.get("momentum").get(i);
                b.mul_(new Scalar(momentum)).addcdiv_(g, root, new Scalar(1));
                w.add_(b, new Scalar(-learningRate));
            }
        }
    }
}
