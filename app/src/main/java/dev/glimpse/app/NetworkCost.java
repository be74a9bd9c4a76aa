package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.kernel.Kernels;
import dev.glimpse.nn.Cost;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.TaskConfig;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What a network costs that takes square images. */
final class NetworkCost {
    private NetworkCost() {}

    /** Multiply-adds of a forward of one image of the run's size, 0 of a system. The network is in eval mode after. */
    static long multiplyAdds(Layer network, RunConfig config) {
        network.eval();
        if (config.task().kind() == TaskConfig.Kind.SYSTEM) {
            return 0;
        }
        try (PointerScope _ = new PointerScope()) {
            Tensor image = Tensors.zeros(ScalarType.Float, 1, 3, config.size(), config.size()).set_requires_grad(true);
            return Kernels.with(Kernels.Choice.COMPOSED, () -> Cost.of(List.of(network.forward(image)))).multiplyAdds();
        }
    }
}
