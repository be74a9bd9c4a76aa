package dev.glimpse.kernel;

import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Tensor;

/** A map pooled and gated by libtorch's operations: what the fused one must equal. */
final class ComposedMap implements GatedMap {
    private final Tensor x;
    private Tensor mean;
    private Tensor max;
    private Tensor gate;
    private Tensor product;

    ComposedMap(Tensor x) {
        this.x = x;
    }

    @Override
    public Tensor mean() {
        mean = mean == null ? Tensors.spatialMean(x) : mean;
        return mean;
    }

    @Override
    public Pools pool() {
        max = max == null ? shared() ? Tensors.amax(x, 2, 3) : Tensors.spatialMax(x) : max;
        return new Pools(mean(), max);
    }

    @Override
    public Pools poolChannels() {
        return channelPools(x);
    }

    @Override
    public Pools poolChannels(Tensor channelGate) {
        return channelPools(gated(channelGate));
    }

    private static Pools channelPools(Tensor map) {
        return new Pools(Tensors.mean(map, 1), shared() ? Tensors.amax(map, 1) : Tensors.max(map, 1));
    }

    private static boolean shared() {
        return Kernels.chosen() == Kernels.Choice.COMPOSED_AMAX;
    }

    @Override
    public Tensor project(Conv2dImpl toOne) {
        return toOne.forward(x);
    }

    @Override
    public Tensor sum(Tensor weights) {
        return x.flatten(2, 3).matmul(weights.flatten(2, 3).transpose(1, 2)).unsqueeze(3);
    }

    /** The product is kept: the next step is often the same gate with another. */
    @Override
    public Tensor gated(Tensor channelGate) {
        if (channelGate != gate) {
            gate = channelGate;
            product = x.mul(channelGate);
        }
        return product;
    }

    @Override
    public Tensor gated(Tensor channelGate, Tensor positionGate) {
        return gated(channelGate).mul(positionGate);
    }

    @Override
    public Tensor gatedBySum(Tensor channelGate, Tensor positionGate) {
        return gated(channelGate).add(gatedPositions(positionGate));
    }

    @Override
    public Tensor gatedPositions(Tensor positionGate) {
        return x.mul(positionGate);
    }

    @Override
    public Tensor itself() {
        return x;
    }

    @Override
    public Tensor plusGatedByProduct(Tensor channels, Tensor positions) {
        return x.addcmul(x, channels.mul(positions).sigmoid());
    }

    @Override
    public Tensor plusGatedBySum(Tensor channels, Tensor positions) {
        return x.addcmul(x, channels.add(positions).sigmoid());
    }

    @Override
    public Tensor plus(Tensor t) {
        return x.add(t);
    }
}
