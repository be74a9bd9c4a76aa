package dev.glimpse.kernel;

/**
 * Passes over feature maps (B, C, H, W) under a gate of their channels alone, forward and backward, in every type and order.
 *
 * <p>
 * What {@link Passes} compute with a positions' gate of ones, by fewer numbers at hand.
 */
final class ChannelPasses {
    private ChannelPasses() {}

    /** Writes the map times a number for each channel into another. */
    static void gate(MapRows x, Numbers factors, MapRows y) {
        Passes.forEachBlock(x, (part, from, rows, block) -> {
            long out = Passes.target(y, part, from, rows);
            if (x.channelsLast) {
                GateRows.multiplyColumns(block, rows, x.cols(), factors.at(part.image()), out);
            } else {
                GateRows.multiplyRows(block, rows, x.cols(), factors.at(part.image(), from), out);
            }
            Passes.written(y, part, from, rows, out);
        });
    }

    /** Writes the map plus a number for each channel into another. */
    static void shift(MapRows x, Numbers more, MapRows y) {
        inputGradient(x, Numbers.ones(x.channels), more, y);
    }

    /** Sets the gradient of the channels' gate: (images, channels). */
    static void gateGradients(MapRows dy, MapRows x, Numbers gradients) {
        Numbers sums = x.channelsLast ? Numbers.filled(x.images, x.parts() * x.cols(), 0) : gradients;
        Passes.forEachBlock(x, (part, from, rows, block) -> {
            long gradient = Passes.read(dy, part, from, rows, 1);
            if (x.channelsLast) {
                GateRows.columnProducts(gradient, block, rows, x.cols(),
                        sums.at(part.image(), part.part() * x.cols()));
            } else {
                GateRows.rowProducts(gradient, block, rows, x.cols(), sums.at(part.image(), from));
            }
        });
        dy.follow(x);
        if (x.channelsLast) {
            Passes.add(x, sums, gradients);
        }
    }

    /**
     * Writes the gradient of the map.
     *
     * @param more what flows back from a sum over positions to each of its channel's elements: (images, channels)
     */
    static void inputGradient(MapRows dy, Numbers factors, Numbers more, MapRows dx) {
        Passes.forEachBlock(dy, (part, from, rows, block) -> {
            int image = part.image();
            long out = Passes.target(dx, part, from, rows);
            if (dy.channelsLast) {
                GateRows.multiplyColumnsAndAdd(block, rows, dy.cols(), factors.at(image), more.at(image), out);
            } else {
                GateRows.multiplyRowsAndAdd(block, rows, dy.cols(), factors.at(image, from), more.at(image, from),
                        out);
            }
            Passes.written(dx, part, from, rows, out);
        });
    }

    /**
     * Sets sums over the positions, each element times a number of its own that all images share: (images, channels).
     *
     * @param factors laid as an image of the map is
     */
    static void products(MapRows x, Numbers factors, Numbers sums) {
        Numbers parts = x.channelsLast ? Numbers.filled(x.images, x.parts() * x.cols(), 0) : null;
        Passes.forEachBlock(x, (part, from, rows, block) -> {
            long own = factors.at(0, from * x.cols());
            if (x.channelsLast) {
                GateRows.columnProducts(own, block, rows, x.cols(), parts.at(part.image(), part.part() * x.cols()));
            } else {
                GateRows.rowProducts(own, block, rows, x.cols(), sums.at(part.image(), from));
            }
        });
        if (x.channelsLast) {
            Passes.add(x, parts, sums);
        }
    }

    /**
     * Writes the gradient of a map that a gate of its channels multiplied, made of {@link #products}.
     *
     * @param dsums what flows back to these: (images, channels)
     */
    static void gradientOfProducts(MapRows dy, Numbers channelFactors, Numbers dsums, Numbers factors, MapRows dx) {
        Numbers ones = Numbers.ones(Math.max(dy.rows(), dy.cols()));
        Numbers r = dy.channelsLast ? ones : channelFactors;
        Numbers k = dy.channelsLast ? channelFactors : ones;
        Numbers a = dy.channelsLast ? ones : dsums;
        Numbers b = dy.channelsLast ? dsums : ones;
        Passes.forEachBlock(dy, (part, from, rows, block) -> {
            int image = part.image();
            long out = Passes.target(dx, part, from, rows);
            GateRows.gradientOfProducts(block, rows, dy.cols(), r.at(image, from), k.at(image), a.at(image, from),
                    b.at(image), factors.at(0, from * dy.cols()), out);
            Passes.written(dx, part, from, rows, out);
        });
    }
}
