package dev.glimpse.kernel;

import dev.glimpse.kernel.MapRows.Part;
import dev.glimpse.kernel.Passes.Pools;
import java.util.function.IntConsumer;

/** Sums, largest numbers and their places along a map's rows or its columns, of the map or of the map under a gate. */
final class Pooling {
    private Pooling() {}

    /** Sets each row's pools, of the map times a number for each column, unless that is {@code null}. */
    static void poolRows(MapRows x, Numbers factors, Pools pools) {
        Numbers ones = Numbers.ones(Math.max(x.rows(), x.cols()));
        boolean rounds = x.half && factors != null;
        x.forEachPart(part -> {
            int image = part.image();
            long k = factors == null ? ones.at(0) : factors.at(image);
            for (int from = part.from(); from < part.to(); from += x.blockRows()) {
                int rows = Math.min(x.blockRows(), part.to() - from);
                long block =
                        rounds ? products(x, part, from, rows, ones.at(0), k) : Passes.read(x, part, from, rows, 0);
                Rows.pool(block, rows, x.cols(), rounds ? ones.at(0) : k, pools.sums().at(image, from),
                        pools.maxima().at(image, from),
                        pools.argmaxima() == null ? 0 : pools.argmaxima().at(image, from));
            }
        });
    }

    /** Rows of bfloat16 under their gate, rounded as a composed product is: which is the largest depends on it. */
    private static long products(MapRows x, Part part, int from, int rows, long r, long k) {
        long block = Passes.target(x, part, from, rows);
        Halves.products(x.row(part.image(), from), rows, x.cols(), r, k, block);
        return block;
    }

    /**
     * Sets each column's pools, of the map times a number for each row, unless that is {@code null}.
     *
     * @param then what is done with each image once its pools are there
     */
    static void poolColumns(MapRows x, Numbers factors, Pools pools, IntConsumer then) {
        boolean whole = x.parts() == 1 && pools.argmaxima() != null;
        Pools parts = whole ? pools : Pools.unset(x.images, x.parts() * x.cols());
        Numbers ones = Numbers.ones(Math.max(x.rows(), x.cols()));
        boolean rounds = x.half && factors != null;
        int wide = x.half ? Rows.NARROW : Rows.WIDE; // a block of bfloat16 is in the fastest cache as a whole
        x.forEachPart(part -> {
            int image = part.image();
            int first = part.part() * x.cols();
            Rows.fill(parts.sums().at(image, first), x.cols(), 0);
            Rows.fill(parts.maxima().at(image, first), x.cols(), Float.NEGATIVE_INFINITY);
            Rows.fill(parts.argmaxima().at(image, first), x.cols(), 0);
            for (int from = part.from(); from < part.to(); from += x.blockRows()) {
                int rows = Math.min(x.blockRows(), part.to() - from);
                long r = factors == null ? ones.at(0) : factors.at(image, from);
                long block =
                        rounds ? products(x, part, from, rows, r, ones.at(0)) : Passes.read(x, part, from, rows, 0);
                Rows.poolColumns(block, rows, x.cols(), wide, rounds ? ones.at(0) : r, from,
                        parts.sums().at(image, first),
                        parts.maxima().at(image, first), parts.argmaxima().at(image, first));
            }
        });
        Team.forEach(x.images, image -> {
            if (!whole) {
                Rows.fill(pools.sums().at(image), x.cols(), 0);
                Rows.add(parts.sums().at(image), x.parts(), x.cols(), pools.sums().at(image));
                Rows.largest(parts.maxima().at(image), parts.argmaxima().at(image), x.parts(), x.cols(),
                        pools.maxima().at(image),
                        pools.argmaxima() == null ? parts.argmaxima().at(image) : pools.argmaxima().at(image));
            }
            repairColumns(x, factors, pools, image);
            then.accept(image);
        });
    }

    /** A column with what is no number has it as its largest, as libtorch has it; comparisons alone do not see it. */
    private static void repairColumns(MapRows x, Numbers factors, Pools pools, int image) {
        if (Float.isNaN(Rows.sum(pools.sums().at(image), x.cols()))) {
            for (int j = 0; j < x.cols(); j++) {
                if (Float.isNaN(pools.sums().get(image, j))) {
                    repairColumn(x, factors, pools, image, j);
                }
            }
        }
    }

    private static void repairColumn(MapRows x, Numbers factors, Pools pools, int image, int column) {
        for (int i = 0; i < x.rows(); i++) {
            long at = x.row(image, i) + (long) column * x.elementSize();
            float value = (x.half ? Halves.get(at) : Vectors.getFloat(at))
                    * (factors == null ? 1 : factors.get(image, i));
            if (Float.isNaN(value)) {
                Vectors.setFloat(pools.maxima().at(image, column), value);
                if (pools.argmaxima() != null) {
                    Vectors.setInt(pools.argmaxima().at(image, column), i);
                }
                return;
            }
        }
    }
}
