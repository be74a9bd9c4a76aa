package dev.glimpse.kernel;

import dev.glimpse.kernel.Projection.Sums;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** The passes of one forward of {@link CrissCrossAttention}, and of its backward. */
final class CrissCrossPasses {
    /** As many images go together as have so many positions: enough for many threads, and no more of what is let go. */
    private static final long POSITIONS = 4096;
    /** What is taken of a workspace begins at whole cache lines. */
    private static final long SLACK = 16;

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

    /** Numbers that an image's map, queries and keys, and what belongs to its positions take, so many times each. */
    private long numbers(MapLines input, long maps, long parts, long positions) {
        long all = maps * input.channels + parts * compared.outs + positions;
        return all * input.positions() + SLACK * (maps + parts + positions);
    }

    Tensor forward(MapLines input) {
        MapLines result = input.alike();
        int together = together(input);
        long each = numbers(input, 2 * recurrence - 1, recurrence, 2 * recurrence);
        long turned = numbers(input, input.hasChannelsLast() ? 0 : 1, 0, 0);
        Workspace passing = new Workspace(together * (keep ? turned : turned + each));
        for (int first = 0; first < input.images; first += together) {
            int count = Math.min(together, input.images - first);
            MapLines some = input.images(first, count);
            MapLines to = result.images(first, count);
            passing.during(() -> forward(some, to, keep ? new Workspace(count * each) : passing, passing));
        }
        passing.letGo();
        return result.tensor;
    }

    private void forward(MapLines input, MapLines result, Workspace space, Workspace passing) {
        List<Pass> passes = new ArrayList<>();
        MapLines x = input.withChannelsLast(passing);
        for (int i = 0; i < recurrence; i++) {
            MapLines parts = projected(x, space);
            CrissCrossLines lines = new CrissCrossLines(parts, x.channels, space);
            MapLines mixed = x.in(space, x.channels);
            lines.forward(x, mixed);
            MapLines y = i < recurrence - 1 ? x.in(space) : result;
            add(mixed, x, y);
            passes.add(new Pass(i == 0 ? null : x, lines, mixed));
            x = y;
        }
        if (keep) {
            kept.add(passes);
        }
    }

    private MapLines projected(MapLines x, Workspace space) {
        MapLines parts = x.in(space, compared.outs);
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
        MapLines gradients = input.alike(dy);
        int together = together(input);
        Workspace space = new Workspace(
                together * numbers(input, 1 + (dx.isPlain() ? 0 : 1) + (input.hasChannelsLast() ? 0 : 1), 1, 1));
        Sums ofValues = values.new Sums();
        Sums ofCompared = compared.new Sums();
        for (int group = 0; group < kept.size(); group++) {
            List<Pass> passes = kept.get(group);
            int first = group * together;
            int count = Math.min(together, input.images - first);
            space.during(() -> {
                MapLines to = dx.images(first, count);
                MapLines gradient = to.isPlain() ? to : to.in(space, to.channels);
                gradient.set(gradients.images(first, count));
                for (Pass pass : passes.reversed()) {
                    space.during(
                            () -> backward(pass, input.images(first, count), gradient, space, ofValues, ofCompared));
                }
                if (gradient != to) {
                    to.set(gradient);
                }
            });
        }
        give(ofValues, ofCompared);
        return dx.tensor;
    }

    private void give(Sums ofValues, Sums ofCompared) {
        Gradients gradients = new Gradients();
        float ofGamma = ofValues.withItself();
        gradients.add(gamma, to -> Vectors.setFloat(to, ofGamma));
        ofValues.give(gradients, factor);
        ofCompared.give(gradients, 1);
        gradients.flow();
    }

    /** @param gradient the result's, which becomes the input's */
    private void backward(Pass pass, MapLines input, MapLines gradient, Workspace space, Sums ofValues,
            Sums ofCompared) {
        MapLines x = pass.input == null ? input.withChannelsLast(space) : pass.input;
        MapLines dmixed = x.in(space, x.channels);
        MapLines dparts = x.in(space, compared.outs);
        Numbers products = space.take(x.images, x.positions());
        if (values.learns() || gamma.requires_grad()) {
            ofValues.add(gradient, pass.mixed);
        }
        mixedBack(pass.mixed, gradient, dmixed, products);
        pass.lines.backward(x, dmixed, products, gradient, dparts);
        if (compared.learns()) {
            ofCompared.add(dparts, x);
        }
        compared.backward(dparts, (line, numbers, row) -> gradient.scatter(line, 0, x.channels, numbers, row, true));
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
