package dev.glimpse.app;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.glimpse.attention.Args;
import dev.glimpse.attention.Attentions;
import dev.glimpse.attention.Attentions.Entry;
import dev.glimpse.attention.Attentions.Size;
import dev.glimpse.io.StateDict;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;

/** The attention modules with what each costs on one map of one size, for people, machines and the README. */
final class AttentionTable {
    /** A ResNet's first stage at 224 pixels: the largest map on which its blocks attend. */
    static final Size SIZE = new Size(1, 256, 56, 56);

    /**
     * @param paper authors, venue and year
     * @param attends what gets a weight
     * @param page the documentation's page that tells more
     * @param parameters at {@link #SIZE}, with the default arguments
     * @param multiplyAdds of a forward there
     */
    record Row(String name, String title, String paper, int year, String attends, String page, long parameters,
            @JsonProperty("multiply_adds") long multiplyAdds) {}

    private AttentionTable() {}

    /** Builds and runs each module once. */
    static List<Row> rows() {
        return Attentions.table().values().stream().map(AttentionTable::row).toList();
    }

    private static Row row(Entry entry) {
        try (PointerScope _ = new PointerScope()) {
            long parameters = StateDict
                    .parameterCount(entry.create(new Args(entry.name(), entry.exampleArgs().apply(SIZE))));
            return new Row(entry.name(), entry.title(), entry.paper(), entry.year(), entry.attends(),
                    "docs/attention/" + entry.family().page() + ".md", parameters,
                    entry.cost(SIZE).multiplyAdds());
        }
    }

    static String text() {
        return rows().stream()
                .map(row -> String.format(Locale.ROOT, "%-17s %-58s %-28s %12s %9s  %s%n", row.name(), row.title(),
                        row.attends(), String.format(Locale.ROOT, "%,d", row.parameters()),
                        products(row.multiplyAdds()), row.paper()))
                .collect(Collectors.joining("",
                        String.format(Locale.ROOT, "%-17s %-58s %-28s %12s %9s  %s%n", "name", "module", "attends to",
                                "parameters", "mult-adds", "paper"),
                        String.format(Locale.ROOT, "Parameters and multiply-adds for %d channels on %dx%d.%n",
                                SIZE.channels(), SIZE.height(), SIZE.width())));
    }

    /** The table as it stands in the README. */
    static String markdown() {
        return rows().stream()
                .map(row -> String.format(Locale.ROOT, "| [`%s`](%s) | %s | %s | %s | %,d | %s |\n", row.name(),
                        row.page(), row.title(), row.attends(), row.paper(), row.parameters(),
                        products(row.multiplyAdds())))
                .collect(Collectors.joining("",
                        String.format(Locale.ROOT,
                                "| name | module | attends to | paper | parameters, C=%d | multiply-adds, %dx%d |\n",
                                SIZE.channels(), SIZE.height(), SIZE.width()) + "|---|---|---|---|--:|--:|\n",
                        ""));
    }

    /** A count of multiply-adds as it is printed. */
    static String products(long count) {
        if (count == 0) {
            return "0";
        }
        double millions = count / 1e6;
        return millions < 1 ? String.format(Locale.ROOT, "%.2f M", Math.max(0.01, millions))
                : millions < 1000 ? String.format(Locale.ROOT, "%.1f M", millions)
                        : String.format(Locale.ROOT, "%.2f G", millions / 1000);
    }
}
