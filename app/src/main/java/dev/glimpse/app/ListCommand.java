package dev.glimpse.app;

import dev.glimpse.attention.Attentions;
import dev.glimpse.model.Networks;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists what there is. */
@Command(name = "list", mixinStandardHelpOptions = true, description = "List the attention modules or the networks.")
final class ListCommand implements Runnable {
    private enum Table {
        ATTENTION, MODELS
    }

    private record Row(String name, String title, String paper) {}

    @Parameters(paramLabel = "attention|models", description = "Which table.")
    private Table table;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        List<Row> rows = switch (table) {
            case ATTENTION -> Attentions.table().values().stream().map(e -> new Row(e.name(), e.title(), e.paper()))
                    .toList();
            case MODELS ->
                    Networks.table().values().stream().map(e -> new Row(e.name(), e.title(), e.paper())).toList();
        };
        if (json) {
            out.println(Output.json(Map.of(table.name().toLowerCase(Locale.ROOT), rows)));
            return;
        }
        rows.forEach(row -> out.printf(Locale.ROOT, "%-18s %-56s %s%n", row.name(), row.title(), row.paper()));
    }
}
