package dev.glimpse.app;

import dev.glimpse.app.report.CompareReport;
import dev.glimpse.app.report.RunSummary;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.Run;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Puts runs side by side. */
@Command(name = "compare", mixinStandardHelpOptions = true, showDefaultValues = true,
        description = "Put runs side by side in one page: curves, results, costs, and what differs in how they were started.")
final class CompareCommand implements Callable<Integer> {
    @Parameters(paramLabel = "RUN", arity = "2..*", description = "Folders of runs of one task.")
    private List<Path> folders;

    @Option(names = "--out", defaultValue = "compare.html", paramLabel = "FILE", description = "Where the page goes.")
    private Path out;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        List<Run> runs = new ArrayList<>();
        for (Path folder : folders) {
            runs.add(Run.open(folder));
        }
        Run first = runs.getFirst();
        for (Run run : runs) {
            if (run.config().task().kind() != first.config().task().kind()) {
                throw new IllegalArgumentException(first.folder() + " was trained for " + task(first) + " and "
                        + run.folder() + " for " + task(run) + "; compare runs of one task");
            }
        }
        Libtorch.load();
        List<RunSummary> summaries = new ArrayList<>();
        for (Run run : runs) {
            summaries.add(RunReading.summary(run));
        }
        for (RunSummary run : summaries) {
            if (!run.measure().equals(summaries.getFirst().measure())) {
                throw new IllegalArgumentException(summaries.getFirst().folder() + " is judged by its "
                        + summaries.getFirst().measure() + " and " + run.folder() + " by its " + run.measure()
                        + "; compare runs that are judged alike");
            }
        }
        List<RunSummary> named = distinct(summaries);
        CompareReport.write(named, out);
        PrintWriter text = spec.commandLine().getOut();
        if (json) {
            text.println(Output.json(forMachines(named)));
        } else {
            text.print(CompareReport.text(named));
            text.println(out);
        }
        return 0;
    }

    private static String task(Run run) {
        return run.config().task().kind().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** Runs in folders of the same name are called by the whole path. */
    private static List<RunSummary> distinct(List<RunSummary> runs) {
        boolean same = runs.stream().map(RunSummary::name).distinct().count() < runs.size();
        return same ? runs.stream().map(run -> run.named(run.folder())).toList() : runs;
    }

    private Map<String, Object> forMachines(List<RunSummary> runs) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("page", out.toString());
        all.put("runs", runs.stream().map(CompareCommand::row).toList());
        all.put("differences", CompareReport.differing(runs));
        return all;
    }

    private static Map<String, Object> row(RunSummary run) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("run", run.folder());
        row.put("model", run.config().model());
        row.put("attention", run.attention());
        row.put("measure", "test_" + run.measure());
        row.put("best", run.best());
        row.put("best_epoch", run.metrics().bestEpoch(run.measure()));
        row.put("last", Double.isNaN(run.last()) ? null : run.last());
        row.put("epochs", run.metrics().epochs());
        row.put("parameters", run.parameters());
        row.put("multiply_adds", run.multiplyAdds());
        row.put("images_per_second", run.imagesPerSecond());
        row.put("seconds", run.seconds());
        return row;
    }
}
