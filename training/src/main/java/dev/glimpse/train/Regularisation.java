package dev.glimpse.train;

import dev.glimpse.nn.Checks;
import java.util.List;

/**
 * What keeps a training steady and a network from learning its images by heart.
 *
 * @param labelSmoothing share of the target that goes to all classes alike (Szegedy et al., CVPR 2016,
 *        https://arxiv.org/abs/1512.00567)
 * @param classWeights what each class's images count in the loss; none for all alike
 * @param clipNorm the largest norm of all gradients together; 0 for any
 * @param clipAdaptive the largest share of a unit's gradient norm in its weights' (see {@link AdaptiveClipping}); 0 for any
 * @param emaDecay how much of the weights' moving average stays a step (see {@link MovingAverage}); 0 for none
 */
public record Regularisation(double labelSmoothing, List<Double> classWeights, double clipNorm, double clipAdaptive,
        double emaDecay) {
    /** None of it. */
    public static final Regularisation NONE = new Regularisation(0, List.of(), 0, 0, 0);

    public Regularisation {
        Checks.probability("the label smoothing", labelSmoothing);
        Checks.probability("the decay of the weights' average", emaDecay);
        classWeights = classWeights == null ? List.of() : List.copyOf(classWeights);
        for (double weight : classWeights) {
            atLeastZero("a class's weight", weight);
        }
        if (!classWeights.isEmpty() && classWeights.stream().allMatch(weight -> weight == 0)) {
            throw new IllegalArgumentException("all classes' weights are 0: there is nothing to learn");
        }
        atLeastZero("the largest norm of the gradients", clipNorm);
        atLeastZero("the adaptive clipping's share", clipAdaptive);
    }

    private static void atLeastZero(String what, double value) {
        if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(what + " is " + value + ", must be at least 0");
        }
    }
}
