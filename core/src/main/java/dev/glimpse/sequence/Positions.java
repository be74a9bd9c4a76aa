package dev.glimpse.sequence;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * Adds to each word where it stands, by sines and cosines of falling frequency.
 *
 * <pre>
 * p(i, 2j) = sin(i / 10000^(2j / d))      p(i, 2j + 1) = cos(i / 10000^(2j / d))      (1, positions, d)
 * </pre>
 */
final class Positions extends Layer {
    private final Tensor table;

    Positions(long positions, long features) {
        Checks.positive("positions", positions);
        float[] values = new float[Math.toIntExact(positions * features)];
        for (int i = 0; i < values.length; i++) {
            long feature = i % features;
            double angle = i / features / Math.pow(10_000, 2 * (feature / 2) / (double) features);
            values[i] = (float) (feature % 2 == 0 ? Math.sin(angle) : Math.cos(angle));
        }
        table = register_buffer("pos_table", Tensors.of(values, 1, positions, features));
    }

    /** For sentences from their first word on. */
    @Override
    public Tensor forward(Tensor x) {
        return forward(x, 0);
    }

    /** @param from the position of the first word in {@code x} */
    Tensor forward(Tensor x, long from) {
        if (from + x.size(1) > table.size(1)) {
            throw new IllegalArgumentException("a sentence has " + (from + x.size(1))
                    + " words, this transformer has " + table.size(1) + " positions");
        }
        return x.add(table.narrow(1, from, x.size(1)));
    }
}
