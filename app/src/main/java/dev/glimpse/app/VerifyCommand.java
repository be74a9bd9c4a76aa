package dev.glimpse.app;

import dev.glimpse.golden.Golden;
import dev.glimpse.golden.Verdict;
import dev.glimpse.nn.Libtorch;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Checks modules and networks against golden files. */
@Command(name = "verify", mixinStandardHelpOptions = true,
        description = "Check modules and networks against golden files: what the authors' code computed.")
final class VerifyCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Golden files.")
    private List<Path> files;

    @Option(names = "--float32", description = "Compute in float32, against each file's own bounds, not in double.")
    private boolean float32;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        Libtorch.load();
        PrintWriter out = spec.commandLine().getOut();
        List<Map<String, Object>> rows = new ArrayList<>();
        int failed = 0;
        for (Path file : files) {
            Verdict verdict = Golden.check(file, float32);
            failed += verdict.ok() ? 0 : 1;
            if (json) {
                rows.add(row(verdict));
            } else {
                out.println(verdict);
                out.flush();
            }
        }
        if (json) {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("files", rows);
            all.put("failed", failed);
            out.println(Output.json(all));
        } else if (failed > 0) {
            spec.commandLine().getErr().println("glimpse: " + failed + " of " + files.size() + " files do not hold");
        }
        return failed == 0 ? 0 : Main.FAILED;
    }

    private static Map<String, Object> row(Verdict verdict) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("file", verdict.file().toString());
        row.put("subject", verdict.subject());
        row.put("ok", verdict.ok());
        row.put("worst", Double.isFinite(verdict.worst()) ? verdict.worst() : null);
        row.put("tensor", verdict.tensor());
        row.put("fault", verdict.fault());
        return row;
    }
}
