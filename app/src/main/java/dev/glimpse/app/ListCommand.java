package dev.glimpse.app;

import dev.glimpse.nn.Libtorch;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists what there is. */
@Command(name = "list", mixinStandardHelpOptions = true,
        description = "List the attention modules, the networks or the systems.")
final class ListCommand implements Runnable {
    private enum Table {
        ATTENTION, MODELS, SYSTEMS
    }

    private static final class Form {
        @Option(names = "--json", description = "Print one JSON object.")
        private boolean json;

        @Option(names = "--markdown", description = "Print a Markdown table.")
        private boolean markdown;
    }

    @Parameters(paramLabel = "attention|models|systems", description = "Which table.")
    private Table table;

    @ArgGroup
    private Form form = new Form();

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        if (table == Table.ATTENTION) {
            Libtorch.load();
        }
        out.print(switch (table) {
            case ATTENTION -> form.json ? json(AttentionTable.rows())
                    : form.markdown ? AttentionTable.markdown() : AttentionTable.text();
            case MODELS -> form.json ? json(NetworkTable.rows())
                    : form.markdown ? NetworkTable.markdown() : NetworkTable.text();
            case SYSTEMS -> form.json ? json(SystemTable.rows())
                    : form.markdown ? SystemTable.markdown() : SystemTable.text();
        });
        out.flush();
    }

    private String json(List<?> rows) {
        return Output.json(Map.of(table.name().toLowerCase(Locale.ROOT), rows)) + System.lineSeparator();
    }
}
