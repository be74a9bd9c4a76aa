package dev.glimpse.train;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** How parameters move along their gradients: {@link Sgd}, {@link Adam}, {@link RmsProp}, {@link Lion}. */
sealed interface UpdateRule permits Sgd, Adam, RmsProp, Lion {
    /** What a rule remembers of each parameter, in tensors like it that start as zeros. */
    List<String> memories();

    /**
     * Moves parameters. Gradients are off, and each gradient lies in memory as its parameter does.
     *
     * @param parameters with their gradients, and with each of the {@link #memories}, in the same order
     * @param steps from 1, this one included
     */
    void step(List<Tensor> parameters, List<Tensor> gradients, Map<String, List<Tensor>> memories, double learningRate,
            double weightDecay, long steps);
}
