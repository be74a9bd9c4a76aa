package dev.glimpse.kernel;

import static dev.glimpse.Support.random;

import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LayerNormImpl;
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
    PLUS_GATED_BY_PRODUCT((map, p) -> map.plusGatedByProduct(p.channels(), p.positions())),
    PLUS_GATED_BY_SUM((map, p) -> map.plusGatedBySum(p.channels(), p.positions())),
    /** A map is also read by itself, which gives it a gradient of its own. */
    BAM((map, p) -> map.plusGatedByProduct(p.mlp(map.mean()), p.convolvedMap(map.itself()))),
    BAM_BY_SUM((map, p) -> map.plusGatedBySum(p.mlp(map.mean()), p.convolvedMap(map.itself()))),
    GATED_BY_ITSELF((map, p) -> map.gated(p.mlp(map.pool().max()), p.convolvedMap(map.itself()))),
    /** What is between the passes is done by hand as well. */
    POOLED_MLP(null) {
        @Override
        Tensor on(Tensor x, Parts p) {
            Mlp mlp = p.layers(true);
            return PooledGates.gated(x, PooledGates.Pooled.MEAN, mlp, null, null, () -> {
                GatedMap map = GatedMap.of(x);
                return map.gated(dense(mlp, map.mean()).sigmoid());
            });
        }
    },
    POOLED_MAXIMUM(null) {
        @Override
        Tensor on(Tensor x, Parts p) {
            Mlp mlp = p.layers(false);
            return PooledGates.gated(x, new PooledGates.Pooled(false, true), mlp, null, null, () -> {
                GatedMap map = GatedMap.of(x);
                return map.gated(dense(mlp, map.pool().max()).sigmoid());
            });
        }
    },
    /** By weights of one sign: where they cancel, little but the composed form's roundings is left in bfloat16. */
    POOLED_FILTER(null) {
        @Override
        Tensor on(Tensor x, Parts p) {
            Mlp mlp = p.layers(false);
            Tensor filter = p.values(x.size(1), x.size(2), x.size(3)).abs().mul(new Scalar(1.0 / 64));
            return PooledGates.gated(x, PooledGates.Pooled.by(filter), mlp, null, null,
                    () -> x.mul(dense(mlp, Tensors.spatialSum(x.mul(filter)).unsqueeze(2).unsqueeze(3)).sigmoid()));
        }
    },
    POOLED_LINE(null) {
        @Override
        Tensor on(Tensor x, Parts p) {
            return line(x, p, false);
        }
    },
    POOLED_RING(null) {
        @Override
        Tensor on(Tensor x, Parts p) {
            return line(x, p, true);
        }
    },
    POOLED_CBAM(null) {
        @Override
        Tensor on(Tensor x, Parts p) {
            return pooledCbam(x, p, p.norm(), true);
        }
    },
    POOLED_PLAIN_CBAM(null) {
        @Override
        Tensor on(Tensor x, Parts p) {
            return pooledCbam(x, p, null, false);
        }
    },
    ADDED_CONTEXT(null) {
        @Override
        Tensor on(Tensor x, Parts p) {
            AddedContext.Layers layers = p.contextLayers();
            return AddedContext.added(x, layers, null, () -> {
                GatedMap map = GatedMap.of(x);
                Tensor s = map.project(layers.scores());
                Tensor context = map.sum(s.flatten(2, 3).softmax(-1).view_as(s));
                Tensor hidden = layers.norm().forward(layers.first().forward(context)).relu();
                return map.plus(layers.second().forward(hidden));
            });
        }
    },
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

    /** Whether what is largest among products, or on which side of zero their sum is, decides where a gradient goes. */
    boolean roundingDecides() {
        return this == GATED_CHANNEL_POOLS || this == CBAM || this == POOLED_CBAM || this == POOLED_PLAIN_CBAM
                || this == POOLED_FILTER || this == ADDED_CONTEXT || this == ALL;
    }

    Tensor on(Tensor x, Parts parts) {
        return work.apply(GatedMap.of(x), parts);
    }

    private static Tensor dense(Mlp mlp, Tensor pooled) {
        Tensor hidden = linear(pooled.flatten(1, 3), mlp.in(), mlp.inBias()).relu();
        return linear(hidden, mlp.out(), mlp.outBias()).unsqueeze(2).unsqueeze(3);
    }

    private static Tensor linear(Tensor x, Tensor weight, Tensor bias) {
        Tensor product = x.matmul(weight.t());
        return bias.defined() ? product.add(bias) : product;
    }

    private static Tensor pooledCbam(Tensor x, Parts p, BatchNorm2dImpl norm, boolean maximumFirst) {
        Mlp mlp = p.layers(true);
        Conv2dImpl conv = p.conv(Layers.conv2d(2, 1, 3, Window.padding(1).withBias(norm == null)), 0.25);
        PlaneGate plane = new PlaneGate(conv, norm, maximumFirst);
        return PooledGates.gated(x, PooledGates.Pooled.BOTH, mlp, plane, null, () -> {
            GatedMap map = GatedMap.of(x);
            Tensor c = dense(mlp, map.pool().mean()).add(dense(mlp, map.pool().max())).sigmoid();
            GatedMap.Pools pools = map.poolChannels(c);
            Tensor pooled = maximumFirst ? Tensors.cat(1, pools.max(), pools.mean())
                    : Tensors.cat(1, pools.mean(), pools.max());
            Tensor convolved = conv.forward(pooled);
            return map.gated(c, (norm == null ? convolved : norm.forward(convolved)).sigmoid());
        });
    }

    private static Tensor line(Tensor x, Parts p, boolean circular) {
        Tensor weight = p.part("line", 1, 1, 1, 3);
        return PooledGates.gated(x, PooledGates.Pooled.MEAN, new LineConvolution(weight, circular), null, null, () -> {
            GatedMap map = GatedMap.of(x);
            Tensor line = map.mean().squeeze(3).squeeze(2); // (B, C)
            long last = x.size(1) - 1;
            Tensor none = Tensors.zeros(ScalarType.Float, x.size(0), 1).to(x.scalar_type());
            Tensor before = Tensors.cat(1, circular ? line.narrow(1, last, 1) : none, line.narrow(1, 0, last));
            Tensor after = Tensors.cat(1, line.narrow(1, 1, last), circular ? line.narrow(1, 0, 1) : none);
            Tensor z = before.mul(weight.select(2, 0)).add(line.mul(weight.select(2, 1)))
                    .add(after.mul(weight.select(2, 2)));
            return map.gated(z.sigmoid().unsqueeze(2).unsqueeze(3));
        });
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
        private static final long FEW = 50;
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

        Mlp layers(boolean biases) {
            Tensor none = new Tensor();
            return new Mlp(part("mlp", scale(shape[1]), 5, shape[1]), biases ? part("mlp", 0.5, 5) : none,
                    part("mlp", 0.5, shape[1], 5), biases ? part("mlp", 0.5, shape[1]) : none);
        }

        /** Of few numbers a norm is little but their rounding: it takes its running statistics. */
        BatchNorm2dImpl norm() {
            BatchNorm2dImpl norm = Layers.batchNorm2d(1);
            norm.to(type, false);
            set(norm.weight(), 1);
            set(norm.bias(), 1);
            norm.train(shape[0] * shape[2] * shape[3] > FEW);
            return norm;
        }

        AddedContext.Layers contextLayers() {
            LayerNormImpl norm = Layers.layerNorm(1e-5, 5, 1, 1);
            norm.to(type, false);
            Conv2dImpl scores = toOne(true);
            Conv2dImpl first = conv(Layers.conv2d(shape[1], 5, 1), scale(shape[1]));
            set(norm.weight(), 1);
            set(norm.bias(), 1);
            return new AddedContext.Layers(scores, first, norm, conv(Layers.conv2d(5, shape[1], 1), 0.5));
        }

        Tensor convolved(GatedMap.Pools pools) {
            Conv2dImpl conv = Layers.conv2d(2, 1, 3, Window.padding(1));
            Tensor pooled = Tensors.cat(1, pools.mean(), pools.max());
            return SmallConvolution.forward(conv(conv, 0.25), pooled).sigmoid();
        }

        /** (B, C, H, W) to (B, 1, H, W). */
        Tensor convolvedMap(Tensor x) {
            return conv(Layers.conv2d(shape[1], 1, 3, Window.padding(1)), scale(9 * shape[1])).forward(x).tanh();
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
