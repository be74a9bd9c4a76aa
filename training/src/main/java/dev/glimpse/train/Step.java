package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** A training step: forwards and backwards whose gradients add up, then one update of the parameters. */
final class Step {
    private final Layer network;
    private final Task task;
    private final Recipe recipe;
    private final Optimizer optimizer;

    /** @param network frozen and laid out as it will be; build it outside of pointer scopes */
    Step(Layer network, Task task, Recipe recipe) {
        this.network = network;
        this.task = task;
        this.recipe = recipe;
        this.optimizer = new Optimizer(network, recipe.optimizer());
    }

    Optimizer optimizer() {
        return optimizer;
    }

    /** Begins a step. */
    void begin() {
        optimizer.zeroGrad();
    }

    /**
     * One forward and backward, in a scope of the caller's.
     *
     * @param share of the step's gradient
     * @param tally takes the batch in; null for none
     * @return the mean loss, which may be no number
     */
    double run(Tensor input, Tensor target, double share, Tally tally) {
        Task.Outcome outcome = task.train(network, recipe.mode(), input, target);
        Tensor loss = outcome.loss();
        (share == 1 ? loss : loss.mul(new Scalar(share))).backward();
        double value = loss.item().toDouble();
        if (tally != null) {
            tally.add(outcome.output().detach(), target, value);
        }
        return value;
    }

    /** Clips the gradients and moves the parameters. */
    void finish(double learningRate) {
        Regularisation clipping = recipe.regularisation();
        if (clipping.clipAdaptive() > 0) {
            try (PointerScope _ = new PointerScope()) {
                AdaptiveClipping.clip(StateDict.parameters(network).values(), clipping.clipAdaptive());
            }
        }
        if (clipping.clipNorm() > 0) {
            try (PointerScope _ = new PointerScope()) {
                List<Tensor> learned = new ArrayList<>(optimizer.parameters().values());
                learned.removeIf(parameter -> !parameter.grad().defined());
                torch.clip_grad_norm_(new TensorVector(learned.toArray(Tensor[]::new)), clipping.clipNorm());
            }
        }
        optimizer.step(learningRate);
    }
}
