package dev.glimpse.app;

import dev.glimpse.train.Run;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Reports a run. */
@Command(name = "report", mixinStandardHelpOptions = true, showDefaultValues = true,
        description = "Write a run's report.html: curves, classes, confusions, the worst mistakes with where the network "
                + "looked, and how to do it again.")
final class ReportCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "RUN", description = "Folder of a run with at least one finished epoch.")
    private Path folder;

    @Parameters(index = "1", paramLabel = "DATA", arity = "0..1", description = "Where its images have moved.")
    private String data;

    @Option(names = "--out", paramLabel = "FILE", description = "Where it goes (default: RUN/report.html).")
    private Path out;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Run run = Run.open(folder);
        Path file = out != null ? out : folder.resolve(RunReading.REPORT);
        try (Interrupt interrupt = new Interrupt()) {
            Optional<String> missing = RunReading.write(run, data != null ? data : run.config().data(), file,
                    interrupt::requested);
            if (missing.isEmpty()) {
                return interrupt.request().exit();
            }
            PrintWriter text = spec.commandLine().getOut();
            if (json) {
                Map<String, Object> result = new LinkedHashMap<>();
                result.put("report", file.toString());
                result.put("without_images_because", missing.get().isEmpty() ? null : missing.get());
                text.println(Output.json(result));
            } else {
                text.println(file);
                if (!missing.get().isEmpty()) {
                    spec.commandLine().getErr().println("glimpse: the report is without images: " + missing.get());
                }
            }
            return 0;
        }
    }
}
