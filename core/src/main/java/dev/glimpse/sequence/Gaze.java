package dev.glimpse.sequence;

import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What a decoder takes in, given how much each place of a picture counts: all of it softly, or one place alone. */
@FunctionalInterface
public interface Gaze {
    /** Soft attention: the places' weighted mean. */
    Gaze SOFT = weights -> weights;

    /** Hard attention without chance: the place that counts most. */
    Gaze LIKELIEST = weights -> oneOf(weights, Tensors.argmax(weights, 1).unsqueeze(1));

    /**
     * The shares that the places are taken in with; gradients flow through them where they are the weights.
     *
     * @param weights (B, N), each row's sum 1
     * @return (B, N), each row's sum 1
     */
    Tensor taken(Tensor weights);

    /**
     * Hard attention in training: one place drawn by its weight, but for some pictures the weighted mean, by which the
     * weights learn as soft ones do.
     *
     * @param drawn (B, 1), 1 for the pictures of which a place is drawn, else 0
     */
    static Gaze sampled(Tensor drawn) {
        Tensor mean = drawn.mul(new Scalar(-1.0)).add(new Scalar(1.0));
        return weights -> oneOf(weights, weights.detach().multinomial(1)).mul(drawn).add(weights.mul(mean));
    }

    private static Tensor oneOf(Tensor weights, Tensor place) {
        return torch.zeros_like(weights.detach()).scatter(1, place, new Scalar(1.0));
    }
}
