package dev.glimpse.train;

import org.bytedeco.pytorch.Tensor;

/** What a network is trained for: how wrong its output is, and what is measured of it. */
public abstract class Task {
    /**
     * The mean loss of a batch, from which gradients flow.
     *
     * @param output the network's, in float32
     * @param target what the loader gave along with the images
     */
    public abstract Tensor loss(Tensor output, Tensor target);

    /** The loss that tests report; where training's is bent (smoothed, weighted), the plain one. */
    public Tensor testLoss(Tensor output, Tensor target) {
        return loss(output, target);
    }

    /** An empty tally. */
    public abstract Tally tally();

    /** Which of a {@link Tally}'s values says how good the network is: the higher, the better. */
    public abstract String best();
}
