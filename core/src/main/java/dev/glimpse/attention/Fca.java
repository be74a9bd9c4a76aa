package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.attention.AttentionMaps.watched;
import static dev.glimpse.nn.Layers.linearNoBias;
import static dev.glimpse.nn.Layers.relu;
import static dev.glimpse.nn.Tensors.cellMeans;
import static dev.glimpse.nn.Tensors.spatialSum;

import dev.glimpse.Layer;
import dev.glimpse.kernel.Kernels;
import dev.glimpse.kernel.Mlp;
import dev.glimpse.kernel.PooledGates;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Frequency channel attention: squeeze-and-excitation whose squeeze takes another frequency of the map for each group of
 * channels, where the mean would take the lowest for all.
 *
 * <pre>
 * d_c = sum over i, j of x_cij f_u(i, H) f_v(j, W)       (B, C), (u, v) the frequency of c's group
 * f_u(i, H) = sqrt((u = 0 ? 1 : 2) / H) cos(pi u (i + 1/2) / H)
 * s = sigmoid(W2 relu(W1 d))                             (B, C, 1, 1), W1: C/r x C, W2: C x C/r
 * y = s * x                                              (B, C, H, W)
 * </pre>
 *
 * Qin, Zhang, Wu, Li: FcaNet: Frequency Channel Attention Networks. ICCV 2021.
 * <a href="https://arxiv.org/abs/2012.11879">arXiv:2012.11879</a>
 *
 * <p>
 * This is the authors' code. The filters are built for maps of {@code height} x {@code width}; maps of another size are
 * averaged to it on a grid, as there. Without a size it is that of the authors' networks at so many channels: 56, 28, 14
 * and 7 for 64, 128, 256 and 512; any other width takes 7, on which the frequencies are defined. Their bottleneck
 * networks have these sizes at four times the channels: give both to load their weights. The filters are saved with the
 * weights, but not trained. Differs from the paper's text: d is a sum, so that frequency (0, 0) gives the mean times the
 * root of HW.
 */
public final class Fca extends Layer {
    /** The frequencies' indices are those of maps of this size. */
    private static final int BASE = 7;
    private static final Pattern FREQUENCIES = Pattern.compile("(top|low|bot)(1|2|4|8|16|32)");

    /** The authors' lists: the best, the lowest, the worst first; (u, v) in two digits. */
    private static final String TOP = "00 01 60 05 02 10 12 40 50 16 30 04 06 03 35 22 "
            + "46 63 33 53 55 21 61 52 54 32 31 41 23 20 65 13";
    private static final String LOW = "00 01 10 11 02 20 21 12 22 03 30 40 04 13 31 05 "
            + "14 23 32 41 50 06 15 24 33 42 51 60 16 25 34 43";
    private static final String BOT = "66 14 34 36 26 43 11 24 44 45 56 15 42 62 25 51 "
            + "64 13 65 20 23 41 31 32 54 52 61 21 55 53 33 63";

    /**
     * @param reduction the MLP's hidden width is {@code channels / reduction}, rounded down
     * @param frequencies {@code top}, {@code low} or {@code bot} (the best, the lowest, the worst), then how many: 1, 2, 4,
     *        8, 16 or 32; the channels divide by it
     * @param height of the maps that the filters are built for, at least 7; 0 takes it from the channels
     * @param width the same
     */
    public record Config(long reduction, String frequencies, long height, long width) {
        /** The authors': reduction 16, the 16 best. */
        public static final Config DEFAULT = new Config(16, "top16", 0, 0);

        public Config {
            Checks.positive("fca: reduction", reduction);
            if (!FREQUENCIES.matcher(frequencies).matches()) {
                throw new IllegalArgumentException("fca: frequencies is '" + frequencies
                        + "'; known: top, low or bot, then 1, 2, 4, 8, 16 or 32, as in top16");
            }
            boolean given = height != 0 || width != 0;
            if (given && (height < BASE || width < BASE)) {
                throw new IllegalArgumentException("fca: built for maps of " + height + "x" + width
                        + ", must be at least 7x7; smaller maps are brought to that size");
            }
        }

        static Config read(Args args) {
            return new Config(args.integer("reduction", DEFAULT.reduction),
                    args.text("frequencies", DEFAULT.frequencies), args.integer("height", DEFAULT.height),
                    args.integer("width", DEFAULT.width));
        }

        private Config sizedFor(long channels) {
            return height > 0 ? this : new Config(reduction, frequencies, side(channels), side(channels));
        }

        private static long side(long channels) {
            return switch (Math.toIntExact(channels)) {
                case 64 -> 56;
                case 128 -> 28;
                case 256 -> 14;
                default -> BASE;
            };
        }
    }

    private final long channels;
    private final DctLayer dct;
    private final LinearImpl squeeze;
    private final LinearImpl excite;

    public Fca(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Fca(long channels, Config config) {
        this.channels = channels;
        long hidden = Checks.reduced("fca", channels, config.reduction());
        dct = register_module("dct_layer", new DctLayer(Math.toIntExact(channels), config.sizedFor(channels)));
        squeeze = linearNoBias(channels, hidden);
        excite = linearNoBias(hidden, channels);
        register_module("fc", new Sequential(squeeze, relu(), excite));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        Checks.maps("fca", channels, x);
        Tensor filter = dct.sizedLike(x); // (C, H, W)
        if (!Kernels.large(x)) {
            return gated(x, filter);
        }
        return PooledGates.gated(x, PooledGates.Pooled.by(filter), Mlp.of(squeeze, excite), null,
                watched() ? (gate, _) -> seen(this, CHANNEL, gate) : null, () -> gated(x, filter));
    }

    private Tensor gated(Tensor x, Tensor filter) {
        Tensor spectrum = spatialSum(x.mul(filter)); // (B, C)
        Tensor gate = excite.forward(squeeze.forward(spectrum).relu()).sigmoid().unsqueeze(2).unsqueeze(3); // (B, C, 1, 1)
        return x.mul(seen(this, CHANNEL, gate));
    }

    /** One coefficient of each channel's discrete cosine transform. */
    private static final class DctLayer extends Module {
        private final Tensor weight;

        DctLayer(int channels, Config config) {
            weight = filters(channels, config);
            register_buffer("weight", weight);
        }

        /** To filter a map's means over a grid is to filter the map by the filter spread over the grid's cells. */
        private Tensor sizedLike(Tensor x) {
            if (x.size(2) == weight.size(1) && x.size(3) == weight.size(2)) {
                return weight;
            }
            Tensor overHeight = cellMeans(x.size(2), weight.size(1), weight).t(); // (H, height)
            Tensor overWidth = cellMeans(x.size(3), weight.size(2), weight); // (width, W)
            return overHeight.matmul(weight.matmul(overWidth)); // (C, H, W)
        }

        private static Tensor filters(int channels, Config config) {
            Matcher named = FREQUENCIES.matcher(config.frequencies());
            named.matches();
            int groups = Integer.parseInt(named.group(2));
            if (channels % groups != 0) {
                throw new IllegalArgumentException("fca: " + channels + " channels do not divide by the " + groups
                        + " frequencies of " + config.frequencies());
            }
            String[] ranked = switch (named.group(1)) {
                case "top" -> TOP.split(" ");
                case "low" -> LOW.split(" ");
                default -> BOT.split(" ");
            };
            int height = Math.toIntExact(config.height());
            int width = Math.toIntExact(config.width());
            double[][] down = waves(height);
            double[][] across = waves(width);
            float[] filters = new float[Math.multiplyExact(Math.multiplyExact(channels, height), width)];
            for (int i = 0; i < filters.length; i++) {
                String frequency = ranked[i / (height * width) / (channels / groups)];
                filters[i] = (float) (down[frequency.charAt(0) - '0'][i / width % height]
                        * across[frequency.charAt(1) - '0'][i % width]);
            }
            return Tensors.of(filters, channels, height, width);
        }

        /** Each of the frequencies of a map of {@link #BASE}, drawn over a map of another size. */
        private static double[][] waves(int size) {
            double[][] waves = new double[BASE][size];
            for (int i = 0; i < BASE; i++) {
                int frequency = i * (size / BASE);
                double amplitude = Math.sqrt((i == 0 ? 1.0 : 2.0) / size);
                for (int position = 0; position < size; position++) {
                    waves[i][position] = amplitude * Math.cos(Math.PI * frequency * (position + 0.5) / size);
                }
            }
            return waves;
        }
    }
}
