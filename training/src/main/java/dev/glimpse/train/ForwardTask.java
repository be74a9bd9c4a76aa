package dev.glimpse.train;

import dev.glimpse.Layer;
import org.bytedeco.pytorch.Tensor;

/** A task whose loss is told by the target and by what the network's forward says. */
public abstract class ForwardTask implements Task {
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

    @Override
    public final Outcome train(Layer network, Mode mode, Tensor input, Tensor target) {
        Tensor output = mode.forward(network, input);
        return new Outcome(output, loss(output, target));
    }

    @Override
    public final Outcome test(Layer network, Mode mode, Tensor input, Tensor target) {
        Tensor output = mode.forward(network, input);
        return new Outcome(output, testLoss(output, target));
    }
}
