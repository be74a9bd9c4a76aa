package dev.glimpse.kernel;

import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;

/**
 * A feature map that is pooled and then gated: the shape of most channel and spatial attention.
 *
 * <pre>
 * GatedMap map = GatedMap.of(x);                     // (B, C, H, W)
 * Tensor c = mlp(map.mean()).sigmoid();              // (B, C, 1, 1)
 * return map.gated(c);                               // c * x
 * </pre>
 *
 * Such modules do little arithmetic and much reading and writing of the map. Composed of libtorch's operations each step
 * passes over it once or more; fused, a map is read once for all its pools, no product is ever written but the last, and
 * backward makes all sums over the map in one pass and the gradient in another. Which of the two it is {@link Kernels}
 * decides.
 *
 * <p>
 * A map is gated once, at the end, and what its pools give may flow into that gate alone: fused, their gradients are
 * collected when the gate's has come. What else makes the gate must not depend on the map but by {@link #itself}.
 */
public sealed interface GatedMap permits ComposedMap, FusedMap {
    /** The mean and the maximum; a tie's gradient goes to the first. */
    record Pools(Tensor mean, Tensor max) {}

    /** The map, as {@link Kernels} decide for it. */
    static GatedMap of(Tensor x) {
        return Kernels.fuses(x) ? new FusedMap(x) : new ComposedMap(x);
    }

    /**
     * The map for a gate that is made of its means alone: fused where gradients are recorded, since without them libtorch's
     * two passes, the mean and the product, take no longer.
     */
    static GatedMap ofMeans(Tensor x) {
        return GradMode.is_enabled() || Kernels.chosen() == Kernels.Choice.FUSED ? of(x) : composed(x);
    }

    /** The map by libtorch's operations alone, for pools that are not fused. */
    static GatedMap composed(Tensor x) {
        return new ComposedMap(x);
    }

    /** The mean over positions: (B, C, 1, 1). */
    Tensor mean();

    /** The mean and the maximum over positions: (B, C, 1, 1) each. */
    Pools pool();

    /** The mean and the maximum over channels: (B, 1, H, W) each. */
    Pools poolChannels();

    /** The mean and the maximum over the channels of {@code channelGate * x}, which must then be gated by it: (B, 1, H, W) each. */
    Pools poolChannels(Tensor channelGate);

    /**
     * A convolution to one map, (B, 1, H, W): the sum over channels by learned weights.
     *
     * @param toOne a 1x1 convolution from C channels to one
     */
    Tensor project(Conv2dImpl toOne);

    /**
     * The sum over positions by weights: (B, C, 1, 1).
     *
     * @param weights (B, 1, H, W)
     */
    Tensor sum(Tensor weights);

    /** {@code channelGate * x}, the gate (B, C, 1, 1). */
    Tensor gated(Tensor channelGate);

    /** {@code channelGate * x * positionGate}, the gates (B, C, 1, 1) and (B, 1, H, W). */
    Tensor gated(Tensor channelGate, Tensor positionGate);

    /** {@code channelGate * x + positionGate * x}, the gates (B, C, 1, 1) and (B, 1, H, W). */
    Tensor gatedBySum(Tensor channelGate, Tensor positionGate);

    /** {@code positionGate * x}, the gate (B, 1, H, W). */
    Tensor gatedPositions(Tensor positionGate);

    /**
     * The map itself, for what passes over it in a way of its own to make a gate: what flows back through that is added
     * where the map's gradient is made.
     */
    Tensor itself();

    /** {@code x + x * sigmoid(channels * positions)}, (B, C, 1, 1) and (B, 1, H, W). */
    Tensor plusGatedByProduct(Tensor channels, Tensor positions);

    /** {@code x + x * sigmoid(channels + positions)}, (B, C, 1, 1) and (B, 1, H, W). */
    Tensor plusGatedBySum(Tensor channels, Tensor positions);

    /** {@code x + t}, t (B, C, 1, 1). */
    Tensor plus(Tensor t);
}
