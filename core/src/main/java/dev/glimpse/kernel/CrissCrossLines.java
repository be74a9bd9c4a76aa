package dev.glimpse.kernel;

import dev.glimpse.kernel.LineProducts.Left;
import dev.glimpse.kernel.MapLines.Line;

/**
 * Each position's mixture of its row and its column, line by line: first all columns, then all rows.
 *
 * <pre>
 * A_u = softmax over j in u's row and column of Q_u . K_j         each position once
 * m_u = sum_j A_uj x_j                                            (B, C, H, W)
 * </pre>
 *
 * A line's affinities are computed, turned into weights and used up while they lie in a thread's own block. What its
 * columns give a position, and how much of the softmax they are, waits in memory for its row.
 */
final class CrissCrossLines {
    private static final int SIZE = Float.BYTES;
    /** Channels that are mixed at a time. */
    private static final int CHANNELS = 512;
    /** A line's weights are as many numbers as its positions squared. */
    static final int LONGEST = 4096;

    /** (B, 2 C', H, W), float32 with its channels last: queries and keys. */
    private final MapLines parts;
    private final int images;
    private final int compared;
    private final int channels;

    /** What each position's softmax takes off its affinities, (B, H, W). */
    private final Numbers largest;
    /** One over each position's sum of exponentials, (B, H, W). */
    private final Numbers shares;

    CrissCrossLines(MapLines parts, int channels, Workspace space) {
        this.parts = parts;
        this.channels = channels;
        images = parts.images;
        compared = parts.channels / 2;
        largest = space.take(images, parts.positions());
        shares = space.take(images, parts.positions());
    }

    /** A thread's own matrices for a line. */
    private final class Block {
        private final Line line;
        private final int length;
        /** Numbers from one row to the next where rows hold positions. */
        private final int across;
        /** The same where they hold what is compared. */
        private final int narrow;
        /** The same where they hold channels: odd in cache lines, so that rows do not push each other out. */
        private final int deep;
        private final long queries;
        private final long keys;
        private final long turned;
        /** Affinities, and what becomes of them: (keys, queries). */
        private final long weights;
        private final long gradients;
        private final long values;
        private final long results;
        private final long others;
        private final long compares;
        private final long numbers;

        Block(Line line, boolean backward) {
            this.line = line;
            length = line.length();
            int positions = LineProducts.filled(length);
            across = MapLines.filled(length);
            narrow = MapLines.filled(compared);
            deep = MapLines.filled(Math.min(CHANNELS, channels)) + 16;
            int comparing = positions * narrow;
            int weighs = positions * across;
            int mixes = positions * deep;
            int turns = LineProducts.filled(Math.max(compared, Math.min(CHANNELS, channels))) * across;
            queries = Scratch.block(0, 3 * comparing + turns + (backward ? 2 : 1) * weighs + 3 * mixes + 4 * across);
            keys = queries + (long) comparing * SIZE;
            turned = keys + (long) comparing * SIZE;
            weights = turned + (long) turns * SIZE;
            gradients = weights + (long) weighs * SIZE;
            values = gradients + (backward ? (long) weighs * SIZE : 0);
            results = values + (long) mixes * SIZE;
            others = results + (long) mixes * SIZE;
            compares = others + (long) mixes * SIZE;
            numbers = compares + (long) comparing * SIZE;
        }

        /** One of four rows of numbers, one a position. */
        private long numbers(int which) {
            return numbers + (long) which * across * SIZE;
        }

        private void affinities() {
            parts.gather(line, 0, compared, queries, narrow);
            parts.gather(line, compared, compared, keys, narrow);
            Turn.turn(queries, narrow, length, compared, turned, across);
            LineProducts.multiply(new Left(keys, narrow, 1), turned, across, compared, length, length, weights, across,
                    false);
        }

        /** A position is in its row already. */
        private void withoutItself(float value) {
            for (int i = 0; i < length; i++) {
                Vectors.setFloat(weights + ((long) i * across + i) * SIZE, value);
            }
        }

        /** Each position's mixture, some channels of it, unto {@link #results}. */
        private void mix(MapLines x, int first) {
            int count = count(first);
            x.gather(line, first, count, values, deep);
            LineProducts.multiply(new Left(weights, 1, across), values, deep, length, length, count, results, deep,
                    false);
        }

        /** Numbers of a line, one a position, from where a map (B, H, W) has them. */
        private void gather(Numbers map, long to) {
            long from = map.at(line.image(), line.first());
            for (int i = 0; i < length; i++) {
                Vectors.setFloat(to + (long) i * SIZE, Vectors.getFloat(from + (long) i * line.step() * SIZE));
            }
        }

        private void scatter(long from, Numbers map) {
            long to = map.at(line.image(), line.first());
            for (int i = 0; i < length; i++) {
                Vectors.setFloat(to + (long) i * line.step() * SIZE, Vectors.getFloat(from + (long) i * SIZE));
            }
        }
    }

    private int count(int first) {
        return Math.min(CHANNELS, channels - first);
    }

    @FunctionalInterface
    private interface Work {
        void on(Block block);
    }

    private void forEachRow(boolean backward, Work work) {
        int rows = parts.height;
        Team.forEach(images * rows, i -> work.on(new Block(parts.row(i / rows, i % rows), backward)));
    }

    private void forEachColumn(boolean backward, Work work) {
        int columns = parts.width;
        Team.forEach(images * columns, i -> work.on(new Block(parts.column(i / columns, i % columns), backward)));
    }

    /**
     * Mixes positions.
     *
     * @param x with its channels last
     * @param mixed receives the mixtures; float32 with its channels last
     */
    void forward(MapLines x, MapLines mixed) {
        forEachColumn(false, block -> column(block, x, mixed));
        forEachRow(false, block -> row(block, x, mixed));
    }

    private void column(Block block, MapLines x, MapLines mixed) {
        block.affinities();
        LineWeights.maxima(block.weights, block.length, block.across, block.numbers(0));
        block.withoutItself(Float.NEGATIVE_INFINITY);
        LineWeights.exponentials(block.weights, block.length, block.across, block.numbers(0), block.numbers(1));
        block.scatter(block.numbers(0), largest);
        block.scatter(block.numbers(1), shares);
        for (int c = 0; c < channels; c += CHANNELS) {
            block.mix(x, c);
            mixed.scatter(block.line, c, count(c), block.results, block.deep, false);
        }
    }

    private void row(Block block, MapLines x, MapLines mixed) {
        block.affinities();
        LineWeights.maxima(block.weights, block.length, block.across, block.numbers(0));
        LineWeights.exponentials(block.weights, block.length, block.across, block.numbers(0), block.numbers(1));
        block.gather(largest, block.numbers(2));
        block.gather(shares, block.numbers(3));
        LineWeights.join(block.across, block.numbers(0), block.numbers(1), block.numbers(2), block.numbers(3));
        block.scatter(block.numbers(0), largest);
        block.scatter(block.numbers(1), shares);
        for (int c = 0; c < channels; c += CHANNELS) {
            block.mix(x, c);
            mixed.gather(block.line, c, count(c), block.others, block.deep);
            LineWeights.mix(block.results, block.others, block.length, block.deep, count(c), block.numbers(2),
                    block.numbers(3));
            mixed.scatter(block.line, c, count(c), block.results, block.deep, false);
        }
    }

    /**
     * The gradients of the map and of queries and keys.
     *
     * @param x as in the forward
     * @param gradient the mixture's, as that
     * @param products each position's of the mixture with its gradient
     * @param dx takes in what comes to x by being mixed; float32 with its channels last
     * @param out receives those of queries and keys, as they lie
     */
    void backward(MapLines x, MapLines gradient, Numbers products, MapLines dx, MapLines out) {
        forEachColumn(true, block -> gradients(block, x, gradient, products, dx, out, false));
        forEachRow(true, block -> gradients(block, x, gradient, products, dx, out, true));
    }

    private void gradients(Block block, MapLines x, MapLines gradient, Numbers products, MapLines dx, MapLines out,
            boolean row) {
        Line line = block.line;
        int length = block.length;
        int across = block.across;
        int deep = block.deep;
        block.affinities();
        block.gather(largest, block.numbers(0));
        block.gather(shares, block.numbers(1));
        block.gather(products, block.numbers(2));
        LineWeights.weights(block.weights, length, across, block.numbers(0), block.numbers(1));
        if (!row) {
            block.withoutItself(0);
        }
        for (int c = 0; c < channels; c += CHANNELS) {
            int count = count(c);
            gradient.gather(line, c, count, block.others, deep);
            x.gather(line, c, count, block.values, deep);
            Turn.turn(block.others, deep, length, count, block.turned, across);
            LineProducts.multiply(new Left(block.values, deep, 1), block.turned, across, count, length, length,
                    block.gradients, across, c > 0);
            LineProducts.multiply(new Left(block.weights, across, 1), block.others, deep, length, length, count,
                    block.results, deep, false);
            dx.scatter(line, c, count, block.results, deep, true);
        }
        LineWeights.gradients(block.gradients, block.weights, length, across, block.numbers(2));
        LineProducts.multiply(new Left(block.keys, 1, block.narrow), block.gradients, across, length, compared, length,
                block.turned, across, false);
        Turn.turn(block.turned, across, compared, length, block.compares, block.narrow);
        out.scatter(line, 0, compared, block.compares, block.narrow, row);
        LineProducts.multiply(new Left(block.gradients, across, 1), block.queries, block.narrow, length, length,
                compared, block.compares, block.narrow, false);
        out.scatter(line, compared, compared, block.compares, block.narrow, row);
    }
}
