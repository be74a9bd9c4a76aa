package dev.glimpse.attention;

import static dev.glimpse.attention.Attentions.Entry.layer;
import static dev.glimpse.attention.Attentions.Family.CHANNEL_AND_SPACE;

import dev.glimpse.attention.Attentions.Entry;
import java.util.List;

/** Attention over channels and positions. */
final class ChannelAndSpaceRows {
    private ChannelAndSpaceRows() {}

    static List<Entry> rows() {
        return List.of(
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
