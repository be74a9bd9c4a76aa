package dev.glimpse.kernel;

import dev.glimpse.kernel.Passes.GateGradients;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A map under gates that are made of its own pools, the small parts between the passes over the map computed here as well.
 *
 * <pre>
 * c = sigmoid(excitation(pools of x over positions))       (B, C, 1, 1)
 * p = sigmoid(plane gate(pools of c * x over channels))    (B, 1, H, W)
 * y = c * x * p                                            (B, C, H, W)
 * </pre>
 *
 * On small maps libtorch's calls for an MLP, a norm and a sigmoid take longer than the passes, and forward and backward
 * more so through autograd. On large ones the batch is done a few images at a time, so that a pass finds in the cache what the
 * one before has read.
 */
public final class PooledGates {
    /**
     * Which pools over the positions the excitation is given, in this order.
     *
     * @param mean their mean
     * @param maximum their maximum
     * @param filter in the mean's place the sum by weights of its own for each channel, (C, H, W); {@code null} for the mean
     */
    public record Pooled(boolean mean, boolean maximum, Tensor filter) {
        public Pooled {
            if (filter != null && (!mean || maximum)) {
                throw new IllegalArgumentException("a filter's sum stands in the mean's place, and alone");
            }
        }

        /** The mean alone. */
        public static final Pooled MEAN = new Pooled(true, false);
        /** The mean and the maximum. */
        public static final Pooled BOTH = new Pooled(true, true);

        /** The mean, the maximum, or both. */
        public Pooled(boolean mean, boolean maximum) {
            this(mean, maximum, null);
        }

        /** The sum by weights that are not learned, (C, H, W), alone. */
        public static Pooled by(Tensor filter) {
            return new Pooled(true, false, filter);
        }

        int count() {
            return (mean ? 1 : 0) + (maximum ? 1 : 0);
        }
    }

    private final MapRows map;
    private final Pooled pooled;
    private final boolean recording;

    private final Numbers filter; // (C, H, W), laid as the map is; or null
    private final Numbers pools; // (B, P, C)
    private final Passes.Pools overPositions;
    private final Excitation.Run excitation;
    private final Numbers channels; // their gate, (B, C)

    private final PlaneGate.Run plane;
    private final Passes.Pools overChannels;
    private final Numbers positions; // their gate, (B, N)

    private PooledGates(Tensor x, Pooled pooled, Excitation excitation, PlaneGate plane, boolean recording) {
        this.pooled = pooled;
        this.recording = recording;
        map = MapRows.of(x);
        filter = pooled.filter == null ? null : map.sharedRows(pooled.filter);
        int count = pooled.count();
        Slab slab = new Slab((count + 4L) * map.images * map.channels
                + (plane == null ? 0 : PlaneGate.numbers(map.images, map.positions)));
        pools = slab.take(map.images, count * map.channels);
        overPositions = new Passes.Pools(pooled.mean ? pools : slab.take(map.images, map.channels), maxima(pools),
                places(pooled.maximum, map.channels, slab));
        this.excitation = excitation.run(pools, map.images, map.channels, slab);
        channels = slab.take(map.images, map.channels);
        this.plane = plane == null ? null : plane.run(x, slab);
        overChannels = plane == null ? null
                : new Passes.Pools(this.plane.means(), this.plane.maxima(), places(true, map.positions, slab));
        positions = plane == null ? Numbers.ones(map.positions) : this.plane.gate();
    }

    /** What stands behind the means, if they are there, of (B, P, C). */
    private Numbers maxima(Numbers all) {
        return all.after(pooled.mean ? map.channels : 0);
    }

    private Numbers places(boolean wanted, int each, Slab slab) {
        return recording && wanted ? slab.take(map.images, each) : null;
    }

    /**
     * The gated map.
     *
     * @param plane {@code null} where the channels' gate is the only one
     * @param seen is given the gates, (B, C, 1, 1) and (B, 1, H, W), the second {@code null} where there is none; {@code null}
     *        where nobody looks
     * @param otherwise the same by a {@link GatedMap}: for maps of other types, for float32 ones under autocast, and
     *        where kernels are composed
     */
    public static Tensor gated(Tensor x, Pooled pooled, Excitation excitation, PlaneGate plane,
            BiConsumer<Tensor, Tensor> seen, Supplier<Tensor> otherwise) {
        if (pooled.filter != null && plane != null) {
            throw new IllegalArgumentException("a filter's sum gates channels alone");
        }
        List<Tensor> parameters = Stream.concat(excitation.parameters(),
                plane == null ? Stream.empty() : plane.parameters()).toList();
        if (!suits(x, plane, parameters) || !Kernels.fuses(x)) {
            return otherwise.get();
        }
        boolean recording = GradMode.is_enabled()
                && (x.requires_grad() || parameters.stream().anyMatch(Tensor::requires_grad));
        PooledGates gates = new PooledGates(x, pooled, excitation, plane, recording);
        Tensor y = Scopes.noGrad(gates::forward);
        if (seen != null) {
            seen.accept(copy(gates.channels, x, x.size(0), x.size(1), 1, 1),
                    plane == null ? null : copy(gates.positions, x, x.size(0), 1, x.size(2), x.size(3)));
        }
        if (!recording) {
            return y;
        }
        List<Version> watched = Stream.concat(Stream.of(new Version(x, "map that was gated")),
                parameters.stream().map(parameter -> new Version(parameter, "gate or what made it"))).toList();
        return Graft.onto(x, y, dy -> {
            watched.forEach(Version::require);
            return Scopes.lettingGo(() -> gates.backward(dy).tensor.to(dy.scalar_type()));
        });
    }

    private static boolean suits(Tensor x, PlaneGate plane, List<Tensor> parameters) {
        return suits(x, parameters)
                && (plane == null || plane.suits(x.size(0) * x.size(2) * x.size(3)));
    }

    /** Under autocast small layers would compute with rounded numbers of a float32 map; of a bfloat16 map they may do better. */
    static boolean suits(Tensor x, List<Tensor> parameters) {
        return x.dim() == 4 && known(x) && parameters.stream().allMatch(PooledGates::known)
                && (half(x) || !torch.is_autocast_enabled(DeviceType.CPU));
    }

    static Tensor copy(Numbers gate, Tensor x, long... shape) {
        Tensor copy = Tensors.empty(ScalarType.Float, shape);
        MemorySegment.copy(Vectors.MEMORY, gate.address(), Vectors.MEMORY, Numbers.of(copy).address(),
                copy.numel() * Float.BYTES);
        return copy.to(x.scalar_type());
    }

    private static boolean known(Tensor tensor) {
        ScalarType type = tensor.scalar_type().intern();
        return (type == ScalarType.Float || type == ScalarType.BFloat16) && tensor.is_cpu();
    }

    private static boolean half(Tensor tensor) {
        return tensor.scalar_type().intern() == ScalarType.BFloat16;
    }

    private Tensor forward() {
        MapRows y = map.unset();
        boolean waits = plane != null && plane.waitsForAll();
        map.forEachGroup((from, to) -> {
            MapRows some = map.images(from, to);
            channelGates(some, from, to);
            if (plane == null) {
                ChannelPasses.gate(some, channels.from(from), y.images(from, to));
                return;
            }
            positionPools(some, from);
            if (!waits) {
                Passes.gate(Gate.PRODUCT, some, channels.from(from), positions.from(from), y.images(from, to));
            }
        });
        if (waits) {
            plane.normAll();
            map.turnBack();
            Passes.gate(Gate.PRODUCT, map, channels, positions, y);
        }
        return y.tensor;
    }

    private void channelGates(MapRows some, int from, int to) {
        if (pooled.maximum) {
            Passes.poolPositions(some, overPositions.from(from));
        } else if (filter != null) {
            ChannelPasses.products(some, filter, pools.from(from));
        } else {
            Passes.channelSums(some, pools.from(from));
        }
        for (int image = from; pooled.mean && filter == null && image < to; image++) {
            Rows.scale(pools.at(image), map.channels, 1f / map.positions);
        }
        excitation.forward(from, to, channels);
        for (int image = from; image < to; image++) {
            Logits.squash(channels.at(image), map.channels, 1, 0, channels.at(image));
            if (map.half) { // as libtorch's would be: the products decide which of them is the largest
                Halves.round(channels.at(image), map.channels);
            }
        }
    }

    private void positionPools(MapRows some, int from) {
        Passes.poolChannels(some, channels.from(from), overChannels.from(from), i -> {
            Rows.scale(overChannels.sums().at(from + i), map.positions, 1f / map.channels);
            plane.convolve(from + i);
        });
    }

    private MapRows backward(Tensor gradient) {
        MapRows dy = map.alike(gradient);
        Gradients gradients = new Gradients();
        Slab slab = new Slab((pooled.count() + 2L) * map.images * map.channels
                + (plane == null ? 0 : PlaneGate.numbers(map.images, map.positions)));
        Numbers dpools = slab.take(map.images, pooled.count() * map.channels);
        MapRows dx = plane == null && !pooled.maximum ? ofMeans(dy, dpools, gradients, slab)
                : ofAll(dy, dpools, gradients, slab);
        gradients.flow();
        return dx;
    }

    /** All of an image's gradients are its own, and it is still near when its map's is written. */
    private MapRows ofMeans(MapRows dy, Numbers dpools, Gradients gradients, Slab slab) {
        MapRows dx = dy.unset();
        Numbers dgate = slab.take(map.images, map.channels);
        map.forEachGroup((from, to) -> {
            MapRows some = dy.images(from, to);
            ChannelPasses.gateGradients(some, map.images(from, to), dgate.from(from));
            throughExcitation(from, to, dgate, dpools);
            if (filter == null) {
                ChannelPasses.inputGradient(some, channels.from(from), dpools.from(from), dx.images(from, to));
            } else {
                ChannelPasses.gradientOfProducts(some, channels.from(from), dpools.from(from), filter,
                        dx.images(from, to));
            }
        });
        excitation.learn(dgate, gradients);
        return dx;
    }

    private MapRows ofAll(MapRows dy, Numbers dpools, Gradients gradients, Slab slab) {
        GateGradients gates = Passes.gateGradients(Gate.PRODUCT, dy, map, channels, positions);
        PlaneGate.Pooled ofPositions = plane == null ? null : plane.backward(gates.positions(), gradients, slab);
        Spike toChannels = ofPositions == null ? null : ofPositionGate(ofPositions, gates, slab);
        throughExcitation(0, map.images, gates.channels(), dpools);
        excitation.learn(gates.channels(), gradients);
        Spike toPositions =
                pooled.maximum ? Spike.toPositions(map, maxima(dpools), overPositions.argmaxima()) : null;
        return Passes.inputGradient(dy, channels, positions,
                ofPositions == null ? Numbers.zeros(map.positions) : ofPositions.means(),
                pooled.mean ? dpools : Numbers.zeros(map.channels), toPositions, toChannels);
    }

    /** From the gradient of the channels' gate, which becomes that of what its sigmoid was taken of, to that of the pools. */
    private void throughExcitation(int from, int to, Numbers dgate, Numbers dpools) {
        for (int image = from; image < to; image++) {
            Logits.unsquash(dgate.at(image), map.channels, channels.at(image));
        }
        excitation.backward(from, to, dgate, dpools);
        for (int image = from; pooled.mean && filter == null && image < to; image++) {
            Rows.scale(dpools.at(image), map.channels, 1f / map.positions);
        }
    }

    /** The pools over channels are of the gated map: their gradients go to the map and to the channels' gate. */
    private Spike ofPositionGate(PlaneGate.Pooled dpools, GateGradients gates, Slab slab) {
        Numbers dmean = dpools.means();
        Numbers dmax = dpools.maxima();
        Numbers places = overChannels.argmaxima();
        Numbers picked = slab.take(map.images, map.positions);
        Team.forEach(map.images, image -> {
            Rows.scale(dmean.at(image), map.positions, 1f / map.channels);
            dmax.timesPicked(channels, places, image, picked);
        });
        Spike toChannels = Spike.toChannels(map, dmax, places);
        Passes.addPoolGradients(map, dmean, toChannels, gates.channels());
        return toChannels.with(picked);
    }
}
