package dev.glimpse.attention;

import static dev.glimpse.attention.Attentions.Entry.layer;
import static dev.glimpse.attention.Attentions.Family.CHANNEL;

import dev.glimpse.attention.Attentions.Entry;
import java.util.List;

/** Attention over channels. */
final class ChannelRows {
    private static final String SE = "Hu et al., CVPR 2018";
    private static final String ECA = "Wang et al., CVPR 2020";
    private static final String SK = "Li et al., CVPR 2019";

    private ChannelRows() {}

    static List<Entry> rows() {
        return List.of(
                layer("se", "squeeze-and-excitation", SE, CHANNEL, "channels", "attention",
                        a -> new Se(a.required("channels"), Se.Config.read(a))),
                layer("se-timm", "squeeze-and-excitation as in timm", SE + "; timm", CHANNEL, "channels", "attention",
                        a -> new SeTimm(a.required("channels"), SeTimm.Config.read(a))),
                layer("ese", "effective squeeze-and-excitation: one layer, a hard sigmoid", "Lee and Park, CVPR 2020",
                        CHANNEL, "channels", "attention", a -> new Ese(a.required("channels"), Ese.Config.read(a))),
                layer("ge", "gather-excite, as in timm", "Hu et al., NeurIPS 2018", CHANNEL,
                        "channels at each position", "attention",
                        a -> new Ge(a.required("channels"), Ge.Config.read(a))),
                layer("spa", "spatial pyramid attention", "Guo et al., ICME 2020", CHANNEL, "channels", "attention",
                        a -> new Spa(a.required("channels"), Spa.Config.read(a))),
                layer("eca", "efficient channel attention", ECA, CHANNEL, "channels", "attention",
                        a -> new Eca(a.required("channels"), Eca.Config.read(a))),
                layer("ceca", "efficient channel attention around a ring", "after " + ECA + "; timm", CHANNEL,
                        "channels", "attention", a -> new Ceca(a.required("channels"), Ceca.Config.read(a))),
                layer("fca", "frequency channel attention", "Qin et al., ICCV 2021", CHANNEL, "channels", "attention",
                        a -> new Fca(a.required("channels"), Fca.Config.read(a))),
                layer("sk", "selective kernels, the paper's form", SK, CHANNEL, "channels of branches", "attention",
                        a -> new Sk(a.required("channels"), Sk.Config.read(a))),
                layer("sk-timm", "selective kernels as in timm", SK + "; timm", CHANNEL, "channels of branches",
                        "attention", a -> new SkTimm(a.required("channels"), SkTimm.Config.read(a))),
                layer("gsop", "global second-order pooling", "Gao et al., CVPR 2019", CHANNEL,
                        "channels, positions or both", "attention",
                        a -> new Gsop(a.required("channels"), Gsop.Config.read(a))));
    }
}
