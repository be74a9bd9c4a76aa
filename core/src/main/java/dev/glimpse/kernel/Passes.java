package dev.glimpse.kernel;

import dev.glimpse.kernel.MapRows.Part;
import java.util.List;

/**
 * Passes over whole feature maps, in every type and order: each reads a map once.
 *
 * <p>
 * bfloat16 is widened a few rows at a time, so that there is one arithmetic. What is added up over rows is added up a
 * part at a time and then over the parts, whatever thread did them: the same input gives the same bits.
 */
final class Passes {
    private static final int POOLS_AT_A_TIME = 2;

    private Passes() {}

    /** Each channel's pools over the positions, or each position's over the channels: (images, channels or positions). */
    record Pools(Numbers sums, Numbers maxima, Numbers argmaxima) {}

    /** Sums over the positions: (images, channels). */
    static Numbers channelSums(MapRows x) {
        return x.channelsLast ? addedColumns(x, null) : rowSums(x);
    }

    /** Pools over the positions, of the map; where the maxima are is looked for only if that is asked. */
    static Pools poolPositions(MapRows x, boolean places) {
        return x.channelsLast ? poolColumns(x, null) : poolRows(x, null, places);
    }

    /** Pools over the channels, of the map times a number for each channel, unless that is {@code null}. */
    static Pools poolChannels(MapRows x, Numbers channelFactors, boolean places) {
        return x.channelsLast ? poolRows(x, channelFactors, places) : poolColumns(x, channelFactors);
    }

    /** Sums over the positions, each times a number of its own: (images, channels). */
    static Numbers sumPositions(MapRows x, Numbers positionFactors) {
        return x.channelsLast ? addedColumns(x, positionFactors) : rowDots(x, positionFactors);
    }

    /** Sums over the channels, each times a number of its own: (images, positions). */
    static Numbers sumChannels(MapRows x, Numbers channelFactors) {
        return x.channelsLast ? rowDots(x, channelFactors) : addedColumns(x, channelFactors);
    }

    /** The map under a gate. */
    static MapRows gate(Gate gate, MapRows x, Numbers channelFactors, Numbers positionFactors) {
        MapRows y = x.unset();
        Numbers r = x.channelsLast ? positionFactors : channelFactors;
        Numbers k = x.channelsLast ? channelFactors : positionFactors;
        x.forEachPart(part -> {
            int image = part.image();
            for (int from = part.from(); from < part.to(); from += x.blockRows()) {
                int rows = Math.min(x.blockRows(), part.to() - from);
                long in = read(x, part, from, rows, 0);
                long out = target(y, part, from, rows);
                long f = r.at(image, from);
                switch (gate) {
                    case PRODUCT -> {
                        if (x.channelsLast) {
                            GateRows.multiplyColumnsFirst(in, rows, x.cols(), f, k.at(image), out);
                        } else {
                            GateRows.multiplyRowsFirst(in, rows, x.cols(), f, k.at(image), out);
                        }
                    }
                    case SUM -> GateRows.multiplyBySum(in, rows, x.cols(), f, k.at(image), out);
                    case SHIFT -> GateRows.shift(in, rows, x.cols(), f, k.at(image), out);
                }
                written(y, part, from, rows, out);
            }
        });
        return y;
    }

    /** The gradients of a gate's factors. */
    record GateGradients(Numbers channels, Numbers positions) {}

    static GateGradients gateGradients(Gate gate, MapRows dy, MapRows x, Numbers channelFactors,
            Numbers positionFactors) {
        Numbers r = x.channelsLast ? positionFactors : channelFactors;
        Numbers k = x.channelsLast ? channelFactors : positionFactors;
        Numbers ones = Numbers.ones(Math.max(x.cols(), x.rows()));
        Numbers rowSums = Numbers.floats(x.images, x.rows());
        Numbers partSums = Numbers.floats(x.images, x.parts() * x.cols());
        x.forEachPart(part -> {
            int image = part.image();
            long columns = partSums.at(image, part.part() * x.cols());
            Rows.fill(columns, x.cols(), 0);
            for (int from = part.from(); from < part.to(); from += x.blockRows()) {
                int rows = Math.min(x.blockRows(), part.to() - from);
                long gradient = read(dy, part, from, rows, 0);
                long in = read(x, part, from, rows, 1);
                long f = r.at(image, from);
                long sums = rowSums.at(image, from);
                switch (gate) {
                    case PRODUCT -> GateRows.gradients(gradient, in, rows, x.cols(), f, k.at(image), sums, columns);
                    case SUM, SHIFT -> GateRows.gradients(gradient, in, rows, x.cols(), ones.at(0), ones.at(0), sums,
                            columns);
                }
            }
        });
        dy.follow(x);
        Numbers columnSums = added(x, partSums);
        return x.channelsLast ? new GateGradients(columnSums, rowSums) : new GateGradients(rowSums, columnSums);
    }

    /** What flows back from a pool: a number for each channel times one for each position. */
    record Outer(Numbers channels, Numbers positions) {}

    /** What flows back to a maximum: a number for each of the lines, to the place where its maximum was. */
    record Spike(Numbers values, Numbers places) {}

    /**
     * The gradient of the map from that of the gated map and from its pools.
     *
     * @param pools what flows back from pools; a second pass adds those after the second
     * @param toPositions for each channel, a gradient and the position it goes to; or {@code null}
     * @param toChannels for each position, a gradient and the channel it goes to; or {@code null}
     */
    static MapRows inputGradient(Gate gate, MapRows dy, Numbers channelFactors, Numbers positionFactors,
            List<Outer> pools, Spike toPositions, Spike toChannels) {
        MapRows dx = dy.unset();
        if (pools.size() > POOLS_AT_A_TIME) {
            MapRows some = inputGradient(gate, dy, channelFactors, positionFactors,
                    pools.subList(0, POOLS_AT_A_TIME), null, null);
            return inputGradient(Gate.SHIFT, some, channelFactors, positionFactors,
                    pools.subList(POOLS_AT_A_TIME, pools.size()), toPositions, toChannels);
        }
        Outer none = new Outer(Numbers.zeros(dy.channels), Numbers.zeros(dy.positions));
        Outer first = pools.isEmpty() ? none : pools.get(0);
        Outer second = pools.size() < POOLS_AT_A_TIME ? none : pools.get(1);
        Numbers ones = Numbers.ones(dy.cols());
        Numbers zeros = Numbers.zeros(Math.max(dy.cols(), dy.rows()));
        boolean last = dy.channelsLast;
        Numbers r = last ? positionFactors : channelFactors;
        Numbers k = last ? channelFactors : positionFactors;
        Numbers a = last ? first.positions : first.channels;
        Numbers b = last ? first.channels : first.positions;
        Numbers c = last ? second.positions : second.channels;
        Numbers d = last ? second.channels : second.positions;
        Spike inRows = last ? toChannels : toPositions;
        Spike inColumns = last ? toPositions : toChannels;
        dy.forEachPart(part -> {
            int image = part.image();
            for (int from = part.from(); from < part.to(); from += dy.blockRows()) {
                int rows = Math.min(dy.blockRows(), part.to() - from);
                long out = target(dx, part, from, rows);
                long in = read(dy, part, from, rows, 0);
                long f = r.at(image, from);
                long one = a.at(image, from);
                long two = c.at(image, from);
                switch (gate) {
                    case PRODUCT -> GateRows.inputGradient(in, rows, dy.cols(), f, k.at(image), zeros.at(0), one,
                            b.at(image), two, d.at(image), out);
                    case SUM -> GateRows.inputGradient(in, rows, dy.cols(), f, ones.at(0), k.at(image), one,
                            b.at(image), two, d.at(image), out);
                    case SHIFT -> GateRows.inputGradient(in, rows, dy.cols(), zeros.at(0), zeros.at(0), ones.at(0),
                            one, b.at(image), two, d.at(image), out);
                }
                written(dx, part, from, rows, out);
            }
            if (inRows != null) {
                for (int i = part.from(); i < part.to(); i++) {
                    add(dx, image, i, Vectors.getInt(inRows.places.at(image, i)), inRows.values.get(image, i));
                }
            }
            if (inColumns != null) {
                for (int j = 0; j < dy.cols(); j++) {
                    int row = Vectors.getInt(inColumns.places.at(image, j));
                    if (row >= part.from() && row < part.to()) {
                        add(dx, image, row, j, inColumns.values.get(image, j));
                    }
                }
            }
        });
        return dx;
    }

    /**
     * Adds to the gradient of each channel's gate what comes from pools over the gated channels.
     *
     * @param dmean for each position the gradient of each of its channels
     */
    static void addPoolGradients(MapRows x, Numbers dmean, Spike toChannels, Numbers dgate) {
        Numbers sums = x.channelsLast ? Numbers.filled(x.images, x.parts() * x.cols(), 0)
                : Numbers.floats(x.images, x.rows());
        x.forEachPart(part -> {
            int image = part.image();
            long own = sums.at(image, x.channelsLast ? part.part() * x.cols() : 0);
            for (int from = part.from(); from < part.to(); from += x.blockRows()) {
                int rows = Math.min(x.blockRows(), part.to() - from);
                long block = read(x, part, from, rows, 0);
                if (x.channelsLast) {
                    Rows.addTo(block, rows, x.cols(), dmean.at(image, from), own);
                } else {
                    Rows.dots(block, rows, x.cols(), dmean.at(image), own + (long) from * Float.BYTES);
                }
            }
            long channels = toChannels.places.at(image);
            long values = toChannels.values.at(image);
            if (x.channelsLast) {
                for (int p = part.from(); p < part.to(); p++) {
                    int channel = Vectors.getInt(channels + (long) p * Float.BYTES);
                    Vectors.addFloat(own + (long) channel * Float.BYTES,
                            x.get(image, channel, p) * Vectors.getFloat(values + (long) p * Float.BYTES));
                }
            } else {
                for (int p = 0; p < x.positions; p++) {
                    int channel = Vectors.getInt(channels + (long) p * Float.BYTES);
                    if (channel >= part.from() && channel < part.to()) {
                        Vectors.addFloat(own + (long) channel * Float.BYTES,
                                x.get(image, channel, p) * Vectors.getFloat(values + (long) p * Float.BYTES));
                    }
                }
            }
        });
        dgate.add(x.channelsLast ? added(x, sums) : sums);
    }

    private static void add(MapRows map, int image, int row, int col, float more) {
        long at = map.row(image, row) + (long) col * map.elementSize();
        if (map.half) {
            Halves.add(at, more);
        } else {
            Vectors.addFloat(at, more);
        }
    }

    private static Numbers rowSums(MapRows x) {
        Numbers sums = Numbers.floats(x.images, x.rows());
        forEachBlock(x, (part, from, rows, block) -> Rows.sums(block, rows, x.cols(), sums.at(part.image(), from)));
        return sums;
    }

    private static Numbers rowDots(MapRows x, Numbers factors) {
        Numbers dots = Numbers.floats(x.images, x.rows());
        forEachBlock(x, (part, from, rows, block) -> Rows.dots(block, rows, x.cols(), factors.at(part.image()),
                dots.at(part.image(), from)));
        return dots;
    }

    private static Numbers addedColumns(MapRows x, Numbers factors) {
        Numbers sums = Numbers.filled(x.images, x.parts() * x.cols(), 0);
        forEachBlock(x, (part, from, rows, block) -> Rows.addTo(block, rows, x.cols(),
                factors == null ? 0 : factors.at(part.image(), from), sums.at(part.image(), part.part() * x.cols())));
        return added(x, sums);
    }

    private static Pools poolRows(MapRows x, Numbers factors, boolean places) {
        Pools pools = new Pools(Numbers.floats(x.images, x.rows()), Numbers.floats(x.images, x.rows()),
                Numbers.ints(x.images, x.rows()));
        Numbers ones = Numbers.ones(Math.max(x.rows(), x.cols()));
        forEachBlock(x, (part, from, rows, block) -> {
            int image = part.image();
            long k = factors == null ? ones.at(0) : factors.at(image);
            if (x.half && factors != null) {
                Halves.multiply(block, rows, x.cols(), ones.at(0), k);
                k = ones.at(0);
            }
            Rows.pool(block, rows, x.cols(), k, pools.sums.at(image, from), pools.maxima.at(image, from),
                    places ? pools.argmaxima.at(image, from) : 0);
        });
        return pools;
    }

    private static Pools poolColumns(MapRows x, Numbers factors) {
        int all = x.parts() * x.cols();
        Numbers sums = Numbers.floats(x.images, all);
        Numbers maxima = Numbers.floats(x.images, all);
        Numbers argmaxima = Numbers.ints(x.images, all);
        Numbers ones = Numbers.ones(Math.max(x.rows(), x.cols()));
        x.forEachPart(part -> {
            int image = part.image();
            int first = part.part() * x.cols();
            Rows.fill(sums.at(image, first), x.cols(), 0);
            Rows.fill(maxima.at(image, first), x.cols(), Float.NEGATIVE_INFINITY);
            Rows.fill(argmaxima.at(image, first), x.cols(), 0);
            for (int from = part.from(); from < part.to(); from += x.blockRows()) {
                int rows = Math.min(x.blockRows(), part.to() - from);
                long block = read(x, part, from, rows, 0);
                long r = factors == null ? ones.at(0) : factors.at(image, from);
                if (x.half && factors != null) {
                    Halves.multiply(block, rows, x.cols(), r, ones.at(0));
                    r = ones.at(0);
                }
                Rows.poolColumns(block, rows, x.cols(), r, from, sums.at(image, first), maxima.at(image, first),
                        argmaxima.at(image, first));
            }
        });
        if (x.parts() == 1) {
            Pools pools = new Pools(sums, maxima, argmaxima);
            repairColumns(x, factors, pools);
            return pools;
        }
        Pools pools = new Pools(added(x, sums), Numbers.floats(x.images, x.cols()), Numbers.ints(x.images, x.cols()));
        Team.forEach(x.images, image -> {
            Rows.largest(maxima.at(image), argmaxima.at(image), x.parts(), x.cols(), pools.maxima.at(image),
                    pools.argmaxima.at(image));
        });
        repairColumns(x, factors, pools);
        return pools;
    }

    /** A column with what is no number has it as its largest, as libtorch has it; comparisons alone do not see it. */
    private static void repairColumns(MapRows x, Numbers factors, Pools pools) {
        Team.forEach(x.images, image -> {
            if (Float.isNaN(Rows.sum(pools.sums.at(image), x.cols()))) {
                for (int j = 0; j < x.cols(); j++) {
                    if (Float.isNaN(pools.sums.get(image, j))) {
                        repairColumn(x, factors, pools, image, j);
                    }
                }
            }
        });
    }

    private static void repairColumn(MapRows x, Numbers factors, Pools pools, int image, int column) {
        for (int i = 0; i < x.rows(); i++) {
            long at = x.row(image, i) + (long) column * x.elementSize();
            float value = (x.half ? Halves.get(at) : Vectors.getFloat(at))
                    * (factors == null ? 1 : factors.get(image, i));
            if (Float.isNaN(value)) {
                Vectors.setFloat(pools.maxima.at(image, column), value);
                Vectors.setInt(pools.argmaxima.at(image, column), i);
                return;
            }
        }
    }

    /** Sums of the parts' sums over columns. */
    private static Numbers added(MapRows x, Numbers partSums) {
        if (x.parts() == 1) {
            return partSums;
        }
        Numbers sums = Numbers.floats(x.images, x.cols());
        Team.forEach(x.images, image -> {
            Rows.fill(sums.at(image), x.cols(), 0);
            Rows.add(partSums.at(image), x.parts(), x.cols(), sums.at(image));
        });
        return sums;
    }

    @FunctionalInterface
    private interface BlockWork {
        void on(Part part, int from, int rows, long block);
    }

    private static void forEachBlock(MapRows x, BlockWork work) {
        x.forEachPart(part -> {
            for (int from = part.from(); from < part.to(); from += x.blockRows()) {
                int rows = Math.min(x.blockRows(), part.to() - from);
                work.on(part, from, rows, read(x, part, from, rows, 0));
            }
        });
    }

    /** The address of rows in float32: where they are, or a copy. */
    private static long read(MapRows map, Part part, int from, int rows, int slot) {
        long at = map.row(part.image(), from);
        if (!map.half) {
            return at;
        }
        long block = Scratch.block(slot, map.blockRows() * map.cols());
        Halves.widen(at, rows * map.cols(), block);
        return block;
    }

    /** Where rows are to be written in float32. */
    private static long target(MapRows map, Part part, int from, int rows) {
        return map.half ? Scratch.block(2, map.blockRows() * map.cols()) : map.row(part.image(), from);
    }

    private static void written(MapRows map, Part part, int from, int rows, long block) {
        if (map.half) {
            Halves.narrow(block, rows * map.cols(), map.row(part.image(), from));
        }
    }
}
