package dev.glimpse.kernel;

import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/** What makes a channels' gate, before its sigmoid, of P pools of a map: (B, P, C) to (B, C), with its backward. */
public sealed interface Excitation permits Mlp, LineConvolution {
    /** What is learned. */
    Stream<Tensor> parameters();

    /** One forward, and its backward. */
    interface Run {
        /** Sets the numbers whose sigmoid is the gate, (B, C), for some images, whose pools are there. */
        void forward(int fromImage, int toImage, Numbers logits);

        /**
         * The gradient of the pools, (B, P, C).
         *
         * @param dlogits (B, C)
         * @param gradients receives those of the parameters
         * @param slab where the result is put
         */
        Numbers backward(Numbers dlogits, Gradients gradients, Slab slab);
    }

    /**
     * Begins a forward.
     *
     * @param pools (B, P, C), set image by image before they are asked for
     * @param slab for what backward needs
     */
    Run run(Numbers pools, int images, int channels, Slab slab);
}
