package dev.glimpse.attention;

import static dev.glimpse.attention.Attentions.Entry.layer;
import static dev.glimpse.attention.Attentions.Entry.typed;
import static dev.glimpse.attention.Attentions.Family.RELATION;

import dev.glimpse.attention.Attentions.Entry;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/** Attention over classes, parts and relations. */
final class RelationRows {
    private static final String IAU = "Hou et al., TNNLS 2020";

    private RelationRows() {}

    static List<Entry> rows() {
        Entry iau = layer("iau", "interaction of channels and of parts (IAU)", IAU, RELATION, "channels, parts",
                "attention", a -> new Iau(a.required("channels"), Iau.Config.read(a)));
        return List.of(
                typed("ocr", "object-contextual representations (OCR)", "Yuan et al., ECCV 2020", RELATION, "classes",
                        RelationRows::ocr,
                        (module, inputs) -> List.of(((Ocr) module).forward(inputs.get(0), inputs.get(1))),
                        size -> Map.of("channels", size.channels()),
                        size -> List.of(new long[]{size.batch(), size.channels(), size.height(), size.width()},
                                new long[]{size.batch(), 5, size.height(), size.width()})),
                new Entry(iau.name(), iau.title(), iau.paper(), iau.family(), iau.attends(), iau.slotKey(), true,
                        iau.factory(), RelationRows::callIau, iau.exampleArgs(), iau.exampleInputs()),
                typed("stiau", "interaction of parts over frames (STIAU)", IAU, RELATION, "parts, frames",
                        a -> new Stiau(a.required("channels"), Stiau.Config.read(a)),
                        (module, inputs) -> List.of(((Stiau) module).forward(inputs.get(0), inputs.get(1))),
                        size -> Map.of("channels", size.channels()),
                        size -> List.of(new long[]{size.batch(), 4, 4, size.channels()},
                                new long[]{size.batch(), size.channels()})),
                layer("rga", "relation-aware global attention (RGA)", "Zhang et al., CVPR 2020", RELATION,
                        "positions, channels", "attention",
                        a -> new Rga(a.required("channels"), a.required("height"), a.required("width"),
                                Rga.Config.read(a)))
                        .forOneSize());
    }

    private static Module ocr(Args args) {
        long channels = args.required("channels");
        return new Ocr(channels, Ocr.Config.read(args, channels));
    }

    private static List<Tensor> callIau(Module module, List<Tensor> inputs) {
        Iau.Result result = ((Iau) module).attend(inputs.getFirst());
        return List.of(result.output(), result.parts());
    }
}
