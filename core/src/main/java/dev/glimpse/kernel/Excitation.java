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
         * Sets the gradients of some images' pools, of (B, P, C); images come in their order.
         *
         * @param dlogits (B, C)
         */
        void backward(int fromImage, int toImage, Numbers dlogits, Numbers dpools);

        /** Gives what is learned its gradient, once {@link #backward} is through with all images. */
        void learn(Numbers dlogits, Gradients gradients);
    }

    /**
     * Begins a forward.
     *
     * @param pools (B, P, C), set image by image before they are asked for
     * @param slab for what backward needs
     */
    Run run(Numbers pools, int images, int channels, Slab slab);
}
