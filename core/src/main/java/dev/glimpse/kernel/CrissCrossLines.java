package dev.glimpse.kernel;

import dev.glimpse.kernel.LineProducts.Left;
import dev.glimpse.kernel.MapLines.Along;
import dev.glimpse.kernel.MapLines.Part;
import java.util.function.BiConsumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Criss-cross attention line by line: first all columns, then all rows.
 *
 * <p>
 * A line's affinities are computed, turned into weights and used up while they lie in a thread's own block. What its
 * columns give a position, and how much of the softmax they are, waits in memory for its row.
 */
final class CrissCrossLines {
    private static final int SIZE = Float.BYTES;
    /** Channels that are brought into a block at a time. */
    private static final int CHANNELS = 64;
    /** Lines that are brought in together where their numbers lie side by side. */
    private static final int TOGETHER = 8;
    /** A line's weights are as many numbers as its positions squared. */
    static final int LONGEST = 4096;

    /** (B, 2 C' + C, H, W): queries, keys and values. */
    private final MapLines parts;
    private final int images;
    private final int compared;
    private final int channels;

    /** What each position's softmax takes off its affinities, (B, H, W). */
    private Numbers largest;
    /** One over each position's sum of exponentials, (B, H, W). */
    private Numbers shares;

    CrissCrossLines(Tensor parts, int compared) {
        this.parts = MapLines.of(parts);
        this.compared = compared;
        images = Math.toIntExact(parts.size(0));
        channels = Math.toIntExact(parts.size(1)) - 2 * compared;
    }

    /** The addresses of a thread's own matrices; a line's are {@code each} numbers, those of the next line follow. */
    private final class Block {
        private final Along along;
        private final int length;
        private final int width;
        private final int together;
        private final int compares;
        private final int weighs;
        private final int mixes;
        private final long queries;
        private final long keys;
        private final long weights;
        private final long turned;
        private final long gradients;
        private final long values;
        private final long results;
        private final long others;
        private final long queryGradients;
        private final long keyGradients;
        private final long numbers;

        Block(Along along, int lines, boolean backward) {
            this.along = along;
            length = parts.length(along);
            width = MapLines.filled(length);
            together = lines;
            compares = LineProducts.filled(compared) * width;
            weighs = LineProducts.filled(length) * width;
            mixes = LineProducts.filled(Math.min(CHANNELS, channels)) * width;
            int perLine = (backward ? 4 : 2) * compares + (backward ? 3 : 1) * weighs + 3 * mixes + 4 * width;
            queries = Scratch.block(0, lines * perLine);
            keys = after(queries, compares);
            weights = after(keys, compares);
            turned = after(weights, weighs);
            gradients = after(turned, backward ? weighs : 0);
            values = after(gradients, backward ? weighs : 0);
            results = after(values, mixes);
            others = after(results, mixes);
            queryGradients = after(others, mixes);
            keyGradients = after(queryGradients, backward ? compares : 0);
            numbers = after(keyGradients, backward ? compares : 0);
        }

        private long after(long address, int each) {
            return address + (long) together * each * SIZE;
        }

        private long of(long matrix, int each, int line) {
            return matrix + (long) line * each * SIZE;
        }

        /** One of four rows of numbers, one a position. */
        private long numbers(int line, int which) {
            return numbers + (4L * line + which) * width * SIZE;
        }

        /** A line's affinities: keys by queries. */
        private void affinities(Part part) {
            parts.gather(part.channels(0, compared), queries, compares);
            parts.gather(part.channels(compared, compared), keys, compares);
            for (int line = 0; line < part.lines(); line++) {
                LineProducts.multiply(new Left(of(keys, compares, line), 1, width), of(queries, compares, line),
                        compared, length, width, of(weights, weighs, line), false);
            }
        }

        /** (keys, queries) to (queries, keys). */
        private void turn(long matrix, int line) {
            Turn.turn(matrix, width, length, length, of(turned, weighs, line), width);
        }

        /** A position is in its row already. */
        private void withoutItself(int line, float value) {
            for (int i = 0; i < length; i++) {
                Vectors.setFloat(of(weights, weighs, line) + ((long) i * width + i) * SIZE, value);
            }
        }
    }

    private void forEachPart(Along along, boolean backward, BiConsumer<Block, Part> work) {
        int lines = parts.lines(along);
        int together = parts.across(along) ? Math.min(TOGETHER, lines) : 1;
        int each = Math.ceilDiv(lines, together);
        Team.forEach(images * each, number -> {
            int first = number % each * together;
            Part part = new Part(number / each, along, first, Math.min(together, lines - first), 0, 0);
            work.accept(new Block(along, together, backward), part);
        });
    }

    /** Numbers of a line, one a position, from where a map (B, H, W) has them. */
    private void gather(Numbers map, Part part, int line, long to) {
        boolean row = part.along() == Along.ROWS;
        int stride = row ? 1 : parts.width;
        int from = (part.first() + line) * (row ? parts.width : 1);
        for (int i = 0; i < parts.length(part.along()); i++) {
            Vectors.setFloat(to + (long) i * SIZE, map.get(part.image(), from + i * stride));
        }
    }

    private void scatter(long from, Numbers map, Part part, int line) {
        boolean row = part.along() == Along.ROWS;
        int stride = row ? 1 : parts.width;
        int to = (part.first() + line) * (row ? parts.width : 1);
        for (int i = 0; i < parts.length(part.along()); i++) {
            Vectors.setFloat(map.at(part.image(), to + i * stride), Vectors.getFloat(from + (long) i * SIZE));
        }
    }

    /**
     * The result and, unless nothing is kept, what was mixed.
     *
     * @param result {@code x + gamma mixed}
     * @param mixed each position's mixture of values, float32
     */
    record Forward(Tensor result, Tensor mixed) {}

    Forward forward(Tensor x, float gamma, boolean keep) {
        MapLines input = MapLines.of(x);
        Tensor result = torch.empty_like(input.tensor);
        boolean own = keep || result.scalar_type().intern() != ScalarType.Float;
        Tensor mixed = own ? torch.empty_like(input.tensor.to(ScalarType.Float)) : result;
        MapLines mixtures = MapLines.of(mixed);
        MapLines out = MapLines.of(result);
        int positions = parts.height * parts.width;
        largest = Numbers.floats(images, positions);
        shares = Numbers.floats(images, positions);
        forEachPart(Along.COLUMNS, false, (block, part) -> column(block, part, mixtures));
        forEachPart(Along.ROWS, false, (block, part) -> row(block, part, mixtures, input, gamma, out, own));
        return new Forward(result, mixed);
    }

    private void column(Block block, Part part, MapLines mixtures) {
        block.affinities(part);
        for (int line = 0; line < part.lines(); line++) {
            long weights = block.of(block.weights, block.weighs, line);
            long maxima = block.numbers(line, 0);
            long sums = block.numbers(line, 1);
            LineWeights.maxima(weights, block.length, block.width, maxima);
            block.withoutItself(line, Float.NEGATIVE_INFINITY);
            LineWeights.exponentials(weights, block.length, block.width, maxima, sums);
            scatter(maxima, largest, part, line);
            scatter(sums, shares, part, line);
        }
        for (int c = 0; c < channels; c += CHANNELS) {
            mix(block, part, c);
            mixtures.scatter(part.channels(c, chunk(c)), block.results, block.mixes, false);
        }
    }

    private int chunk(int first) {
        return Math.min(CHANNELS, channels - first);
    }

    private void mix(Block block, Part part, int first) {
        parts.gather(part.channels(2 * compared + first, chunk(first)), block.values, block.mixes);
        for (int line = 0; line < part.lines(); line++) {
            LineProducts.multiply(new Left(block.of(block.values, block.mixes, line), block.width, 1),
                    block.of(block.weights, block.weighs, line), block.length, chunk(first), block.width,
                    block.of(block.results, block.mixes, line), false);
        }
    }

    private void row(Block block, Part part, MapLines mixtures, MapLines input, float gamma, MapLines out,
            boolean own) {
        block.affinities(part);
        for (int line = 0; line < part.lines(); line++) {
            long weights = block.of(block.weights, block.weighs, line);
            long maxima = block.numbers(line, 0);
            long sums = block.numbers(line, 1);
            LineWeights.maxima(weights, block.length, block.width, maxima);
            LineWeights.exponentials(weights, block.length, block.width, maxima, sums);
            gather(largest, part, line, block.numbers(line, 2));
            gather(shares, part, line, block.numbers(line, 3));
            LineWeights.join(block.width, maxima, sums, block.numbers(line, 2), block.numbers(line, 3));
            scatter(maxima, largest, part, line);
            scatter(sums, shares, part, line);
        }
        for (int c = 0; c < channels; c += CHANNELS) {
            mix(block, part, c);
            Part here = part.channels(c, chunk(c));
            mixtures.gather(here, block.values, block.mixes);
            for (int line = 0; line < part.lines(); line++) {
                LineWeights.mix(block.of(block.results, block.mixes, line),
                        block.of(block.values, block.mixes, line), chunk(c), block.width, block.numbers(line, 2),
                        block.numbers(line, 3));
            }
            if (own) {
                mixtures.scatter(here, block.results, block.mixes, false);
            }
            input.gather(here, block.values, block.mixes);
            for (int line = 0; line < part.lines(); line++) {
                LineWeights.addScaled(block.of(block.values, block.mixes, line),
                        block.of(block.results, block.mixes, line), chunk(c) * block.width, gamma);
            }
            out.scatter(here, block.values, block.mixes, false);
        }
    }

    /**
     * The gradients of queries, keys and values, float32.
     *
     * @param dy the result's gradient
     * @param mixed what the forward kept
     * @param dgamma receives a number for each position: the sum of them all is gamma's gradient
     */
    Tensor backward(Tensor dy, Tensor mixed, float gamma, Numbers dgamma) {
        MapLines gradient = MapLines.of(dy);
        MapLines mixtures = MapLines.of(mixed);
        Tensor result = torch.empty_like(parts.tensor.to(ScalarType.Float));
        MapLines out = MapLines.of(result);
        forEachPart(Along.ROWS, false, (block, part) -> products(block, part, gradient, mixtures, dgamma));
        forEachPart(Along.COLUMNS, true, (block, part) -> gradients(block, part, gradient, gamma, dgamma, out));
        forEachPart(Along.ROWS, true, (block, part) -> gradients(block, part, gradient, gamma, dgamma, out));
        return result;
    }

    /** Each position's product of the result's gradient with what was mixed. */
    private void products(Block block, Part part, MapLines gradient, MapLines mixtures, Numbers dgamma) {
        for (int line = 0; line < part.lines(); line++) {
            Rows.fill(block.numbers(line, 0), block.width, 0);
        }
        for (int c = 0; c < channels; c += CHANNELS) {
            Part here = part.channels(c, chunk(c));
            gradient.gather(here, block.values, block.mixes);
            mixtures.gather(here, block.results, block.mixes);
            for (int line = 0; line < part.lines(); line++) {
                LineWeights.addProducts(block.of(block.values, block.mixes, line),
                        block.of(block.results, block.mixes, line), chunk(c), block.width, block.numbers(line, 0));
            }
        }
        for (int line = 0; line < part.lines(); line++) {
            scatter(block.numbers(line, 0), dgamma, part, line);
        }
    }

    private void gradients(Block block, Part part, MapLines gradient, float gamma, Numbers products, MapLines out) {
        boolean add = part.along() == Along.ROWS;
        block.affinities(part);
        for (int line = 0; line < part.lines(); line++) {
            long weights = block.of(block.weights, block.weighs, line);
            gather(largest, part, line, block.numbers(line, 0));
            gather(shares, part, line, block.numbers(line, 1));
            gather(products, part, line, block.numbers(line, 2));
            Rows.scale(block.numbers(line, 1), block.length, gamma);
            LineWeights.weights(weights, block.length, block.width, block.numbers(line, 0), block.numbers(line, 1));
            if (part.along() == Along.COLUMNS) {
                block.withoutItself(line, 0);
            }
            block.turn(weights, line);
        }
        for (int c = 0; c < channels; c += CHANNELS) {
            Part here = part.channels(c, chunk(c));
            Part there = part.channels(2 * compared + c, chunk(c));
            gradient.gather(here, block.others, block.mixes);
            parts.gather(there, block.values, block.mixes);
            for (int line = 0; line < part.lines(); line++) {
                long dy = block.of(block.others, block.mixes, line);
                LineProducts.multiply(new Left(block.of(block.values, block.mixes, line), 1, block.width), dy,
                        chunk(c), block.length, block.width, block.of(block.gradients, block.weighs, line), c > 0);
                LineProducts.multiply(new Left(dy, block.width, 1), block.of(block.turned, block.weighs, line),
                        block.length, chunk(c), block.width, block.of(block.results, block.mixes, line), false);
            }
            out.scatter(there, block.results, block.mixes, add);
        }
        for (int line = 0; line < part.lines(); line++) {
            long scores = block.of(block.gradients, block.weighs, line);
            LineWeights.gradients(scores, block.of(block.weights, block.weighs, line), block.length, block.width,
                    block.numbers(line, 2));
            block.turn(scores, line);
            LineProducts.multiply(new Left(block.of(block.keys, block.compares, line), block.width, 1), scores,
                    block.length, compared, block.width, block.of(block.queryGradients, block.compares, line), false);
            LineProducts.multiply(new Left(block.of(block.queries, block.compares, line), block.width, 1),
                    block.of(block.turned, block.weighs, line), block.length, compared, block.width,
                    block.of(block.keyGradients, block.compares, line), false);
        }
        out.scatter(part.channels(0, compared), block.queryGradients, block.compares, add);
        out.scatter(part.channels(compared, compared), block.keyGradients, block.compares, add);
    }
}
