package dev.glimpse.kernel;

import dev.glimpse.kernel.Passes.GateGradients;
import dev.glimpse.kernel.Passes.Outer;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A map pooled and gated in as few passes over it as there can be.
 *
 * <p>
 * What the pools give is a leaf of a small graph that libtorch records: the MLPs and convolutions that make gates of it.
 * The result is grafted onto the input. Its backward first makes the gates' gradients from the map, runs the small graph
 * backward to the leaves, and then writes the map's gradient.
 */
final class FusedMap implements GatedMap {
    private final Tensor x;
    private final MapRows map;
    private final List<Version> watched = new ArrayList<>();
    private final boolean recording = GradMode.is_enabled();

    private Tensor mean;
    private Tensor max;
    private Numbers maxPositions;

    private Tensor channelMean;
    private Tensor channelMax;
    private Numbers maxChannels;
    private Tensor pooledGate;

    private Tensor projection;
    private Tensor projector;

    private Tensor context;
    private Tensor contextWeights;

    private Tensor itself;

    FusedMap(Tensor x) {
        this.x = x;
        map = MapRows.of(x);
    }

    @Override
    public Tensor mean() {
        if (mean == null) {
            Numbers sums = Passes.channelSums(map);
            sums.scale(1f / map.positions);
            mean = leaf(sums, x.requires_grad(), true);
        }
        return mean;
    }

    @Override
    public Pools pool() {
        if (max == null) {
            Passes.Pools pools = pools(map.channels);
            Passes.poolPositions(map, pools);
            pools.sums().scale(1f / map.positions);
            mean = mean == null ? leaf(pools.sums(), x.requires_grad(), true) : mean;
            max = leaf(pools.maxima(), x.requires_grad(), true);
            maxPositions = pools.argmaxima();
        }
        return new Pools(mean, max);
    }

    @Override
    public Pools poolChannels() {
        return poolChannels(null);
    }

    @Override
    public Pools poolChannels(Tensor channelGate) {
        Passes.Pools pools = pools(map.positions);
        Passes.poolChannels(map, channelGate == null ? null : numbers(channelGate, map.channels), pools,
                Passes.NOTHING);
        pools.sums().scale(1f / map.channels);
        boolean learned = x.requires_grad() || channelGate != null && channelGate.requires_grad();
        channelMean = leaf(pools.sums(), learned, false);
        channelMax = leaf(pools.maxima(), learned, false);
        maxChannels = pools.argmaxima();
        pooledGate = channelGate;
        return new Pools(channelMean, channelMax);
    }

    private Passes.Pools pools(int each) {
        return new Passes.Pools(Numbers.floats(map.images, each), Numbers.floats(map.images, each),
                recording ? Numbers.ints(map.images, each) : null);
    }

    @Override
    public Tensor project(Conv2dImpl toOne) {
        projector = toOne.weight();
        projection = leaf(Passes.sumChannels(map, repeated(projector)),
                x.requires_grad() || projector.requires_grad(), false);
        Tensor bias = toOne.bias();
        return bias.defined() ? projection.add(bias.view(1, 1, 1, 1)) : projection;
    }

    @Override
    public Tensor sum(Tensor weights) {
        contextWeights = weights;
        context = leaf(Passes.sumPositions(map, numbers(weights, map.positions)),
                x.requires_grad() || weights.requires_grad(),
                true);
        return context;
    }

    @Override
    public Tensor gated(Tensor channelGate) {
        return result(Gate.PRODUCT, channelGate, null);
    }

    @Override
    public Tensor gated(Tensor channelGate, Tensor positionGate) {
        return result(Gate.PRODUCT, channelGate, positionGate);
    }

    @Override
    public Tensor gatedBySum(Tensor channelGate, Tensor positionGate) {
        return result(Gate.SUM, channelGate, positionGate);
    }

    @Override
    public Tensor gatedPositions(Tensor positionGate) {
        return result(Gate.PRODUCT, null, positionGate);
    }

    @Override
    public Tensor itself() {
        if (itself == null) {
            itself = x.detach();
            itself = recording && x.requires_grad() ? itself.set_requires_grad(true) : itself;
        }
        return itself;
    }

    @Override
    public Tensor plusGatedByProduct(Tensor channels, Tensor positions) {
        return result(Gate.SIGMOID_OF_PRODUCT, channels, positions);
    }

    @Override
    public Tensor plusGatedBySum(Tensor channels, Tensor positions) {
        return result(Gate.SIGMOID_OF_SUM, channels, positions);
    }

    @Override
    public Tensor plus(Tensor t) {
        return result(Gate.SHIFT, t, null);
    }

    /** What the kernels made, as a leaf in the map's type: (B, C, 1, 1) or (B, 1, H, W). */
    private Tensor leaf(Numbers numbers, boolean learned, boolean channels) {
        Tensor shaped = channels ? numbers.tensor().view(map.images, map.channels, 1, 1)
                : numbers.tensor().view(map.images, 1, x.size(2), x.size(3));
        Tensor typed = map.half ? shaped.to(ScalarType.BFloat16) : shaped;
        return recording && learned ? typed.set_requires_grad(true) : typed;
    }

    /** A gate's memory, which must be as large as the kernels take it to be. */
    private Numbers numbers(Tensor gate, int each) {
        if (gate.size(0) != map.images || gate.numel() != (long) map.images * each) {
            throw new IllegalArgumentException("a gate of " + Tensors.shapeText(Tensors.shape(gate))
                    + " does not fit a map of " + Tensors.shapeText(Tensors.shape(x))
                    + ": it must have a number for each of " + map.images + " x " + each);
        }
        return Numbers.of(gate);
    }

    /** Weights that all images share, for each of them. */
    private Numbers repeated(Tensor weights) {
        return Numbers.of(weights.detach().to(ScalarType.Float).reshape(1, map.channels).expand(map.images,
                map.channels));
    }

    private Tensor result(Gate gate, Tensor channelGate, Tensor positionGate) {
        if (pooledGate != null && channelGate != pooledGate) {
            throw new IllegalStateException("the map's channels were pooled under one gate and are gated by another");
        }
        Numbers channels = channelGate == null ? neutral(gate, map.channels) : numbers(channelGate, map.channels);
        Numbers positions =
                positionGate == null ? neutral(gate, map.positions) : numbers(positionGate, map.positions);
        Tensor y = gated(gate, channels, positionGate == null ? null : positions).tensor;
        boolean learned = x.requires_grad() || learns(channelGate) || learns(positionGate);
        if (!recording || !learned) {
            return y;
        }
        watched.add(new Version(x, "map that was gated"));
        Stream.of(channelGate, positionGate, contextWeights, projector).filter(Objects::nonNull)
                .forEach(part -> watched.add(new Version(part, "gate or what made it")));
        return Graft.onto(x, y, dy -> backward(gate, dy, channelGate, channels, positionGate, positions));
    }

    /** @param positions {@code null} where channels alone are gated */
    private MapRows gated(Gate gate, Numbers channels, Numbers positions) {
        if (positions != null) {
            return Passes.gate(gate, map, channels, positions);
        }
        MapRows y = map.unset();
        if (gate == Gate.SHIFT) {
            ChannelPasses.shift(map, channels, y);
        } else {
            ChannelPasses.gate(map, channels, y);
        }
        return y;
    }

    private static boolean learns(Tensor gate) {
        return gate != null && gate.requires_grad();
    }

    /** What a gate that is not there leaves as it is. */
    private static Numbers neutral(Gate gate, int each) {
        return gate == Gate.PRODUCT ? Numbers.ones(each) : Numbers.zeros(each);
    }

    private Tensor backward(Gate gate, Tensor dy, Tensor channelGate, Numbers channels, Tensor positionGate,
            Numbers positions) {
        watched.forEach(Version::require);
        return Scopes.lettingGo(() -> gradient(gate, map.alike(dy), channelGate, channels, positionGate, positions)
                .to(dy.scalar_type()));
    }

    private Tensor gradient(Gate gate, MapRows dy, Tensor channelGate, Numbers channels, Tensor positionGate,
            Numbers positions) {
        GateGradients gates = positionGate == null ? ofChannels(gate, dy)
                : Passes.gateGradients(gate, dy, map, channels, positions);
        List<Outer> terms = new ArrayList<>();
        if (learns(positionGate)) {
            Graft.backward(positionGate, gates.positions().tensor());
        }
        Spike toChannels = channelMean != null && channelMean.requires_grad() ? ofChannelPools(gates, terms) : null;
        if (learns(channelGate)) {
            Graft.backward(channelGate, gates.channels().tensor());
        }
        if (context != null && context.requires_grad()) {
            Numbers dcontext = gradientOf(context);
            if (contextWeights.requires_grad()) {
                Graft.backward(contextWeights, Passes.sumChannels(map, dcontext).tensor());
            }
            terms.add(new Outer(dcontext, Numbers.of(contextWeights)));
        }
        if (projection != null && projection.requires_grad()) {
            Numbers dprojection = gradientOf(projection);
            if (projector.requires_grad()) {
                Graft.backward(projector, Passes.sumPositions(map, dprojection).overImages().tensor());
            }
            terms.add(new Outer(repeated(projector), dprojection));
        }
        Spike toPositions = mean != null && mean.requires_grad() ? ofPositionPools(terms) : null;
        return Passes.inputGradient(gate, dy, channels, positions, terms, toPositions, toChannels,
                ofItself()).tensor;
    }

    private GateGradients ofChannels(Gate gate, MapRows dy) {
        if (gate == Gate.SHIFT) {
            return new GateGradients(Passes.channelSums(dy), null);
        }
        Numbers sums = Numbers.floats(map.images, map.channels);
        ChannelPasses.gateGradients(dy, map, sums);
        return new GateGradients(sums, null);
    }

    /** The pools over channels are of the gated map: their gradients go to the map and to the channels' gate. */
    private Spike ofChannelPools(GateGradients gates, List<Outer> terms) {
        Numbers dmean = gradientOf(channelMean).scaled(1f / map.channels); // both may have been given one gradient
        Numbers dmax = gradientOf(channelMax);
        Numbers factors = pooledGate == null ? Numbers.ones(map.channels) : Numbers.of(pooledGate);
        Spike toChannels = Spike.toChannels(map, dmax, maxChannels);
        if (learns(pooledGate)) {
            Passes.addPoolGradients(map, dmean, toChannels, gates.channels());
        }
        terms.add(new Outer(factors, dmean));
        return toChannels.with(dmax.timesPicked(factors, maxChannels));
    }

    private Spike ofPositionPools(List<Outer> terms) {
        Numbers dmean = gradientOf(mean).scaled(1f / map.positions);
        terms.add(new Outer(dmean, Numbers.ones(map.positions)));
        return max == null ? null : Spike.toPositions(map, gradientOf(max), maxPositions);
    }

    /** What has come to the map by ways of its own; {@code null} where nothing has. */
    private MapRows ofItself() {
        if (itself == null || !itself.requires_grad()) {
            return null;
        }
        Tensor gradient = new Tensor(itself.grad());
        itself.mutable_grad().reset();
        return gradient.defined() ? map.alike(gradient) : null;
    }

    /** What has come to a leaf, which is then ready for another backward. */
    private Numbers gradientOf(Tensor leaf) {
        Tensor gradient = new Tensor(leaf.grad()); // what it gives is the leaf's own, which is let go below
        if (!gradient.defined()) {
            return Numbers.filled(map.images, (int) (leaf.numel() / map.images), 0);
        }
        Numbers numbers = Numbers.of(gradient);
        leaf.mutable_grad().reset();
        return numbers;
    }
}
