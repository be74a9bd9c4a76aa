package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CROSS;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Tensors.amax;
import static dev.glimpse.nn.Tensors.cat;
import static dev.glimpse.nn.Tensors.shape;
import static dev.glimpse.nn.Tensors.shapeText;
import static dev.glimpse.nn.Tensors.split;

import dev.glimpse.nn.Init;
import dev.glimpse.Layer;
import dev.glimpse.kernel.CrissCrossAttention;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Memory;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.Arrays;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Criss-cross attention: each position attends to its row and its column; twice, and it has heard of all positions.
 *
 * <pre>
 * Q, K, V = 1x1 convolutions of x                                     (B, C/8, H, W) twice, (B, C, H, W)
 * E_u     = Q_u . K_j, j in u's row, then in its column without u     (B, H+W-1, H, W)
 * A       = softmax over j of E
 * y_u     = gamma * sum_j A_uj V_j + x_u                              (B, C, H, W)
 * and the same once more, with y for x
 * </pre>
 *
 * Huang, Wang, Huang, Huang, Wei, Liu: CCNet: Criss-Cross Attention for Semantic Segmentation. ICCV 2019.
 * <a href="https://arxiv.org/abs/1811.11721">arXiv:1811.11721</a>
 *
 * <p>
 * Two passes are the paper's; the authors' {@code CrissCrossAttention} is one of them, {@code recurrence=1}, which their
 * network calls twice. Gamma starts at 0 and the module as the identity. Differs from the authors' code: it masks nothing
 * with -infinity and computes energies and weights in float32 at least, so it runs in bfloat16 and half precision; and
 * below eight channels the queries have one.
 * {@link Affinity} and {@link Aggregation} are its two halves by themselves.
 *
 * <p>
 * Memory is O(N(H+W)): of what is as large as the affinities, only their exponentials ever exist as a whole.
 */
public final class CrissCross extends Layer implements StartsAsIdentity {
    /** @param recurrence how many passes, all with the same weights */
    public record Config(long recurrence) {
        /** The paper's: two. */
        public static final Config DEFAULT = new Config(2);

        public Config {
            Checks.positive("cc: recurrence", recurrence);
        }

        static Config read(Args args) {
            return new Config(args.integer("recurrence", DEFAULT.recurrence));
        }
    }

    private static final long QUERY_SHARE = 8;
    /** How many affinities are computed at a time: backward needs a few times as many for a moment. */
    private static final long STRIP = 1 << 20;
    /** The exponential of its negative is 0 in every type. */
    private static final double FAR = 1000;

    private final long channels;
    private final Config config;
    private final Conv2dImpl queries;
    private final Conv2dImpl keys;
    private final Conv2dImpl values;
    private final Tensor gamma;
    private final CrissCrossAttention fused;

    public CrissCross(long channels) {
        this(channels, Config.DEFAULT);
    }

    public CrissCross(long channels, Config config) {
        this.channels = Checks.positive("cc: channels", channels);
        this.config = config;
        long compared = Math.max(1, channels / QUERY_SHARE);
        queries = register_module("query_conv", conv2d(channels, compared, 1));
        keys = register_module("key_conv", conv2d(channels, compared, 1));
        values = register_module("value_conv", conv2d(channels, channels, 1));
        gamma = register_parameter("gamma", Tensors.zeros(ScalarType.Float, 1));
        fused = new CrissCrossAttention(queries, keys, values, gamma);
    }

    /**
     * (B, C, H, W) to the same.
     *
     * <p>
     * An exception among the modules: it frees what a pass makes and backward does not need, since the affinities of a
     * 256x256 map are eight times a map of 64 channels.
     */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("cc", channels, x);
        requireMemory(x);
        if (!watched() && CrissCrossAttention.runs(x)) {
            return fused.forward(x, config.recurrence());
        }
        Tensor y = x;
        for (long i = 0; i < config.recurrence(); i++) {
            Tensor input = y;
            y = lettingGo(() -> pass(input));
        }
        return y;
    }

    /** Exponentials of all passes stay for backward, if at all; a watched map is held three times. */
    private void requireMemory(Tensor x) {
        long times = config.recurrence() * (watched() ? 3 : GradMode.is_enabled() ? 1 : 0);
        long rows = times * x.size(2) + 4 * strips(x)[0];
        long wider = Math.max(1, Float.BYTES / x.element_size());
        Memory.require("cc", Memory.bytes(x, wider, x.size(0), rows, x.size(3), x.size(2) + x.size(3)),
                watched() ? "use a smaller map, or do not watch its attention" : "use a smaller map or fewer images");
    }

    private Tensor pass(Tensor x) {
        Tensor query = queries.forward(x); // (B, C', H, W)
        Tensor key = keys.forward(x); // (B, C', H, W)
        Tensor value = values.forward(x); // (B, C, H, W)
        return x.add(gamma.mul(attend(wide(query), wide(key), wide(value)).type_as(x)));
    }

    /** Short types as float32: a softmax's gradient is a difference, which their rounding would blur. */
    private static Tensor wide(Tensor x) {
        return x.element_size() < Float.BYTES ? x.to(ScalarType.Float) : x;
    }

    /** Some rows of the map at a time; all of them if somebody watches, who wants the map as a whole. */
    private Tensor attend(Tensor query, Tensor key, Tensor value) {
        long[] heights = watched() ? new long[]{value.size(2)} : strips(value);
        Tensor[] rowQueries = split(rows(query), 1, heights); // (B, S, W, C')
        Tensor[] rowKeys = split(rows(key), 1, heights);
        Tensor[] rowValues = split(rows(value), 1, heights); // (B, S, W, C)
        Tensor[] columnQueries = split(columns(query), 2, heights); // (B, W, S, C')
        Lines columns = new Lines(columns(key), columns(value)); // (B, W, H, C'), (B, W, H, C)
        Tensor[] attended = new Tensor[heights.length];
        long from = 0;
        for (int i = 0; i < heights.length; i++) {
            Tensor inRow = rowQueries[i];
            Tensor inColumn = columnQueries[i];
            Lines rows = new Lines(rowKeys[i], rowValues[i]);
            long first = from;
            attended[i] = lettingGo(() -> strip(inRow, rows, inColumn, columns, first)); // (B, S, W, C)
            from += heights[i];
        }
        return cat(1, attended).permute(0, 3, 1, 2);
    }

    /** What the queries of a strip find in their rows, (B, S, W, ...), and in their columns, (B, W, S or H, ...). */
    private Tensor strip(Tensor rowQueries, Lines rows, Tensor columnQueries, Lines columns, long first) {
        Tensor row = energies(rowQueries, rows.keys); // (B, S, W, W)
        Tensor column = energies(columnQueries, columns.keys); // (B, W, S, H)
        exponentiate(row, column, first);
        Tensor sum = row.sum(3).add(column.sum(3).transpose(1, 2)).unsqueeze(3); // (B, S, W, 1)
        if (watched()) {
            seen(this, CROSS, cross(row.div(sum), column.div(sum.transpose(1, 2))));
        }
        return row.matmul(rows.values).add(column.matmul(columns.values).transpose(1, 2)).div(sum);
    }

    /** The keys and values of a map's rows or columns: (B, lines, positions, ...). */
    private record Lines(Tensor keys, Tensor values) {}

    private static Tensor lettingGo(Supplier<Tensor> work) {
        return watched() ? work.get() : Scopes.lettingGo(work);
    }

    /** A softmax without its division, in place, over what a position has in its row and in its column. */
    private static void exponentiate(Tensor row, Tensor column, long first) {
        Tensor greatest = torch.maximum(amax(row.detach(), 3), amax(column.detach(), 3).transpose(1, 2)); // (B, S, W, 1)
        row.sub_(greatest).exp_();
        column.sub_(greatest.transpose(1, 2));
        // the position itself is in its row already; here its weight is 0, its gradient too, and autograd need not know
        column.detach().diagonal(first, 2, 3).fill_(new Scalar(-FAR));
        column.exp_();
    }

    /** How many rows of the map each strip has. */
    private static long[] strips(Tensor x) {
        long height = x.size(2);
        long most = Math.clamp(STRIP / (x.size(0) * x.size(3) * (height + x.size(3))), 1, height);
        long[] heights = new long[Math.toIntExact(Math.ceilDiv(height, most))];
        Arrays.fill(heights, most);
        heights[heights.length - 1] = height - (heights.length - 1) * most;
        return heights;
    }

    /**
     * The affinities, {@code ca_weight} in the authors' CUDA code: each position's query with the keys of its row, then of
     * its column without itself.
     */
    public static final class Affinity extends Module {
        /**
         * @param query (B, C', H, W)
         * @param key (B, C', H, W)
         * @return (B, H+W-1, H, W): W keys from left to right, then H-1 from top to bottom
         */
        public Tensor forward(Tensor query, Tensor key) {
            if (query.dim() != 4 || !Arrays.equals(shape(query), shape(key))) {
                throw new IllegalArgumentException("ca_weight: takes queries and keys of one shape (images, channels, "
                        + "height, width), got " + shapeText(shape(query)) + " and " + shapeText(shape(key)));
            }
            return cross(energies(rows(query), rows(key)), energies(columns(query), columns(key)));
        }
    }

    /** The aggregation, {@code ca_map} in the authors' CUDA code: mixes each position's row and column by weights. */
    public static final class Aggregation extends Module {
        /**
         * @param weights (B, H+W-1, H, W), in the order of {@link Affinity}
         * @param value (B, C, H, W)
         * @return (B, C, H, W)
         */
        public Tensor forward(Tensor weights, Tensor value) {
            long[] expected = value.dim() != 4 ? null
                    : new long[]{value.size(0), value.size(2) + value.size(3) - 1, value.size(2), value.size(3)};
            if (!Arrays.equals(expected, shape(weights))) {
                throw new IllegalArgumentException("ca_map: takes weights (images, height + width - 1, height, width) "
                        + "and values (images, channels, height, width), got " + shapeText(shape(weights)) + " and "
                        + shapeText(shape(value)));
            }
            Tensor[] parts = rowAndColumn(weights); // (B, H, W, W), (B, W, H, H)
            Tensor mixed = parts[0].matmul(rows(value)).add(parts[1].matmul(columns(value)).transpose(1, 2));
            return mixed.permute(0, 3, 1, 2);
        }
    }

    /**
     * How much weight each position gets from all queries, on average.
     *
     * @param weights (B, H+W-1, H, W), as {@link AttentionMaps} show them
     * @return (B, H, W)
     */
    public static Tensor received(Tensor weights) {
        Tensor[] parts = rowAndColumn(weights); // (B, H, W queries, W keys), (B, W, H queries, H keys)
        Tensor sum = parts[0].sum(2).add(parts[1].sum(2).transpose(1, 2));
        return sum.div(new Scalar(weights.size(2) * weights.size(3)));
    }

    /** (B, C, H, W) to (B, H, W, C). */
    private static Tensor rows(Tensor x) {
        return x.permute(0, 2, 3, 1);
    }

    /** (B, C, H, W) to (B, W, H, C): a copy, as products over such views would make one each. */
    private static Tensor columns(Tensor x) {
        return x.permute(0, 3, 2, 1).contiguous();
    }

    /** Each query of a line with each key of it: (B, lines, queries, C') and (B, lines, keys, C'). */
    private static Tensor energies(Tensor queries, Tensor keys) {
        return queries.matmul(keys.transpose(2, 3)); // (B, lines, queries, keys)
    }

    /** (B, H, W, W) and (B, W, H, H) to (B, H+W-1, H, W), without the column's diagonal. */
    private static Tensor cross(Tensor row, Tensor column) {
        long height = column.size(2);
        Tensor afterFirst = column.flatten(2, 3).narrow(2, 1, height * height - 1);
        Tensor others = afterFirst.reshape(column.size(0), column.size(1), height - 1, height + 1)
                .narrow(3, 0, height) // after each H of them comes one of the diagonal
                .reshape(column.size(0), column.size(1), height, height - 1);
        return cat(1, row.permute(0, 3, 1, 2), others.permute(0, 3, 2, 1));
    }

    /** The reverse, with zeros on the column's diagonal. */
    private static Tensor[] rowAndColumn(Tensor weights) {
        long height = weights.size(2);
        Tensor[] parts = split(weights, 1, weights.size(3), height - 1);
        Tensor others = parts[1].permute(0, 3, 2, 1) // (B, W, H, H-1)
                .reshape(weights.size(0), weights.size(3), height - 1, height);
        Tensor afterFirst = torch.constant_pad_nd(others, 0, 1).flatten(2, 3);
        Tensor column = torch.constant_pad_nd(afterFirst, 1, 0);
        return new Tensor[]{parts[0].permute(0, 2, 3, 1),
            column.view(weights.size(0), weights.size(3), height, height)};
    }

    @Override
    public void open() {
        Init.constant(gamma, 1);
    }

    @Override
    public boolean scale(double factor) {
        if (config.recurrence() > 1) {
            return false; // the second pass reads what the first has added
        }
        Init.scale(gamma, factor);
        return true;
    }
}
