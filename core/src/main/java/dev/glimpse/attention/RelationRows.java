package dev.glimpse.attention;

import static dev.glimpse.attention.Attentions.Entry.typed;
import static dev.glimpse.attention.Attentions.Family.RELATION;

import dev.glimpse.attention.Attentions.Entry;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Module;

/** Attention over classes, parts and relations. */
final class RelationRows {
    private RelationRows() {}

    static List<Entry> rows() {
        return List.of(
                typed("ocr", "object-contextual representations (OCR)", "Yuan et al., ECCV 2020", RELATION, "classes",
                        RelationRows::ocr,
                        (module, inputs) -> List.of(((Ocr) module).forward(inputs.get(0), inputs.get(1))),
                        size -> Map.of("channels", size.channels()),
                        size -> List.of(new long[]{size.batch(), size.channels(), size.height(), size.width()},
                                new long[]{size.batch(), 5, size.height(), size.width()})));
    }

    private static Module ocr(Args args) {
        long channels = args.required("channels");
        return new Ocr(channels, Ocr.Config.read(args, channels));
    }
}
