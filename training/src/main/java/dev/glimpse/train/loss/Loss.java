package dev.glimpse.train.loss;

import org.bytedeco.pytorch.Tensor;

/**
 * How wrong a network's scores are: a scalar to be made smaller, differentiable by the scores.
 *
 * <pre>
 * one class a position     scores (B, K, ...)   target (B, ...) of 64-bit classes, the ignored index where nobody knows
 * shares of classes        scores (B, K, ...)   target (B, K, ...) of floats that sum to one over the classes
 * yes or no                scores (B, 1, ...)   target (B, ...) of 64-bit 0 and 1, or (B, 1, ...) of floats
 * several labels           scores (B, L, ...)   target (B, L, ...) of floats in 0 to 1, negative where nobody knows
 * </pre>
 *
 * A mean is over what is known. Where nothing is, the loss is 0, and so is its gradient.
 */
public interface Loss {
    /** @throws IllegalArgumentException where the target does not fit the scores */
    Tensor of(Tensor scores, Tensor target);
}
