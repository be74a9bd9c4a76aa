package dev.glimpse.attention;

import static dev.glimpse.attention.Attentions.Entry.layer;
import static dev.glimpse.attention.Attentions.Family.CHANNEL_AND_SPACE;

import dev.glimpse.attention.Attentions.Entry;
import java.util.List;

/** Attention over channels and positions. */
final class ChannelAndSpaceRows {
    private static final String BOTH = "channels, positions";
    private static final String SLOT = "attention";
    private static final String SCSE = "Roy et al., MICCAI 2018";

    private ChannelAndSpaceRows() {}

    static List<Entry> rows() {
        return List.of(
                layer("bam", "BAM, the authors' code", "Park et al., BMVC 2018", CHANNEL_AND_SPACE, BOTH, "bam",
                        a -> new Bam(a.required("channels"), Bam.Config.read(a))),
                layer("scse", "spatial and channel squeeze and excitation, added", SCSE, CHANNEL_AND_SPACE, BOTH, SLOT,
                        a -> new Scse(a.required("channels"), Scse.Config.read(a))),
                layer("scse-max", "spatial and channel squeeze and excitation, the authors' code", SCSE,
                        CHANNEL_AND_SPACE, BOTH, SLOT,
                        a -> new Scse.Max(a.required("channels"), a.integer("reduction", Scse.Max.REDUCTION))),
                layer("cse", "channel squeeze and excitation, scSE's half", SCSE, CHANNEL_AND_SPACE, "channels", SLOT,
                        a -> Scse.channelHalf(a.required("channels"),
                                a.integer("reduction", Scse.Config.DEFAULT.reduction()))),
                layer("sse", "spatial squeeze and excitation, scSE's half", SCSE, CHANNEL_AND_SPACE, "positions", SLOT,
                        a -> Scse.spatialHalf(a.required("channels"), Scse.Config.readMaps(a))),
                layer("a2", "double attention", "Chen et al., NeurIPS 2018", CHANNEL_AND_SPACE,
                        "positions, descriptors", SLOT, a -> {
                            long channels = a.required("channels");
                            return new A2(channels, A2.Config.read(a, channels));
                        }),
                layer("ra", "residual attention's mask branch", "Wang et al., CVPR 2017", CHANNEL_AND_SPACE,
                        "elements", SLOT,
                        a -> new ResidualAttention(a.required("channels"), ResidualAttention.Config.read(a))),
                layer("stn", "spatial transformer, affine", "Jaderberg et al., NeurIPS 2015", CHANNEL_AND_SPACE,
                        "where to sample", SLOT, a -> new Stn(a.required("channels"), Stn.Config.read(a)))
                        .withExample("outside", "reflection"), // with random weights all may lie outside
                layer("coord", "coordinate attention", "Hou et al., CVPR 2021", CHANNEL_AND_SPACE,
                        "channels of rows and columns", "attention",
                        a -> new CoordinateAttention(a.required("channels"), CoordinateAttention.Config.read(a))),
                layer("simam", "SimAM, without parameters", "Yang et al., ICML 2021", CHANNEL_AND_SPACE, "elements",
                        "attention", a -> new SimAm(a.required("channels"), SimAm.Config.read(a))),
                layer("triplet", "triplet attention", "Misra et al., WACV 2021", CHANNEL_AND_SPACE,
                        "pairs of channel, row and column", "attention",
                        a -> new TripletAttention(a.required("channels"), TripletAttention.Config.read(a))),
                layer("lka", "large kernel attention", "Guo et al., CVMJ 2023", CHANNEL_AND_SPACE, "elements",
                        "attention", a -> new LargeKernelAttention(a.required("channels"))));
    }
}
