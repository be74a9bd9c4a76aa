package dev.glimpse.kernel;

import dev.glimpse.kernel.MapRows.Part;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Passes over whole feature maps, in every type and order: each reads a map once.
 *
 * <p>
 * bfloat16 is widened a few rows at a time, so that there is one arithmetic. What is added up over rows is added up a
 * part at a time and then over the parts, whatever thread did them: the same input gives the same bits.
 */
final class Passes {
    private static final int POOLS_AT_A_TIME = 2;
    private static final int NEAR = 1 << 13;
    /** Nothing to be done with an image. */
    static final IntConsumer NOTHING = image -> {};

    private Passes() {}

    /**
     * Each channel's pools over the positions, or each position's over the channels: (images, channels or positions).
     *
     * @param argmaxima where the maxima are; {@code null} where nobody asks
     */
    record Pools(Numbers sums, Numbers maxima, Numbers argmaxima) {
        static Pools unset(int images, int each) {
            return new Pools(Numbers.floats(images, each), Numbers.floats(images, each), Numbers.ints(images, each));
        }

        /** Those from an image on. */
        Pools from(int image) {
            return new Pools(sums.from(image), maxima.from(image), argmaxima == null ? null : argmaxima.from(image));
        }
    }

    /** Sums over the positions: (images, channels). */
    static Numbers channelSums(MapRows x) {
        Numbers sums = Numbers.floats(x.images, x.channels);
        channelSums(x, sums);
        return sums;
    }

    /** Sets sums over the positions: (images, channels). */
    static void channelSums(MapRows x, Numbers sums) {
        if (x.channelsLast) {
            addedColumns(x, null, sums);
        } else {
            rowSums(x, sums);
        }
    }

    /** Sets pools over the positions, of the map. */
    static void poolPositions(MapRows x, Pools pools) {
        if (x.channelsLast) {
            Pooling.poolColumns(x, null, pools, NOTHING);
        } else {
            Pooling.poolRows(x, null, pools);
        }
    }

    /**
     * Sets pools over the channels, of the map times a number for each channel, unless that is {@code null}.
     *
     * @param then what is done with each image once its pools are there
     */
    static void poolChannels(MapRows x, Numbers channelFactors, Pools pools, IntConsumer then) {
        if (x.channelsLast) {
            Pooling.poolRows(x, channelFactors, pools);
            if (then != NOTHING) {
                Team.forEach(x.images, then);
            }
        } else {
            Pooling.poolColumns(x, channelFactors, pools, then);
        }
    }

    /** Sums over the positions, each times a number of its own: (images, channels). */
    static Numbers sumPositions(MapRows x, Numbers positionFactors) {
        Numbers sums = Numbers.floats(x.images, x.channels);
        sumPositions(x, positionFactors, sums);
        return sums;
    }

    /** Sets the same. */
    static void sumPositions(MapRows x, Numbers positionFactors, Numbers sums) {
        if (x.channelsLast) {
            addedColumns(x, positionFactors, sums);
        } else {
            rowDots(x, positionFactors, sums);
        }
    }

    /** Sums over the channels, each times a number of its own: (images, positions). */
    static Numbers sumChannels(MapRows x, Numbers channelFactors) {
        Numbers sums = Numbers.floats(x.images, x.positions);
        sumChannels(x, channelFactors, sums);
        return sums;
    }

    /** Sets the same. */
    static void sumChannels(MapRows x, Numbers channelFactors, Numbers sums) {
        if (x.channelsLast) {
            rowDots(x, channelFactors, sums);
        } else {
            addedColumns(x, channelFactors, sums);
        }
    }

    /** The map under a gate. */
    static MapRows gate(Gate gate, MapRows x, Numbers channelFactors, Numbers positionFactors) {
        MapRows y = x.unset();
        gate(gate, x, channelFactors, positionFactors, y);
        return y;
    }

    /** Writes the map under a gate into another. */
    static void gate(Gate gate, MapRows x, Numbers channelFactors, Numbers positionFactors, MapRows y) {
        Numbers r = x.channelsLast ? positionFactors : channelFactors;
        Numbers k = x.channelsLast ? channelFactors : positionFactors;
        Numbers ones = Numbers.ones(x.cols());
        Numbers zeros = Numbers.zeros(x.cols());
        if (gate == Gate.PRODUCT && x.half) {
            multiplyHalves(x, r, k, y);
            return;
        }
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
                    case SHIFT -> throw new IllegalArgumentException("a shift is of channels alone");
                    case SIGMOID_OF_PRODUCT -> SquashedRows.gate(in, rows, x.cols(), f, k.at(image), zeros.at(0), out);
                    case SIGMOID_OF_SUM -> SquashedRows.gate(in, rows, x.cols(), f, ones.at(0), k.at(image), out);
                }
                written(y, part, from, rows, out);
            }
        });
    }

    private static void multiplyHalves(MapRows x, Numbers r, Numbers k, MapRows y) {
        x.forEachPart(part -> {
            int image = part.image();
            int rows = part.to() - part.from();
            long in = x.row(image, part.from());
            long out = y.row(image, part.from());
            if (x.channelsLast) {
                Halves.multiplyColumnsFirst(in, rows, x.cols(), r.at(image, part.from()), k.at(image), out);
            } else {
                Halves.multiplyRowsFirst(in, rows, x.cols(), r.at(image, part.from()), k.at(image), out);
            }
        });
    }

    /** The gradients of a gate's factors. */
    record GateGradients(Numbers channels, Numbers positions) {}

    static GateGradients gateGradients(Gate gate, MapRows dy, MapRows x, Numbers channelFactors,
            Numbers positionFactors) {
        Numbers r = x.channelsLast ? positionFactors : channelFactors;
        Numbers k = x.channelsLast ? channelFactors : positionFactors;
        Numbers ones = Numbers.ones(Math.max(x.cols(), x.rows()));
        Numbers zeros = Numbers.zeros(x.cols());
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
                    case SHIFT -> throw new IllegalArgumentException("a shift is of channels alone");
                    case SUM -> GateRows.gradients(gradient, in, rows, x.cols(), ones.at(0), ones.at(0), sums,
                            columns);
                    case SIGMOID_OF_PRODUCT -> SquashedRows.gradients(gradient, in, rows, x.cols(), f, k.at(image),
                            zeros.at(0), f, sums, columns);
                    case SIGMOID_OF_SUM -> SquashedRows.gradients(gradient, in, rows, x.cols(), f, ones.at(0),
                            k.at(image), ones.at(0), sums, columns);
                }
            }
        });
        dy.follow(x);
        Numbers columnSums = added(x, partSums);
        return x.channelsLast ? new GateGradients(columnSums, rowSums) : new GateGradients(rowSums, columnSums);
    }

    /** What flows back from a pool: a number for each channel times one for each position. */
    record Outer(Numbers channels, Numbers positions) {}

    /**
     * The gradient of the map from that of the gated map and from its pools.
     *
     * @param pools what flows back from pools; a second pass adds those after the second, or the first
     * @param toPositions for each channel, a gradient and the position it goes to; or {@code null}
     * @param toChannels for each position, a gradient and the channel it goes to; or {@code null}
     * @param more what is added as it is; or {@code null}
     */
    static MapRows inputGradient(Gate gate, MapRows dy, Numbers channelFactors, Numbers positionFactors,
            List<Outer> pools, Spike toPositions, Spike toChannels, MapRows more) {
        MapRows dx = dy.unset();
        int most = gate.squashes() ? 1 : POOLS_AT_A_TIME;
        if (pools.size() > most) {
            MapRows some = inputGradient(gate, dy, channelFactors, positionFactors,
                    pools.subList(0, most), null, null, null);
            return inputGradient(Gate.SHIFT, some, channelFactors, positionFactors,
                    pools.subList(most, pools.size()), toPositions, toChannels, more);
        }
        inputGradient(gate, dy, channelFactors, positionFactors, pools, toPositions, toChannels, more, dx);
        return dx;
    }

    /** Writes the same into a map, from two pools at most; from one behind a gate that squashes. */
    static void inputGradient(Gate gate, MapRows dy, Numbers channelFactors, Numbers positionFactors,
            List<Outer> pools, Spike toPositions, Spike toChannels, MapRows more, MapRows dx) {
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
        int step = nearRows(dy);
        dy.forEachPart(part -> {
            int image = part.image();
            for (int from = part.from(); from < part.to(); from += step) {
                int rows = Math.min(step, part.to() - from);
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
                    case SIGMOID_OF_PRODUCT -> SquashedRows.inputGradient(in, rows, dy.cols(), f, k.at(image),
                            zeros.at(0), one, b.at(image), out);
                    case SIGMOID_OF_SUM -> SquashedRows.inputGradient(in, rows, dy.cols(), f, ones.at(0), k.at(image),
                            one, b.at(image), out);
                }
                if (more != null) {
                    Rows.add(read(more, part, from, rows, 1), 1, rows * dy.cols(), out);
                }
                written(dx, part, from, rows, out);
                addSpikes(dx, image, from, from + rows, inRows, inColumns);
            }
        });
    }

    /**
     * The gradient of a map under a gate of its channels and one of its positions, the second made of pools of the map under
     * the first, the first of pools over the positions.
     *
     * @param ofPositions what flows back to each of a position's channels, gated: (images, positions)
     * @param ofChannels what flows back to each of a channel's positions: (images, channels)
     */
    static MapRows inputGradient(MapRows dy, Numbers channelFactors, Numbers positionFactors, Numbers ofPositions,
            Numbers ofChannels, Spike toPositions, Spike toChannels) {
        MapRows dx = dy.unset();
        boolean last = dy.channelsLast;
        int step = nearRows(dy);
        dy.forEachPart(part -> {
            int image = part.image();
            for (int from = part.from(); from < part.to(); from += step) {
                int rows = Math.min(step, part.to() - from);
                long out = target(dx, part, from, rows);
                long in = read(dy, part, from, rows, 0);
                if (last) {
                    GateRows.inputGradientByColumns(in, rows, dy.cols(), positionFactors.at(image, from),
                            channelFactors.at(image), ofPositions.at(image, from), ofChannels.at(image), out);
                } else {
                    GateRows.inputGradientByRows(in, rows, dy.cols(), channelFactors.at(image, from),
                            positionFactors.at(image), ofPositions.at(image), ofChannels.at(image, from), out);
                }
                written(dx, part, from, rows, out);
                addSpikes(dx, image, from, from + rows, last ? toChannels : toPositions,
                        last ? toPositions : toChannels);
            }
        });
        return dx;
    }

    private static void addSpikes(MapRows dx, int image, int from, int to, Spike inRows, Spike inColumns) {
        for (int i = from; inRows != null && i < to; i++) {
            dx.add(image, i, Vectors.getInt(inRows.places().at(image, i)), inRows.values().get(image, i));
        }
        for (int i = from; inColumns != null && i < to; i++) {
            for (int j = inColumns.head(image, i); j >= 0; j = inColumns.next(image, j)) {
                dx.add(image, i, j, inColumns.values().get(image, j));
            }
        }
    }

    /** How many rows are still in the fastest caches after a pass over them. */
    private static int nearRows(MapRows x) {
        return Math.min(x.blockRows(), Math.max(4, NEAR / x.cols()));
    }

    /**
     * Adds to the gradient of each channel's gate what comes from pools over the gated channels.
     *
     * @param dmean for each position the gradient of each of its channels
     */
    static void addPoolGradients(MapRows x, Numbers dmean, Spike toChannels, Numbers dgate) {
        Numbers sums = x.channelsLast ? Numbers.filled(x.images, x.parts() * x.cols(), 0)
                : Numbers.floats(x.images, x.rows());
        int step = nearRows(x);
        x.forEachPart(part -> {
            int image = part.image();
            long own = sums.at(image, x.channelsLast ? part.part() * x.cols() : 0);
            for (int from = part.from(); from < part.to(); from += step) {
                int to = Math.min(from + step, part.to());
                long block = read(x, part, from, to - from, 0);
                if (x.channelsLast) {
                    Rows.addTo(block, to - from, x.cols(), dmean.at(image, from), own);
                    for (int p = from; p < to; p++) {
                        int channel = Vectors.getInt(toChannels.places().at(image, p));
                        Vectors.addFloat(own + (long) channel * Float.BYTES,
                                x.get(image, channel, p) * toChannels.values().get(image, p));
                    }
                } else {
                    Rows.dots(block, to - from, x.cols(), dmean.at(image), own + (long) from * Float.BYTES);
                    for (int c = from; c < to; c++) {
                        float sum = 0;
                        for (int p = toChannels.head(image, c); p >= 0; p = toChannels.next(image, p)) {
                            sum += x.get(image, c, p) * toChannels.values().get(image, p);
                        }
                        Vectors.addFloat(own + (long) c * Float.BYTES, sum);
                    }
                }
            }
        });
        dgate.add(x.channelsLast ? added(x, sums) : sums);
    }

    private static void rowSums(MapRows x, Numbers sums) {
        forEachBlock(x, (part, from, rows, block) -> Rows.sums(block, rows, x.cols(), sums.at(part.image(), from)));
    }

    private static void rowDots(MapRows x, Numbers factors, Numbers dots) {
        forEachBlock(x, (part, from, rows, block) -> Rows.dots(block, rows, x.cols(), factors.at(part.image()),
                dots.at(part.image(), from)));
    }

    private static void addedColumns(MapRows x, Numbers factors, Numbers sums) {
        Numbers parts = Numbers.filled(x.images, x.parts() * x.cols(), 0);
        forEachBlock(x, (part, from, rows, block) -> Rows.addTo(block, rows, x.cols(),
                factors == null ? 0 : factors.at(part.image(), from), parts.at(part.image(), part.part() * x.cols())));
        add(x, parts, sums);
    }

    /** Sums of the parts' sums over columns. */
    private static Numbers added(MapRows x, Numbers partSums) {
        if (x.parts() == 1) {
            return partSums;
        }
        Numbers sums = Numbers.floats(x.images, x.cols());
        add(x, partSums, sums);
        return sums;
    }

    /** Sets sums of the parts' sums over columns. */
    static void add(MapRows x, Numbers partSums, Numbers sums) {
        Team.forEach(x.images, image -> {
            Rows.fill(sums.at(image), x.cols(), 0);
            Rows.add(partSums.at(image), x.parts(), x.cols(), sums.at(image));
        });
    }

    @FunctionalInterface
    interface BlockWork {
        void on(Part part, int from, int rows, long block);
    }

    static void forEachBlock(MapRows x, BlockWork work) {
        x.forEachPart(part -> {
            for (int from = part.from(); from < part.to(); from += x.blockRows()) {
                int rows = Math.min(x.blockRows(), part.to() - from);
                work.on(part, from, rows, read(x, part, from, rows, 0));
            }
        });
    }

    /** The address of rows in float32: where they are, or a copy. */
    static long read(MapRows map, Part part, int from, int rows, int slot) {
        long at = map.row(part.image(), from);
        if (!map.half) {
            return at;
        }
        long block = Scratch.block(slot, map.blockRows() * map.cols());
        Halves.widen(at, rows * map.cols(), block);
        return block;
    }

    /** Where rows are to be written in float32. */
    static long target(MapRows map, Part part, int from, int rows) {
        return map.half ? Scratch.block(2, map.blockRows() * map.cols()) : map.row(part.image(), from);
    }

    static void written(MapRows map, Part part, int from, int rows, long block) {
        if (map.half) {
            Halves.narrow(block, rows * map.cols(), map.row(part.image(), from));
        }
    }
}
