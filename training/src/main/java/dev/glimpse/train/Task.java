package dev.glimpse.train;

import dev.glimpse.Layer;
import org.bytedeco.pytorch.Tensor;

/** What a network is trained for: what it makes of a batch, how wrong that is, and what is measured of it. */
public interface Task {
    /**
     * What a network made of a batch.
     *
     * @param output for the {@link Tally}
     * @param loss the batch's mean, a scalar
     */
    record Outcome(Tensor output, Tensor loss) {}

    /**
     * A batch in training: gradients flow from the loss.
     *
     * @param input what the loader gave, images (B, C, H, W) or whatever a system reads
     * @param target what it gave along with it
     */
    Outcome train(Layer network, Mode mode, Tensor input, Tensor target);

    /** A batch in a test, without gradients; where training's loss is bent (smoothed, weighted), the plain one. */
    Outcome test(Layer network, Mode mode, Tensor input, Tensor target);

    /** An empty tally. */
    Tally tally();

    /** Which of a {@link Tally}'s values says how good the network is: the higher, the better. */
    String best();
}
