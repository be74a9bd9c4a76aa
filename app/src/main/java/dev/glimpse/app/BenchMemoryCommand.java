package dev.glimpse.app;

import dev.glimpse.app.bench.AttentionCase;
import dev.glimpse.app.bench.Dtype;
import dev.glimpse.app.bench.Layout;
import dev.glimpse.app.bench.MapShape;
import dev.glimpse.app.bench.Pass;
import dev.glimpse.app.bench.PeakMemory;
import dev.glimpse.app.bench.PeakMemory.Probe;
import dev.glimpse.nn.Libtorch;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures how much memory a module's forward and backward take. */
@Command(name = "memory", mixinStandardHelpOptions = true, showDefaultValues = true,
        description = "Measure the most memory that a process of its own holds (VmHWM) while a module runs, above one that "
                + "has made the module and its input and runs nothing.")
final class BenchMemoryCommand implements Callable<Integer> {
    private enum Which {
        COMPOSED, FUSED
    }

    @Option(names = "--name", required = true, paramLabel = "NAME[:KEY=VALUE,...]",
            description = "A module that takes one map.")
    private String name;

    @Option(names = "--shape", defaultValue = "1x64x97x97", paramLabel = "BxCxHxW", description = "Its map.")
    private String shape;

    @Option(names = "--dtype", defaultValue = "FP32", description = "${COMPLETION-CANDIDATES}.")
    private Dtype dtype;

    @Option(names = "--layout", defaultValue = "NCHW", description = "${COMPLETION-CANDIDATES}.")
    private Layout layout;

    @Option(names = "--pass", defaultValue = "TRAIN", description = "${COMPLETION-CANDIDATES}.")
    private Pass pass;

    @Option(names = "--kernels", description = "${COMPLETION-CANDIDATES} alone (default: both).")
    private Which kernels;

    @Option(names = "--processes", defaultValue = "3", description = "Processes of each kind; their median counts.")
    private int processes;

    @Option(names = "--probe", hidden = true, description = "Be such a process.")
    private Probe probe;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (processes < 1 || processes > 99) {
            throw new IllegalArgumentException("--processes is " + processes + ", must be 1 to 99");
        }
        AttentionCase task = new AttentionCase(name, MapShape.parse("--shape", shape), dtype, layout, pass);
        PrintWriter out = spec.commandLine().getOut();
        if (probe != null) {
            Libtorch.load();
            out.println(PeakMemory.probe(task, probe));
            return 0;
        }
        List<Probe> probes = new ArrayList<>(List.of(Probe.IDLE));
        if (kernels != Which.FUSED) {
            probes.add(Probe.COMPOSED);
        }
        if (kernels != Which.COMPOSED) {
            probes.add(Probe.FUSED);
        }
        Map<String, Object> result = result(task, PeakMemory.of(task, probes, processes));
        if (json) {
            out.println(Output.json(result));
        } else {
            result.forEach((key, value) -> out.println(value instanceof Double number
                    ? String.format(Locale.ROOT, "%-24s %.3f", key, number)
                    : String.format(Locale.ROOT, "%-24s %s", key, value)));
        }
        return 0;
    }

    private Map<String, Object> result(AttentionCase task, Map<Probe, Double> peaks) {
        Map<String, Object> result = new LinkedHashMap<>(task.asMap());
        peaks.forEach((kind, bytes) -> result.put(kind.name().toLowerCase(Locale.ROOT) + "_mb", bytes / 1e6));
        double idle = peaks.get(Probe.IDLE);
        peaks.forEach((kind, bytes) -> {
            if (kind != Probe.IDLE) {
                result.put(kind.name().toLowerCase(Locale.ROOT) + "_above_idle_mb", (bytes - idle) / 1e6);
            }
        });
        if (kernels == null) {
            result.put("fused_over_composed",
                    (peaks.get(Probe.FUSED) - idle) / (peaks.get(Probe.COMPOSED) - idle));
        }
        result.put("processes", processes);
        return result;
    }
}
