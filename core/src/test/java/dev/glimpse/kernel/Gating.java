package dev.glimpse.kernel;

import static dev.glimpse.Support.random;

import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** An attention written on a {@link GatedMap}, one for each operation of it and for what modules make of them. */
enum Gating {
    MEAN((map, p) -> map.gated(p.mlp(map.mean()))),
    POOL((map, p) -> map.gated(p.mlp(map.pool().mean()).mul(p.mlp(map.pool().max())))),
    MAX((map, p) -> map.gated(p.mlp(map.pool().max()))),
    /** Both pools get the very same gradient. */
    SUM_OF_POOLS((map, p) -> map.gated(map.pool().mean().flatten(1, 3).add(map.pool().max().flatten(1, 3)).tanh()
            .unsqueeze(2).unsqueeze(3))),
    CHANNEL_POOLS((map, p) -> map.gatedPositions(p.convolved(map.poolChannels()))),
    SUM_OF_CHANNEL_POOLS((map, p) -> {
        GatedMap.Pools pools = map.poolChannels();
        return map.gatedPositions(pools.mean().flatten(1, 3).add(pools.max().flatten(1, 3)).view_as(pools.mean()));
    }),
    GATED_CHANNEL_POOLS((map, p) -> {
        Tensor c = p.channels();
        return map.gated(c, p.convolved(map.poolChannels(c)));
    }),
    CBAM((map, p) -> {
        Tensor c = p.mlp(map.pool().mean()).add(p.mlp(map.pool().max())).sigmoid();
        return map.gated(c, p.convolved(map.poolChannels(c)));
    }),
    PARALLEL((map, p) -> map.gatedBySum(p.mlp(map.pool().max()).sigmoid(), p.convolved(map.poolChannels()))),
    PROJECT((map, p) -> map.gatedPositions(map.project(p.toOne(true)).sigmoid())),
    PROJECT_WITHOUT_BIAS((map, p) -> map.gatedPositions(map.project(p.toOne(false)).sigmoid())),
    SCSE((map, p) -> map.gatedBySum(p.mlp(map.mean()).sigmoid(), map.project(p.toOne(true)).sigmoid())),
    CONTEXT((map, p) -> {
        Tensor s = map.project(p.toOne(true));
        return map.plus(p.mlp(map.sum(s.flatten(2, 3).softmax(-1).view_as(s))));
    }),
    GATED_BY_CONTEXT((map, p) -> {
        Tensor s = map.project(p.toOne(false));
        return map.gated(p.mlp(map.sum(s.flatten(2, 3).softmax(-1).view_as(s))));
    }),
    SUM((map, p) -> map.gated(map.sum(p.positions()))),
    PLUS((map, p) -> map.plus(p.channels())),
    PLUS_MEAN((map, p) -> map.plus(p.mlp(map.mean()))),
    GATED((map, p) -> map.gated(p.channels())),
    GATED_TWICE((map, p) -> map.gated(p.channels(), p.positions())),
    GATED_BY_SUM((map, p) -> map.gatedBySum(p.channels().sigmoid(), p.positions().sigmoid())),
    GATED_POSITIONS((map, p) -> map.gatedPositions(p.positions())),
    /** All that a map can give at once. */
    ALL((map, p) -> {
        Tensor s = map.project(p.toOne(true));
        Tensor context = map.sum(s.flatten(2, 3).softmax(-1).view_as(s));
        Tensor c = p.mlp(map.pool().mean()).add(p.mlp(map.pool().max())).add(p.mlp(context));
        return map.gated(c, p.convolved(map.poolChannels(c)).add(s.sigmoid()));
    });

    private final BiFunction<GatedMap, Parts, Tensor> work;

    Gating(BiFunction<GatedMap, Parts, Tensor> work) {
        this.work = work;
    }

    /** Whether what is largest among products decides where a gradient goes. */
    boolean choosesAmongProducts() {
        return this == GATED_CHANNEL_POOLS || this == CBAM || this == ALL;
    }

    Tensor on(Tensor x, Parts parts) {
        return work.apply(GatedMap.of(x), parts);
    }

    /** A map's values and in which order they lie in memory. */
    record Input(Layout layout, long... shape) {
        @Override
        public String toString() {
            return layout + " " + Tensors.shapeText(shape);
        }
    }

    /** The result, the map's gradient and all others: forward and backward from values that follow from the seed. */
    Map<String, Tensor> run(Kernels.Choice choice, ScalarType type, boolean rounded, Input input) {
        return Kernels.with(choice, () -> {
            Parts parts = new Parts(type, rounded, input.shape);
            Tensor leaf = parts.values(input.layout.leaf(input.shape)).set_requires_grad(true);
            return outcome(on(input.layout.lay(leaf, input.shape), parts), leaf, parts);
        });
    }

    static Map<String, Tensor> outcome(Tensor y, Tensor leaf, Parts parts) {
        y.mul(parts.values(Tensors.shape(y))).sum().backward();
        Map<String, Tensor> found = new LinkedHashMap<>();
        found.put("result", y.detach());
        found.put("gradient of the map", leaf.grad());
        parts.named.forEach((name, part) -> found.put("parts' gradient: " + name, part.grad()));
        return found;
    }

    /** The small parts of an attention: the same numbers in every run. */
    static final class Parts {
        final Map<String, Tensor> named = new LinkedHashMap<>();
        private final ScalarType type;
        private final boolean rounded;
        private final long[] shape;
        private long seed = 1;

        /** @param rounded whether all values are rounded to bfloat16, in whatever type they are */
        Parts(ScalarType type, boolean rounded, long... shape) {
            this.type = type;
            this.rounded = rounded;
            this.shape = shape;
        }

        Tensor values(long... of) {
            Tensor values = random(seed++, ScalarType.Float, of);
            return (rounded ? values.to(ScalarType.BFloat16) : values).to(type);
        }

        private Tensor part(String name, double scale, long... of) {
            Tensor part = values(of).mul(new Scalar(scale)).set_requires_grad(true);
            named.put(name + " " + named.size(), part);
            return part;
        }

        Tensor channels() {
            return part("channels' gate", 1, shape[0], shape[1], 1, 1);
        }

        Tensor positions() {
            return part("positions' gate", 1, shape[0], 1, shape[2], shape[3]);
        }

        /** (B, C, 1, 1) to the same; smooth, that rounding not decide what passes. */
        Tensor mlp(Tensor pooled) {
            Tensor in = part("mlp", scale(shape[1]), shape[1], 5);
            Tensor out = part("mlp", 0.5, 5, shape[1]);
            return pooled.flatten(1, 3).matmul(in).tanh().matmul(out).unsqueeze(2).unsqueeze(3);
        }

        Tensor convolved(GatedMap.Pools pools) {
            Conv2dImpl conv = Layers.conv2d(2, 1, 3, Window.padding(1));
            Tensor pooled = Tensors.cat(1, pools.mean(), pools.max());
            return SmallConvolution.forward(conv(conv, 0.25), pooled).sigmoid();
        }

        Conv2dImpl toOne(boolean bias) {
            return conv(Layers.conv2d(shape[1], 1, 1, Window.DEFAULT.withBias(bias)), scale(shape[1]));
        }

        Conv2dImpl conv(Conv2dImpl conv, double scale) {
            conv.to(type, false);
            set(conv.weight(), scale);
            if (conv.bias().defined()) {
                set(conv.bias(), 1);
            }
            return conv;
        }

        private void set(Tensor parameter, double scale) {
            Tensor drawn = values(Tensors.shape(parameter)).mul(new Scalar(scale));
            Scopes.noGrad(() -> parameter.copy_(drawn));
            named.put("convolution " + named.size(), parameter);
        }

        /** A power of two, which keeps rounded numbers rounded. */
        private static double scale(long fanIn) {
            return Math.pow(2, -Math.ceil(Math.log(fanIn) / Math.log(4)));
        }
    }

    /** How a map may lie in memory. */
    enum Layout {
        CONTIGUOUS,
        CHANNELS_LAST,
        /** Every image, row and line of a larger map. */
        SLICED,
        /** One image several times. */
        EXPANDED,
        /** Behind one number. */
        UNALIGNED,
        UNALIGNED_CHANNELS_LAST,
        /** Height and width exchanged. */
        TRANSPOSED;

        private static long count(long... shape) {
            long count = 1;
            for (long size : shape) {
                count *= size;
            }
            return count;
        }

        /** What shape the leaf has. */
        long[] leaf(long... shape) {
            return switch (this) {
                case CONTIGUOUS, CHANNELS_LAST -> shape;
                case SLICED -> new long[]{shape[0], shape[1] + 2, shape[2] + 1, shape[3] + 3};
                case EXPANDED -> new long[]{1, shape[1], shape[2], shape[3]};
                case UNALIGNED, UNALIGNED_CHANNELS_LAST -> new long[]{1 + count(shape)};
                case TRANSPOSED -> new long[]{shape[0], shape[1], shape[3], shape[2]};
            };
        }

        /** The map that lies so. */
        Tensor lay(Tensor leaf, long... shape) {
            return switch (this) {
                case CONTIGUOUS -> leaf.alias();
                case CHANNELS_LAST -> leaf.contiguous(MemoryFormat.ChannelsLast);
                case SLICED -> leaf.narrow(1, 1, shape[1]).narrow(2, 1, shape[2]).narrow(3, 2, shape[3]);
                case EXPANDED -> leaf.expand(shape);
                case UNALIGNED -> leaf.narrow(0, 1, count(shape)).view(shape);
                case UNALIGNED_CHANNELS_LAST -> leaf.narrow(0, 1, count(shape))
                        .view(shape[0], shape[2], shape[3], shape[1]).permute(0, 3, 1, 2);
                case TRANSPOSED -> leaf.transpose(2, 3);
            };
        }
    }
}
