package dev.glimpse.attention;

import static dev.glimpse.attention.Attentions.Entry.layer;
import static dev.glimpse.attention.Attentions.Entry.typed;
import static dev.glimpse.attention.Attentions.Family.PAIRS;

import dev.glimpse.attention.Attentions.Entry;
import dev.glimpse.attention.Attentions.Size;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/** Self-attention: weights for pairs. */
final class PairRows {
    private static final String TRANSFORMER = "Vaswani et al., NeurIPS 2017";
    private static final String CCNET = "Huang et al., ICCV 2019";
    private static final String ANN = "Zhu et al., ICCV 2019";
    private static final String GCNET = "Cao et al., ICCV Workshops 2019";
    private static final String DANET = "Fu et al., CVPR 2019";

    private PairRows() {}

    static List<Entry> rows() {
        return List.of(
                typed("mha", "multi-head attention over tokens", TRANSFORMER, PAIRS, "pairs of tokens",
                        a -> new Mha(Mha.Config.read(a, a.required("d_model"))), PairRows::callMha,
                        size -> Map.of("d_model", size.channels()), size -> {
                            long[] keys = {size.batch(), size.height() * size.width(), size.channels()};
                            return List.of(new long[]{size.batch(), keys[1] + 3, size.channels()}, keys, keys);
                        }),
                layer("mha2d", "multi-head attention over positions", TRANSFORMER, PAIRS, "pairs of positions",
                        "attention", a -> new Mha2d(Mha.Config.read(a, a.required("channels")))),
                layer("conv1d-mha", "multi-head attention by 1x1 convolutions", "after " + TRANSFORMER, PAIRS,
                        "pairs of positions", "attention",
                        a -> new Conv1dMha(a.required("channels"), Conv1dMha.Config.read(a))),
                layer("nonlocal", "non-local block", "Wang et al., CVPR 2018", PAIRS, "pairs of positions",
                        "attention", a -> new NonLocal(a.required("channels"), NonLocal.Config.read(a))),
                layer("pam", "DANet's position attention", DANET, PAIRS, "pairs of positions", "attention",
                        a -> new Pam(a.required("channels"), Pam.Config.read(a))),
                layer("cam", "DANet's channel attention", DANET, PAIRS, "pairs of channels", "attention",
                        a -> new Cam(a.required("channels"), Cam.Config.read(a))),
                layer("danet", "DANet's head: position and channel attention, added", DANET, PAIRS,
                        "pairs of positions, pairs of channels", "attention",
                        a -> new DaNet(a.required("channels"), DaNet.Config.read(a))).called(PairRows::callDaNet),
                layer("apnb", "asymmetric non-local: positions attend to pooled anchors", ANN, PAIRS,
                        "pairs of positions and anchors", "attention", AsymmetricNonLocal.Apnb::read),
                typed("afnb", "asymmetric non-local fusion of two stages", ANN, PAIRS,
                        "pairs of positions and anchors", AsymmetricNonLocal.Afnb::read, PairRows::callAfnb,
                        size -> Map.of("low_channels", size.channels() / 2, "high_channels", size.channels()),
                        size -> List.of(new long[]{size.batch(), size.channels() / 2, size.height() + 2, size.width()},
                                map(size, size.channels()))),
                layer("cc", "criss-cross attention, two passes", CCNET, PAIRS, "pairs in a row or column", "attention",
                        a -> new CrissCross(a.required("channels"), CrissCross.Config.read(a))),
                typed("ca_weight", "criss-cross affinities", CCNET, PAIRS, "pairs in a row or column",
                        _ -> new CrissCross.Affinity(), PairRows::callAffinity, _ -> Map.of(),
                        size -> List.of(map(size, size.channels()), map(size, size.channels()))),
                typed("ca_map", "criss-cross aggregation", CCNET, PAIRS, "pairs in a row or column",
                        _ -> new CrissCross.Aggregation(), PairRows::callAggregation, _ -> Map.of(),
                        size -> List.of(map(size, size.height() + size.width() - 1), map(size, size.channels()))),
                layer("gc", "global context, added to every position", GCNET, PAIRS, "positions, alike for all queries",
                        "attention", a -> new GlobalContext(a.required("channels"), GlobalContext.Config.read(a))),
                layer("gc-timm", "timm's global context, a gate", GCNET, PAIRS,
                        "positions, alike for all queries; channels", "attention",
                        a -> new GlobalContextTimm(a.required("channels"), GlobalContextTimm.Config.read(a))));
    }

    private static long[] map(Size size, long channels) {
        return new long[]{size.batch(), channels, size.height(), size.width()};
    }

    private static List<Tensor> callAffinity(Module module, List<Tensor> inputs) {
        return List.of(((CrissCross.Affinity) module).forward(inputs.get(0), inputs.get(1)));
    }

    private static List<Tensor> callAfnb(Module module, List<Tensor> inputs) {
        return List.of(((AsymmetricNonLocal.Afnb) module).forward(inputs.get(0), inputs.get(1)));
    }

    private static List<Tensor> callAggregation(Module module, List<Tensor> inputs) {
        return List.of(((CrissCross.Aggregation) module).forward(inputs.get(0), inputs.get(1)));
    }

    private static List<Tensor> callMha(Module module, List<Tensor> inputs) {
        Mha.Result result = ((Mha) module).forward(inputs.get(0), inputs.get(1), inputs.get(2));
        return List.of(result.output(), result.weights());
    }

    /** The branches' own outputs too, so that no parameter goes untested. */
    private static List<Tensor> callDaNet(Module module, List<Tensor> inputs) {
        DaNet.Result result = ((DaNet) module).branches(inputs.getFirst());
        return List.of(result.sum(), result.position(), result.channel());
    }
}
