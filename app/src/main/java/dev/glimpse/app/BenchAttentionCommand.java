package dev.glimpse.app;

import dev.glimpse.app.bench.AttentionBench;
import dev.glimpse.app.bench.AttentionCase;
import dev.glimpse.app.bench.AttentionGrid;
import dev.glimpse.app.bench.AttentionTimes;
import dev.glimpse.app.bench.Dtype;
import dev.glimpse.app.bench.Layout;
import dev.glimpse.app.bench.MapShape;
import dev.glimpse.app.bench.Pass;
import dev.glimpse.nn.Libtorch;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Times a module: fused, composed of libtorch's operations, and copying its input. */
@Command(name = "attention", mixinStandardHelpOptions = true,
        description = "Time a module fused and composed of libtorch's operations, beside copying its input, all in the same "
                + "rounds. Times are medians; ratios are medians of the rounds' ratios.")
final class BenchAttentionCommand implements Callable<Integer> {
    private static final double SECONDS = 10;
    private static final double SECONDS_OF_MANY = 3;

    @Option(names = "--name", paramLabel = "NAME[:KEY=VALUE,...]", description = "A module that takes one map.")
    private String name;

    @Option(names = "--shape", paramLabel = "BxCxHxW", description = "Its map (default 32x256x56x56).")
    private String shape;

    @Option(names = "--dtype", description = "Of module and map: ${COMPLETION-CANDIDATES} (default FP32).")
    private Dtype dtype;

    @Option(names = "--layout", description = "Of the map: ${COMPLETION-CANDIDATES} (default NCHW).")
    private Layout layout;

    @Option(names = "--pass", description = "${COMPLETION-CANDIDATES}: inference, or forward and backward in training "
            + "(default FORWARD).")
    private Pass pass;

    @Option(names = "--all",
            description = "The whole grid of modules, shapes, types and layouts, or what the options above "
                    + "leave of it.")
    private boolean all;

    @Option(names = "--out", paramLabel = "DIR",
            description = "Where --all writes its files (default: bench/results for the "
                    + "whole grid, nowhere for a part).")
    private Path out;

    @Option(names = "--seconds",
            description = "How long to measure, a third of it to warm up (default 10; 3 a case with "
                    + "--all).")
    private Double seconds;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        MapShape typed = shape == null ? null : MapShape.parse("--shape", shape);
        double time = BenchCommand.seconds(seconds, all ? SECONDS_OF_MANY : SECONDS);
        if (all) {
            return runAll(typed, time);
        }
        if (name == null) {
            throw new IllegalArgumentException("--name is missing: which module? (or --all)");
        }
        if (out != null) {
            throw new IllegalArgumentException("--out is for --all");
        }
        AttentionCase task = new AttentionCase(name, typed == null ? MapShape.parse("--shape", "32x256x56x56") : typed,
                dtype == null ? Dtype.FP32 : dtype, layout == null ? Layout.NCHW : layout,
                pass == null ? Pass.FORWARD : pass);
        Libtorch.load();
        AttentionTimes times = AttentionBench.run(task, time);
        spec.commandLine().getOut().println(json ? Output.json(times.asMap()) : times);
        return 0;
    }

    private int runAll(MapShape typed, double time) throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        boolean whole = name == null && typed == null && dtype == null && layout == null && pass == null;
        Libtorch.load();
        AttentionGrid grid = AttentionGrid.run(task -> (name == null || name.equals(task.name()))
                && (typed == null || typed.equals(task.shape())) && (dtype == null || dtype == task.dtype())
                && (layout == null || layout == task.layout()) && (pass == null || pass == task.pass()), time, line -> {
                    err.println(line);
                    err.flush();
                });
        List<Path> files = out == null && !whole ? List.of() : grid.write(out == null ? Path.of("bench/results") : out);
        Map<String, Object> result = grid.asMap();
        spec.commandLine().getOut().print(json ? Output.json(result) + System.lineSeparator() : grid.table());
        spec.commandLine().getOut().flush();
        files.forEach(file -> err.println("wrote " + file));
        return grid.failed() ? Main.FAILED : 0;
    }
}
