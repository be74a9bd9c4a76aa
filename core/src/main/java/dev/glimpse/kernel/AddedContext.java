package dev.glimpse.kernel;

import dev.glimpse.kernel.Passes.Outer;
import dev.glimpse.nn.Scopes;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.LayerNormImpl;
import org.bytedeco.pytorch.Tensor;

/**
 * A map plus what a small network makes of one attention over its positions, the parts between the passes computed here as well.
 *
 * <pre>
 * a = softmax over positions of conv1x1(x)                  (B, 1, H, W)
 * c = sum over p of a_p x_p                                 (B, C, 1, 1)
 * y = x + W2 relu(LayerNorm(W1 c + b1)) + b2                W1 (h, C), W2 (C, h): (B, C, H, W)
 * </pre>
 *
 * Each image by itself, a few at a time: a pass finds in the cache what the one before has read, forward and backward.
 */
public final class AddedContext {
    /** The layers, in their order; the norm is over the hidden numbers and has a weight and a bias. */
    public record Layers(Conv2dImpl scores, Conv2dImpl first, LayerNormImpl norm, Conv2dImpl second) {
        private List<Tensor> parameters() {
            return Stream.of(scores.weight(), scores.bias(), first.weight(), first.bias(), norm.weight(), norm.bias(),
                    second.weight(), second.bias()).toList();
        }
    }

    private final Layers layers;
    private final MapRows map;
    private final int width;
    private final double epsilon;

    private final Numbers projector; // (C)
    private final Numbers in; // (h, C)
    private final Numbers slopes; // (h)
    private final Numbers shifts; // (h)
    private final Numbers out; // (C, h)

    private final Numbers weights; // a, (B, N)
    private final Numbers context; // c, (B, C)
    private final Numbers normed; // before slopes and shifts, (B, h)
    private final Numbers hidden; // (B, h)
    private final float[] inverses; // of each image's deviation

    private AddedContext(Tensor x, Layers layers) {
        this.layers = layers;
        map = MapRows.of(x);
        width = (int) layers.first.weight().size(0);
        epsilon = layers.norm.options().eps().get();
        Numbers scores = Numbers.of(layers.scores.weight());
        projector = new Numbers(scores.tensor(), scores.address(), 0);
        in = Numbers.of(layers.first.weight());
        slopes = Numbers.of(layers.norm.weight());
        shifts = Numbers.of(layers.norm.bias());
        out = Numbers.of(layers.second.weight());
        Slab slab = new Slab((long) map.images * (map.positions + map.channels + 2L * width) + 64);
        weights = slab.take(map.images, map.positions);
        context = slab.take(map.images, map.channels);
        normed = slab.take(map.images, width);
        hidden = slab.take(map.images, width);
        inverses = new float[map.images];
    }

    /**
     * The map with its context added.
     *
     * @param seen is given a, (B, 1, H, W); {@code null} where nobody looks
     * @param otherwise the same by a {@link GatedMap}: for maps of other types, for float32 ones under autocast, and
     *        where kernels are composed
     */
    public static Tensor added(Tensor x, Layers layers, Consumer<Tensor> seen, Supplier<Tensor> otherwise) {
        List<Tensor> parameters = layers.parameters();
        if (!parameters.stream().allMatch(Tensor::defined) || !PooledGates.suits(x, parameters)
                || !Kernels.fuses(x)) {
            return otherwise.get();
        }
        AddedContext pass = new AddedContext(x, layers);
        Tensor y = Scopes.noGrad(pass::forward);
        if (seen != null) {
            seen.accept(PooledGates.copy(pass.weights, x, x.size(0), 1, x.size(2), x.size(3)));
        }
        if (!GradMode.is_enabled() || !x.requires_grad() && parameters.stream().noneMatch(Tensor::requires_grad)) {
            return y;
        }
        List<Version> watched = Stream.concat(Stream.of(new Version(x, "map that was gated")),
                parameters.stream().map(parameter -> new Version(parameter, "gate or what made it"))).toList();
        return Graft.onto(x, y, dy -> {
            watched.forEach(Version::require);
            return Scopes.lettingGo(() -> pass.backward(dy).tensor.to(dy.scalar_type()));
        });
    }

    private Tensor forward() {
        MapRows y = map.unset();
        Numbers firstBias = Numbers.of(layers.first.bias());
        Numbers secondBias = Numbers.of(layers.second.bias());
        Numbers sums = Numbers.floats(map.images, map.channels);
        map.forEachGroup((from, to) -> {
            MapRows some = map.images(from, to);
            Passes.sumChannels(some, projector, weights.from(from));
            Team.forEach(to - from, i -> Logits.softmax(weights.at(from + i), map.positions));
            Passes.sumPositions(some, weights.from(from), context.from(from));
            Dense.dots(context.at(from), to - from, map.channels, in.address(), width, normed.at(from));
            for (int image = from; image < to; image++) {
                Logits.add(normed.at(image), width, firstBias.address(), 1);
                norm(image);
            }
            Dense.dots(hidden.at(from), to - from, width, out.address(), map.channels, sums.at(from));
            for (int image = from; image < to; image++) {
                Logits.add(sums.at(image), map.channels, secondBias.address(), 1);
            }
            ChannelPasses.shift(some, sums.from(from), y.images(from, to));
        });
        return y.tensor;
    }

    private void norm(int image) {
        float mean = Rows.sum(normed.at(image), width) / width;
        inverses[image] = (float) (1 / Math.sqrt(Rows.squares(normed.at(image), width, mean) / width + epsilon));
        for (int i = 0; i < width; i++) {
            float centred = (normed.get(image, i) - mean) * inverses[image];
            float h = centred * slopes.get(0, i) + shifts.get(0, i);
            Vectors.setFloat(normed.at(image, i), centred);
            Vectors.setFloat(hidden.at(image, i), h <= 0 ? 0 : h); // what is no number stays
        }
    }

    private MapRows backward(Tensor gradient) {
        MapRows dy = map.alike(gradient);
        MapRows dx = dy.unset();
        Slab slab = new Slab((long) map.images * (map.positions + 3L * map.channels + 2L * width) + 64);
        Numbers dsums = slab.take(map.images, map.channels);
        Numbers dhidden = slab.take(map.images, width);
        Numbers dnormed = slab.take(map.images, width);
        Numbers dcontext = slab.take(map.images, map.channels);
        Numbers dscores = slab.take(map.images, map.positions);
        Numbers dprojector = slab.take(map.images, map.channels);
        map.forEachGroup((from, to) -> {
            MapRows some = map.images(from, to);
            MapRows dsome = dy.images(from, to);
            Passes.channelSums(dsome, dsums.from(from));
            Dense.combine(dsums.at(from), to - from, map.channels, out.address(), width, dhidden.at(from));
            for (int image = from; image < to; image++) {
                unnorm(image, dhidden, dnormed);
            }
            Dense.combine(dnormed.at(from), to - from, width, in.address(), map.channels, dcontext.at(from));
            Passes.sumChannels(some, dcontext.from(from), dscores.from(from));
            Team.forEach(to - from,
                    i -> Logits.unsoftmax(dscores.at(from + i), map.positions, weights.at(from + i)));
            Passes.sumPositions(some, dscores.from(from), dprojector.from(from));
            Passes.inputGradient(Gate.SHIFT, dsome, projector, projector,
                    List.of(new Outer(dcontext.from(from), weights.from(from)),
                            new Outer(projector, dscores.from(from))),
                    null, null, null, dx.images(from, to));
        });
        learn(dsums, dhidden, dnormed, dscores, dprojector);
        return dx;
    }

    /** Through the ReLU and the norm. */
    private void unnorm(int image, Numbers dhidden, Numbers dnormed) {
        float sum = 0;
        float product = 0;
        for (int i = 0; i < width; i++) {
            float d = hidden.get(image, i) <= 0 ? 0 : dhidden.get(image, i);
            Vectors.setFloat(dhidden.at(image, i), d);
            sum += d * slopes.get(0, i);
            product += d * slopes.get(0, i) * normed.get(image, i);
        }
        for (int i = 0; i < width; i++) {
            float d = dhidden.get(image, i) * slopes.get(0, i);
            Vectors.setFloat(dnormed.at(image, i),
                    inverses[image] * (d - sum / width - normed.get(image, i) * product / width));
        }
    }

    private void learn(Numbers dsums, Numbers dhidden, Numbers dnormed, Numbers dscores, Numbers dprojector) {
        Gradients gradients = new Gradients();
        gradients.add(layers.scores.weight(), gradient -> addUp(dprojector, map.channels, gradient));
        gradients.add(layers.scores.bias(), gradient -> {
            double sum = 0;
            for (int image = 0; image < map.images; image++) {
                sum += Rows.sum(dscores.at(image), map.positions);
            }
            Vectors.setFloat(gradient, (float) sum);
        });
        gradients.add(layers.first.weight(), gradient -> Dense.combineColumns(dnormed.at(0), width, map.images,
                context.at(0), map.channels, gradient));
        gradients.add(layers.first.bias(), gradient -> addUp(dnormed, width, gradient));
        gradients.add(layers.norm.bias(), gradient -> addUp(dhidden, width, gradient));
        gradients.add(layers.norm.weight(), gradient -> {
            for (int i = 0; i < width; i++) {
                float sum = 0;
                for (int image = 0; image < map.images; image++) {
                    sum += dhidden.get(image, i) * normed.get(image, i);
                }
                Vectors.setFloat(gradient + (long) i * Float.BYTES, sum);
            }
        });
        gradients.add(layers.second.weight(), gradient -> Dense.combineColumns(dsums.at(0), map.channels, map.images,
                hidden.at(0), width, gradient));
        gradients.add(layers.second.bias(), gradient -> addUp(dsums, map.channels, gradient));
        gradients.flow();
    }

    private void addUp(Numbers each, int count, long sums) {
        Rows.fill(sums, count, 0);
        Rows.add(each.at(0), map.images, count, sums);
    }
}
