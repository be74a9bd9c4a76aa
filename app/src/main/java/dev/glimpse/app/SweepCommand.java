package dev.glimpse.app;

import dev.glimpse.app.report.SweepReport;
import dev.glimpse.io.AtomicFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Trains the same network with one attention after the other. */
@Command(name = "sweep", mixinStandardHelpOptions = true, showDefaultValues = true,
        description = "Train a network with one attention after the other, over several seeds, all else alike, and report "
                + "them side by side. Called again it keeps what is done and goes on.")
final class SweepCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DATA", description = "What glimpse train takes.")
    private String data;

    @Option(names = "--attention", required = true, paramLabel = "NAME[:KEY=VALUE,...],...",
            description = "Which, as in none,se,eca,cbam:reduction=8,pools=avg+max; the first is what the others are told by.")
    private List<String> attentions;

    @Option(names = "--seeds", defaultValue = "3", paramLabel = "N",
            description = "How often each is trained, with seeds from --seed on.")
    private int seeds;

    @Option(names = "--out", required = true, paramLabel = "DIR",
            description = "Folder for the runs, and for sweep.html, sweep.md and sweep.json.")
    private Path out;

    @Mixin
    private TrainOptions options = new TrainOptions();

    @Option(names = "--json", description = "Print the result as one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (seeds < 1) {
            throw new IllegalArgumentException("--seeds is " + seeds + ", must be at least 1");
        }
        List<String> each = attentions.stream().flatMap(text -> split(text).stream()).toList();
        if (each.stream().distinct().count() < each.size()) {
            throw new IllegalArgumentException("--attention names one twice: " + String.join(", ", each));
        }
        options.sweep();
        TrainOptions.Plan plan = options.plan(data);
        for (String attention : each) {
            plan.requireSense(attention);
        }
        AtomicFiles.requireWritable(out);
        PrintWriter err = spec.commandLine().getErr();
        try (Interrupt interrupt = new Interrupt()) {
            Sweep sweep = new Sweep(plan, options, spec, data, out, each, seeds, interrupt);
            sweep.train();
            SweepReport report = sweep.report();
            PrintWriter text = spec.commandLine().getOut();
            if (json && !report.isEmpty()) {
                text.println(Output.json(report.forMachines()));
            } else if (!report.isEmpty()) {
                text.print(report.text());
                text.println(out.resolve("sweep.html"));
            }
            text.flush();
            if (interrupt.requested()) {
                err.println("glimpse: stopped; the same command goes on from here");
                return interrupt.request().exit();
            }
            return sweep.failed() ? Main.FAILED : 0;
        }
    }

    /** At the commas between attentions, not at those between the arguments of one. */
    static List<String> split(String text) {
        List<String> parts = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            int colon = part.indexOf(':');
            int equals = part.indexOf('=');
            if (equals >= 0 && (colon < 0 || colon > equals) && !parts.isEmpty()) {
                parts.add(parts.removeLast() + "," + part);
            } else {
                parts.add(part.strip());
            }
        }
        if (parts.contains("")) {
            throw new IllegalArgumentException(
                    "--attention '" + text + "' has an empty name; expected as in none,se,cbam");
        }
        return parts;
    }
}
