package dev.glimpse.app.bench;

import dev.glimpse.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import tools.jackson.databind.json.JsonMapper;

/** All that is promised of fused modules: modules, shapes, types, layouts, forward and training. */
public final class AttentionGrid {
    private static final List<String> NAMES =
            List.of("cbam", "cbam-plain", "cbam-timm", "se", "eca", "scse", "bam", "gc");
    private static final List<MapShape> SHAPES = shapes("32x64x56x56", "8x256x56x56", "32x256x56x56", "32x512x28x28",
            "32x1024x14x14", "32x2048x7x7", "1x256x56x56", "1x64x56x56");
    private static final String CRISS_CROSS = "cc";
    private static final List<MapShape> CRISS_CROSS_SHAPES = shapes("1x64x97x97", "2x512x65x65");

    private final List<AttentionTimes> times = new ArrayList<>();
    /** What did not run, and why. */
    private final Map<AttentionCase, String> refused = new LinkedHashMap<>();
    private boolean failed;

    private AttentionGrid() {}

    private static List<MapShape> shapes(String... texts) {
        return List.of(texts).stream().map(text -> MapShape.parse("a shape", text)).toList();
    }

    /** The cases, those together that go into one file. */
    static List<AttentionCase> cases() {
        List<AttentionCase> cases = new ArrayList<>();
        cases(cases, Dtype.FP32, Layout.NCHW);
        cases(cases, Dtype.FP32, Layout.NHWC);
        cases(cases, Dtype.BF16, Layout.NHWC);
        return cases;
    }

    private static void cases(List<AttentionCase> cases, Dtype dtype, Layout layout) {
        for (String name : NAMES) {
            cases(cases, name, SHAPES, dtype, layout);
        }
        cases(cases, CRISS_CROSS, CRISS_CROSS_SHAPES, dtype, layout);
    }

    private static void cases(List<AttentionCase> cases, String name, List<MapShape> shapes, Dtype dtype,
            Layout layout) {
        for (MapShape shape : shapes) {
            for (Pass pass : Pass.values()) {
                cases.add(new AttentionCase(name, shape, dtype, layout, pass));
            }
        }
    }

    /**
     * Runs the cases, and goes on where one is refused or fails.
     *
     * @param chosen which of them
     * @param seconds for each
     * @param said hears a line a case
     */
    public static AttentionGrid run(Predicate<AttentionCase> chosen, double seconds, Consumer<String> said) {
        AttentionGrid grid = new AttentionGrid();
        List<AttentionCase> cases = cases().stream().filter(chosen).toList();
        if (cases.isEmpty()) {
            throw new IllegalArgumentException("nothing of the grid is as the options say");
        }
        for (AttentionCase task : cases) {
            said.accept(grid.run(task, seconds));
        }
        return grid;
    }

    private String run(AttentionCase task, double seconds) {
        System.gc(); // the last module's native memory
        try {
            AttentionTimes result = AttentionBench.run(task, seconds);
            times.add(result);
            return result.toString();
        } catch (RuntimeException e) { // one that a module refuses, or a broken kernel, leaves the others to be measured
            String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getSimpleName());
            refused.put(task, reason);
            failed |= !(e instanceof IllegalArgumentException);
            return task + ": " + reason;
        }
    }

    /** Whether a case failed, other than that its module refuses such an input. */
    public boolean failed() {
        return failed;
    }

    /** Writes a file for each type and layout, and returns the files. */
    public List<Path> write(Path folder) throws IOException {
        Files.createDirectories(folder);
        List<Path> files = new ArrayList<>();
        for (Dtype dtype : Dtype.values()) {
            for (Layout layout : Layout.values()) {
                List<AttentionTimes> own = times.stream()
                        .filter(time -> time.task().dtype() == dtype && time.task().layout() == layout).toList();
                if (!own.isEmpty()) {
                    Path file = folder.resolve(
                            "attention-" + dtype.word() + "-" + layout.word() + "-" + Machine.slug() + ".json");
                    AtomicFiles.write(file, json(own, dtype, layout) + "\n");
                    files.add(file);
                }
            }
        }
        return files;
    }

    private String json(List<AttentionTimes> own, Dtype dtype, Layout layout) {
        Map<String, Object> file = new LinkedHashMap<>(Machine.facts());
        file.put("dtype", dtype.word());
        file.put("layout", layout.word());
        file.put("summary", summaries(own).stream().map(Summary::asMap).toList());
        file.put("results", own.stream().map(AttentionTimes::measured).toList());
        file.put("refused", refusals(task -> task.dtype() == dtype && task.layout() == layout));
        return JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(file);
    }

    private List<Map<String, Object>> refusals(Predicate<AttentionCase> chosen) {
        List<Map<String, Object>> all = new ArrayList<>();
        refused.forEach((task, reason) -> {
            if (chosen.test(task)) {
                Map<String, Object> map = task.asMap();
                map.put("reason", reason);
                all.add(map);
            }
        });
        return all;
    }

    /** For machines. */
    public Map<String, Object> asMap() {
        Map<String, Object> map = new LinkedHashMap<>(Machine.facts());
        map.put("summary", summaries(times).stream().map(Summary::asMap).toList());
        map.put("results", times.stream().map(AttentionTimes::measured).toList());
        map.put("refused", refusals(_ -> true));
        return map;
    }

    /** A module's shapes together. */
    record Summary(AttentionCase first, List<AttentionTimes> times) {
        private AttentionTimes slowest() {
            return times.stream().reduce((a, b) -> b.composedOverFused() < a.composedOverFused() ? b : a).orElseThrow();
        }

        private double mean() {
            return Statistics.geometricMean(times.stream().map(AttentionTimes::composedOverFused).toList());
        }

        private double copies() {
            return Statistics.geometricMean(times.stream().map(AttentionTimes::fusedOverCopy).toList());
        }

        private double error() {
            return times.stream().mapToDouble(AttentionTimes::maxRelError).reduce(0, Math::max);
        }

        Map<String, Object> asMap() {
            Map<String, Object> map = first.asMap();
            map.remove("shape");
            map.put("shapes", times.size());
            map.put("composed_over_fused_mean", mean());
            map.put("composed_over_fused_least", slowest().composedOverFused());
            map.put("least_at", slowest().task().shape().toString());
            map.put("fused_over_copy_mean", copies());
            map.put("max_rel_error", error());
            return map;
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%-12s %-5s %-6s %-8s %6d %8.2f %8.2f  %-14s %8.2f  %8.1e", first.name(),
                    first.dtype().word(), first.layout().word(), first.pass().word(), times.size(), mean(),
                    slowest().composedOverFused(), slowest().task().shape(), copies(), error());
        }
    }

    static List<Summary> summaries(List<AttentionTimes> times) {
        Map<List<Object>, List<AttentionTimes>> groups = new LinkedHashMap<>();
        for (AttentionTimes time : times) {
            AttentionCase task = time.task();
            groups.computeIfAbsent(List.of(task.dtype(), task.layout(), task.name(), task.pass()),
                    _ -> new ArrayList<>()).add(time);
        }
        return groups.values().stream().map(group -> new Summary(group.getFirst().task(), group)).toList();
    }

    /** A table for people: how many times as fast fused is, in geometric mean over the shapes and at the least. */
    public String table() {
        StringBuilder table = new StringBuilder(String.format("%-12s %-5s %-6s %-8s %6s %8s %8s  %-14s %8s  %8s%n",
                "name", "dtype", "layout", "pass", "shapes", "mean", "least", "at", "copies", "error"));
        summaries(times).forEach(summary -> table.append(summary).append(System.lineSeparator()));
        return table.append("mean, least: composed/fused; copies: fused/copy in geometric mean")
                .append(System.lineSeparator()).toString();
    }
}
