package dev.glimpse.attention;

import static dev.glimpse.attention.AttentionMaps.Kind.CHANNEL_PAIRS;
import static dev.glimpse.attention.AttentionMaps.Kind.SPATIAL;
import static dev.glimpse.attention.AttentionMaps.seen;
import static dev.glimpse.nn.Layers.batchNorm2d;
import static dev.glimpse.nn.Layers.conv2d;
import static dev.glimpse.nn.Tensors.cat;
import static dev.glimpse.nn.Tensors.mean;
import static dev.glimpse.nn.Tensors.spatialMean;

import dev.glimpse.Layer;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Sequential;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Interaction, aggregation, update: channels that look alike mix, then the parts of a body tell all positions what they
 * show.
 *
 * <pre>
 * x' = x + BN(W1 softmax(x x^T) x)                           (B, C, H, W), the channels' pairs (B, C, C)
 * a  = sigmoid(BN(conv1x1(x')))                              (B, P, H, W), a map a part
 * p  = g(sum over positions of a x'), u = g(mean of x')      (B, P, C/2), (B, C/2)
 * z  = x' + BN(W2 [mean over parts of stiau(p, u); u])       (B, C, H, W)
 * </pre>
 *
 * Hou, Ma, Chang, Gu, Shan, Chen: IAUnet: Global Context-Aware Feature Learning for Person Re-Identification. IEEE TNNLS
 * 2020. <a href="https://arxiv.org/abs/2009.01035">arXiv:2009.01035</a>
 *
 * <p>
 * This is the authors' code for images, with its keys. The paper lets the parts interact first and the channels after
 * them: {@code channel_first=false}. The norms after W1 and W2 start at 0, so that at first the output is the input. The
 * part maps are an output since the authors train them with masks of the parts; {@link #forward} leaves them out.
 * {@code stiau} is the parts' interaction alone, for videos too.
 */
public final class Iau extends Layer implements StartsAsIdentity {
    /**
     * @param parts how many maps of parts are learned
     * @param channelFirst whether channels interact before parts do
     */
    public record Config(long parts, boolean channelFirst) {
        /** The authors' code: four parts, channels first. */
        public static final Config DEFAULT = new Config(4, true);

        public Config {
            Checks.positive("iau: parts", parts);
        }

        static Config read(Args args) {
            return new Config(args.integer("parts", DEFAULT.parts),
                    args.flag("channel_first", DEFAULT.channelFirst));
        }
    }

    /**
     * @param output (B, C, H, W)
     * @param parts where each part is, from 0 to 1: (B, P, H, W)
     */
    public record Result(Tensor output, Tensor parts) {}

    private final long channels;
    private final Config config;
    private final PartMaps partMaps;
    private final Conv2dImpl halved;
    private final Stiau interaction;
    private final Sequential channelUpdate;
    private final Sequential partUpdate;

    public Iau(long channels) {
        this(channels, Config.DEFAULT);
    }

    public Iau(long channels, Config config) {
        Checks.positive("iau: channels", channels);
        if (channels % 2 != 0) {
            throw new IllegalArgumentException("iau: channels is " + channels + ", must be even");
        }
        this.channels = channels;
        this.config = config;
        partMaps = register_module("sa", new PartMaps(channels, config.parts()));
        halved = register_module("g", conv(channels, channels / 2));
        interaction = register_module("SIAU", new Stiau(channels / 2, new Stiau.Config(1, config.parts())));
        channelUpdate = register_module("W1", new Sequential(conv(channels, channels), zeroNorm(channels)));
        partUpdate = register_module("W2", new Sequential(conv(channels, channels), zeroNorm(channels)));
    }

    /** (B, C, H, W) to the same. */
    @Override
    public Tensor forward(Tensor x) {
        return attend(x).output();
    }

    /** The same with the part maps. */
    public Result attend(Tensor x) {
        Checks.maps("iau", channels, x);
        Checks.imagesForNorm("iau", this, x);
        Tensor mixed = config.channelFirst() ? mixChannels(x) : x; // (B, C, H, W)
        Tensor parts = seen(partMaps, SPATIAL, partMaps.forward(mixed)); // (B, P, H, W)
        Tensor z = addParts(mixed, parts); // (B, C, H, W)
        return new Result(config.channelFirst() ? z : mixChannels(z), parts);
    }

    private Tensor mixChannels(Tensor x) {
        Tensor flat = x.flatten(2, 3); // (B, C, N)
        Tensor weights = flat.matmul(flat.transpose(1, 2)).softmax(-1); // (B, C, C)
        seen(this, CHANNEL_PAIRS, weights.unsqueeze(1));
        Tensor y = weights.matmul(flat).reshape(x.size(0), x.size(1), x.size(2), x.size(3));
        return channelUpdate.forward(y).add(x);
    }

    private Tensor addParts(Tensor x, Tensor maps) {
        Tensor shown = x.flatten(2, 3).matmul(maps.flatten(2, 3).transpose(1, 2)).unsqueeze(3); // (B, C, P, 1)
        Tensor nodes = halved.forward(cat(2, shown, spatialMean(x))).squeeze(3).transpose(1, 2); // (B, P+1, C/2)
        Tensor parts = nodes.narrow(1, 0, config.parts()).unsqueeze(1); // (B, 1, P, C/2)
        Tensor whole = nodes.select(1, config.parts()); // (B, C/2)
        Tensor told = mean(interaction.forward(parts, whole), 2).flatten(1, 3); // (B, C/2)
        Tensor update = cat(1, told, whole).unsqueeze(2).unsqueeze(3); // (B, C, 1, 1)
        return partUpdate.forward(update).add(x);
    }

    private static Conv2dImpl conv(long in, long out) {
        Conv2dImpl conv = conv2d(in, out, 1);
        Init.kaimingFanOut(conv.weight());
        return conv;
    }

    private static BatchNorm2dImpl zeroNorm(long channels) {
        BatchNorm2dImpl norm = batchNorm2d(channels);
        Init.constant(norm.weight(), 0);
        return norm;
    }

    /** Where each part is. */
    private static final class PartMaps extends Layer {
        private final Conv2dImpl conv;
        private final BatchNorm2dImpl bn;

        PartMaps(long channels, long parts) {
            Module block = register_module("conv", new Module());
            conv = block.register_module("conv", conv(channels, parts));
            bn = block.register_module("bn", batchNorm2d(parts));
        }

        @Override
        public Tensor forward(Tensor x) {
            return bn.forward(conv.forward(x)).sigmoid();
        }
    }

    @Override
    public void open() {
        for (Sequential update : new Sequential[]{channelUpdate, partUpdate}) {
            ((BatchNorm2dImpl) update.parts().get("1")).reset_parameters();
        }
    }

    /** Not possible: the second update reads what the first has added. */
    @Override
    public boolean scale(double factor) {
        return false;
    }
}
