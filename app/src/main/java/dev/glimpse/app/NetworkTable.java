package dev.glimpse.app;

import dev.glimpse.model.Networks;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The networks by name, for people, machines and the documentation. */
final class NetworkTable {
    /** @param paper authors, venue and year */
    record Row(String name, String title, String paper) {}

    private NetworkTable() {}

    static List<Row> rows() {
        return Networks.table().values().stream().map(e -> new Row(e.name(), e.title(), e.paper())).toList();
    }

    static String text() {
        int name = rows().stream().mapToInt(row -> row.name().length()).max().orElse(1);
        int title = rows().stream().mapToInt(row -> row.title().length()).max().orElse(1);
        return lines("%-" + name + "s  %-" + title + "s  %s%n");
    }

    /** The table as it stands in docs/networks. */
    static String markdown() {
        return "| name | network | paper |\n|---|---|---|\n" + lines("| `%s` | %s | %s |\n");
    }

    private static String lines(String format) {
        return rows().stream().map(row -> String.format(Locale.ROOT, format, row.name(), row.title(), row.paper()))
                .collect(Collectors.joining());
    }
}
