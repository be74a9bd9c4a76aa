package dev.glimpse.app.bench;

import dev.glimpse.kernel.Kernels.Choice;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The most memory that a process ever held, which only a fresh one can tell. */
public final class PeakMemory {
    /** How often a process runs its module: the second step meets what the first left in the allocator. */
    private static final int STEPS = 3;
    private static final String ANSWER = "peak bytes: ";

    /** What a process does. */
    public enum Probe {
        /** Has libtorch, the module and its input, and runs nothing. */
        IDLE, COMPOSED, FUSED
    }

    private PeakMemory() {}

    /** Does in this process what a probe does, and returns what it says to the one who started it. */
    public static String probe(AttentionCase task, Probe probe) throws IOException {
        switch (probe) {
            case IDLE -> AttentionBench.run(task, Choice.COMPOSED, 0);
            case COMPOSED -> AttentionBench.run(task, Choice.COMPOSED, STEPS);
            case FUSED -> AttentionBench.run(task, Choice.FUSED, STEPS);
        }
        return ANSWER + ownPeak();
    }

    /** Medians over fresh processes, in bytes. */
    public static Map<Probe, Double> of(AttentionCase task, List<Probe> probes, int processes)
            throws IOException, InterruptedException {
        Map<Probe, List<Double>> peaks = new LinkedHashMap<>();
        for (int i = 0; i < processes; i++) {
            for (Probe probe : probes) {
                peaks.computeIfAbsent(probe, _ -> new ArrayList<>()).add((double) inFreshProcess(task, probe));
            }
        }
        Map<Probe, Double> medians = new LinkedHashMap<>();
        peaks.forEach((probe, bytes) -> medians.put(probe, Statistics.median(bytes)));
        return medians;
    }

    private static long inFreshProcess(AttentionCase task, Probe probe) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.glimpse.app.Main", "bench", "memory",
                "--name", task.name(), "--shape", task.shape().toString(), "--dtype", task.dtype().word(), "--layout",
                task.layout().word(), "--pass", task.pass().word(), "--probe", probe.name()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        List<String> lines = said.lines().filter(line -> !line.startsWith("WARNING")).toList();
        return lines.stream().filter(line -> line.startsWith(ANSWER)).findFirst()
                .map(line -> Long.parseLong(line.substring(ANSWER.length())))
                .orElseThrow(() -> new IllegalArgumentException(
                        lines.isEmpty() ? "a process said nothing" : lines.getLast().replaceFirst("^glimpse: ", "")));
    }

    private static long ownPeak() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM:")) {
                return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("/proc/self/status does not say VmHWM");
    }
}
