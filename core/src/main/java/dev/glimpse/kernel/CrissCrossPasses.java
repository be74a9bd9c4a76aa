package dev.glimpse.kernel;

import dev.glimpse.kernel.Projection.Sums;
import dev.glimpse.nn.Scopes;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The passes of one forward of {@link CrissCrossAttention}, and of its backward. */
final class CrissCrossPasses {
    /** As many images go together as have so many positions: enough for many threads, and no more of what is let go. */
    private static final long POSITIONS = 4096;

    private final Projection compared;
    private final Projection values;
    private final Tensor gamma;
    private final float factor;
    private final long recurrence;
    private final boolean keep;
    /** What backward needs of each group of images. */
    private final List<List<Pass>> kept = new ArrayList<>();

    /**
     * @param compared queries and keys
     * @param keep whether there will be a backward
     */
    CrissCrossPasses(Projection compared, Projection values, Tensor gamma, long recurrence, boolean keep) {
        this.compared = compared;
        this.values = values;
        this.gamma = gamma;
        this.recurrence = recurrence;
        this.keep = keep;
        factor = gamma.item_float();
    }

    /**
     * What backward needs of a pass.
     *
     * @param input with its channels last; {@code null} for the first pass, whose input is the map itself
     * @param mixed float32 with its channels last
     */
    private record Pass(MapLines input, CrissCrossLines lines, MapLines mixed) {}

    private static int together(MapLines input) {
        return Math.toIntExact(Math.ceilDiv(POSITIONS, input.positions()));
    }

    Tensor forward(MapLines input) {
        MapLines result = input.alike();
        int together = together(input);
        for (int first = 0; first < input.images; first += together) {
            int count = Math.min(together, input.images - first);
            forward(input.images(first, count), result.images(first, count));
        }
        return result.tensor;
    }

    private void forward(MapLines input, MapLines result) {
        List<Pass> passes = new ArrayList<>();
        MapLines x = input.withChannelsLast();
        for (long i = 0; i < recurrence; i++) {
            MapLines parts = projected(x);
            CrissCrossLines lines = new CrissCrossLines(parts, x.channels);
            MapLines mixed = lines.forward(x);
            MapLines y = i < recurrence - 1 ? x.alike() : result;
            add(mixed, x, y);
            if (keep) {
                passes.add(new Pass(i == 0 ? null : x, lines, mixed));
            } else {
                parts.letGo();
                mixed.letGo();
            }
            if (x != input && (i == 0 || !keep)) {
                x.letGo();
            }
            x = y;
        }
        kept.add(passes);
    }

    private MapLines projected(MapLines x) {
        MapLines parts = MapLines.unset(ScalarType.Float, x.images, compared.outs, x.height, x.width);
        compared.forward(x, (line, numbers, row) -> parts.scatter(line, 0, compared.outs, numbers, row, false));
        return parts;
    }

    /** {@code y = x + gamma (W mixed + b)}. */
    private void add(MapLines mixed, MapLines x, MapLines y) {
        values.forward(mixed, (line, numbers, row) -> {
            long inputs = Projection.other(row);
            x.gather(line, 0, x.channels, inputs, row);
            LineWeights.addScaled(inputs, numbers, line.length() * row, factor);
            y.scatter(line, 0, x.channels, inputs, row, false);
        });
    }

    /** The map's gradient; the parameters are given theirs. */
    Tensor backward(MapLines input, Tensor dy) {
        MapLines dx = input.alike();
        Sums ofValues = values.new Sums();
        Sums ofCompared = compared.new Sums();
        int together = together(input);
        for (int group = 0; group < kept.size(); group++) {
            List<Pass> passes = kept.get(group);
            int first = group * together;
            int count = Math.min(together, input.images - first);
            Scopes.lettingGo(() -> {
                MapLines to = dx.images(first, count);
                MapLines gradient =
                        to.isPlain() ? to : MapLines.unset(ScalarType.Float, count, to.channels, to.height, to.width);
                gradient.set(input.alike(dy.narrow(0, first, count)));
                backward(passes, input.images(first, count), gradient, ofValues, ofCompared);
                return gradient == to ? to.tensor : to.set(gradient).tensor;
            });
        }
        Gradients gradients = new Gradients();
        float ofGamma = ofValues.withItself();
        gradients.add(gamma, to -> Vectors.setFloat(to, ofGamma));
        ofValues.give(gradients, factor);
        ofCompared.give(gradients, 1);
        gradients.flow();
        return dx.tensor;
    }

    /** @param gradient the result's, which becomes the map's */
    private void backward(List<Pass> passes, MapLines input, MapLines gradient, Sums ofValues, Sums ofCompared) {
        for (Pass pass : passes.reversed()) {
            Scopes.lettingGo(() -> {
                MapLines x = pass.input == null ? input.withChannelsLast() : pass.input;
                if (values.learns() || gamma.requires_grad()) {
                    ofValues.add(gradient, pass.mixed);
                }
                MapLines dmixed = pass.mixed.alike();
                Numbers products = Numbers.floats(x.images, x.positions());
                mixedBack(pass.mixed, gradient, dmixed, products);
                MapLines dparts = pass.lines.backward(x, dmixed, products, gradient);
                dmixed.letGo();
                if (compared.learns()) {
                    ofCompared.add(dparts, x);
                }
                compared.backward(dparts,
                        (line, numbers, row) -> gradient.scatter(line, 0, x.channels, numbers, row, true));
                return gradient.tensor;
            });
        }
    }

    /** The mixture's gradient, and its product with the mixture at each position. */
    private void mixedBack(MapLines mixed, MapLines dy, MapLines dmixed, Numbers products) {
        values.backward(dy, (line, numbers, row) -> {
            Rows.scale(numbers, line.length() * row, factor);
            long mixtures = Projection.other(row);
            mixed.gather(line, 0, mixed.channels, mixtures, row);
            long sums = products.at(line.image(), line.first());
            Rows.fill(sums, line.length(), 0);
            LineWeights.addProducts(numbers, mixtures, line.length(), row, mixed.channels, sums);
            dmixed.scatter(line, 0, mixed.channels, numbers, row, false);
        });
    }
}
