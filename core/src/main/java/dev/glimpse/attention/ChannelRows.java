package dev.glimpse.attention;

import static dev.glimpse.attention.Attentions.Entry.layer;
import static dev.glimpse.attention.Attentions.Family.CHANNEL;

import dev.glimpse.attention.Attentions.Entry;
import java.util.List;

/** Attention over channels. */
final class ChannelRows {
    private static final String SK = "Li et al., CVPR 2019";

    private ChannelRows() {}

    static List<Entry> rows() {
        return List.of(
                layer("sk", "selective kernels, the paper's form", SK, CHANNEL, "channels of branches", "attention",
                        a -> new Sk(a.required("channels"), Sk.Config.read(a))),
                layer("sk-timm", "selective kernels as in timm", SK + "; timm", CHANNEL, "channels of branches",
                        "attention", a -> new SkTimm(a.required("channels"), SkTimm.Config.read(a))),
                layer("gsop", "global second-order pooling", "Gao et al., CVPR 2019", CHANNEL,
                        "channels, positions or both", "attention",
                        a -> new Gsop(a.required("channels"), Gsop.Config.read(a))));
    }
}
