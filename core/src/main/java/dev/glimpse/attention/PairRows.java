package dev.glimpse.attention;

import static dev.glimpse.attention.Attentions.Entry.layer;
import static dev.glimpse.attention.Attentions.Entry.typed;
import static dev.glimpse.attention.Attentions.Family.PAIRS;

import dev.glimpse.attention.Attentions.Entry;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/** Self-attention: weights for pairs. */
final class PairRows {
    private static final String TRANSFORMER = "Vaswani et al., NeurIPS 2017";

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
                        a -> new DaNet(a.required("channels"), DaNet.Config.read(a))).called(PairRows::callDaNet));
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
