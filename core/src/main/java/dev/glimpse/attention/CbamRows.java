package dev.glimpse.attention;

import static dev.glimpse.attention.Attentions.Entry.layer;
import static dev.glimpse.attention.Attentions.Family.CBAM;

import dev.glimpse.attention.Attentions.Entry;
import java.util.List;

/** The forms of CBAM. */
final class CbamRows {
    private static final String PAPER = "Woo et al., ECCV 2018";
    private static final String BOTH = "channels, positions";

    private CbamRows() {}

    static List<Entry> rows() {
        return List.of(
                layer("cbam", "CBAM, the authors' code", PAPER, CBAM, BOTH, "cbam",
                        a -> new Cbam(a.required("channels"), Cbam.Config.read(a))),
                layer("cbam-plain", "CBAM without norm and biases, as in tutorials", PAPER, CBAM, BOTH, "cbam",
                        a -> new CbamPlain(a.required("channels"), CbamPlain.Config.read(a))),
                layer("cbam-timm", "CBAM as in timm", PAPER + "; timm", CBAM, BOTH, "cbam",
                        a -> new CbamTimm(a.required("channels"), CbamTimm.Config.read(a))),
                layer("cbam-independent", "CBAM with an MLP a pool and a deep spatial gate", "after " + PAPER, CBAM,
                        BOTH, "cbam", a -> new CbamIndependent(a.required("channels"), CbamIndependent.Config.read(a))),
                layer("cbam-parallel", "CBAM with its gates side by side, added to the input", "after " + PAPER, CBAM,
                        BOTH, "cbam", a -> new CbamParallel(a.required("channels"), CbamParallel.Config.read(a))));
    }
}
