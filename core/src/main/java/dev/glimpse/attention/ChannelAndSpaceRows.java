package dev.glimpse.attention;

import static dev.glimpse.attention.Attentions.Entry.layer;
import static dev.glimpse.attention.Attentions.Family.CHANNEL_AND_SPACE;

import dev.glimpse.attention.Attentions.Entry;
import java.util.List;

/** Attention over channels and positions. */
final class ChannelAndSpaceRows {
    private static final String BOTH = "channels, positions";

    private ChannelAndSpaceRows() {}

    static List<Entry> rows() {
        return List.of(
                layer("bam", "BAM, the authors' code", "Park et al., BMVC 2018", CHANNEL_AND_SPACE, BOTH, "bam",
                        a -> new Bam(a.required("channels"), Bam.Config.read(a))));
    }
}
