package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Scopes;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The moving average of a network's weights, which often tests better than they do (Polyak, Juditsky, SIAM Journal on
 * Control and Optimization 1992).
 *
 * <pre>
 * average = d average + (1 - d) weights        d = min(decay, (1 + t) / (10 + t)) after t steps
 * </pre>
 *
 * Buffers are averaged as parameters are (as timm's ModelEma does), counters copied. The small d at first keeps the initial
 * weights from staying in the average of a short training.
 */
final class MovingAverage {
    private final double decay;
    private final Map<String, Tensor> weights;
    private final Map<String, Tensor> average = new LinkedHashMap<>();

    /** Build it outside of pointer scopes: it starts as a copy of the weights. */
    MovingAverage(Layer network, double decay) {
        this.decay = decay;
        weights = StateDict.of(network);
        weights.forEach((key, tensor) -> average.put(key, tensor.detach().clone()));
    }

    /** @param steps before this one */
    void update(long steps) {
        double stays = Math.min(decay, (1.0 + steps) / (10.0 + steps));
        try (PointerScope _ = new PointerScope()) {
            Scopes.noGrad(() -> {
                weights.forEach((key, tensor) -> {
                    if (tensor.is_floating_point()) {
                        average.get(key).lerp_(tensor, new Scalar(1 - stays));
                    } else {
                        average.get(key).copy_(tensor);
                    }
                });
                return null;
            });
        }
    }

    /** Puts the average in the weights' place, and the weights in the average's; a second call turns it back. */
    void swap() {
        try (PointerScope _ = new PointerScope()) {
            weights.forEach((key, tensor) -> {
                Tensor own = tensor.detach().retainReference();
                tensor.set_data(average.get(key));
                average.put(key, own).close();
            });
        }
    }

    /** The averages by the network's keys. */
    Map<String, Tensor> state() {
        return average;
    }
}
