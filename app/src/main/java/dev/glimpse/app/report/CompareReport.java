package dev.glimpse.app.report;

import dev.glimpse.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Runs side by side as a page: one HTML file that loads nothing. */
public final class CompareReport {
    private static final int LONGEST_TITLE = 60;

    private CompareReport() {}

    /**
     * Writes it, whole or not at all.
     *
     * @param runs of one task
     * @throws IOException in one line naming the file and the reason
     */
    public static void write(List<RunSummary> runs, Path file) throws IOException {
        AtomicFiles.write(file, html(runs));
    }

    static String html(List<RunSummary> runs) {
        List<RunCurves.Group> groups = runs.stream()
                .map(run -> new RunCurves.Group(run.name(), List.of(run.metrics()))).toList();
        return Html.page("Runs side by side", Parts.header("Glimpse · runs side by side",
                title(runs),
                "%d runs of %s classes, by their test %s.".formatted(runs.size(), classes(runs),
                        RunSummary.words(runs.getFirst().measure())))
                + Parts.section("What came out", "", results(runs))
                + Parts.section("What they were started with", "", differences(runs))
                + Parts.section("How they learned", "Charts of the same value share their scale.",
                        RunCurves.of(groups)));
    }

    private static String classes(List<RunSummary> runs) {
        return runs.stream().map(run -> Integer.toString(run.config().classes().size())).distinct()
                .collect(Collectors.joining(" and "));
    }

    private static String title(List<RunSummary> runs) {
        String names = runs.stream().map(RunSummary::name).collect(Collectors.joining(", "));
        return names.length() <= LONGEST_TITLE ? names : runs.size() + " runs";
    }

    private static String results(List<RunSummary> runs) {
        String measure = RunSummary.words(runs.getFirst().measure());
        double best = runs.stream().mapToDouble(RunSummary::best).max().orElse(Double.NaN);
        List<List<String>> rows = IntStream.range(0, runs.size()).mapToObj(i -> {
            RunSummary run = runs.get(i);
            String figure = Numbers.percent(run.best());
            return List.of(
                    Parts.dot(i) + Html.escape(run.name()) + "<small>" + Html.escape(run.network()) + "</small>",
                    (run.best() == best ? "<b>" + figure + "</b>" : figure) + "<small>epoch "
                            + run.metrics().bestEpoch(run.measure()) + "</small>",
                    Numbers.percent(run.last()), Numbers.fixed(run.metrics().last("test_loss"), 3), epochs(run),
                    Numbers.large(run.parameters()), run.cost(),
                    Numbers.rate(run.imagesPerSecond()), RunSummary.time(run.seconds()));
        }).toList();
        return Parts.table(List.of("Run", "Best test<br>" + Html.escape(measure), "Last", "Last test<br>loss", "Epochs",
                "Parameters", "Multiply-adds<br>an image", "Images/s", "Time"), rows);
    }

    private static String epochs(RunSummary run) {
        int done = run.metrics().epochs();
        int all = run.config().recipe().epochs();
        return done == all ? Integer.toString(all) : done + " of " + all;
    }

    /** The results for a terminal. */
    public static String text(List<RunSummary> runs) {
        List<List<String>> lines = new ArrayList<>(List.of(List.of("run", "best test " + runs.getFirst().measure(),
                "epoch", "last", "epochs", "parameters", "multiply-adds", "images/s", "time")));
        for (RunSummary run : runs) {
            lines.add(List.of(run.name(), Numbers.percent(run.best()),
                    Integer.toString(run.metrics().bestEpoch(run.measure())), Numbers.percent(run.last()), epochs(run),
                    Numbers.count(run.parameters()), run.cost(),
                    Numbers.rate(run.imagesPerSecond()), RunSummary.time(run.seconds())));
        }
        return Parts.columns(lines);
    }

    /** The settings that are not the same in all, by name; a value for each run, null where it has none. */
    public static Map<String, List<String>> differing(List<RunSummary> runs) {
        List<Map<String, String>> settings = runs.stream().map(run -> RunSetup.settings(run.config())).toList();
        Set<String> names = new LinkedHashSet<>();
        settings.forEach(one -> names.addAll(one.keySet()));
        Map<String, List<String>> differing = new LinkedHashMap<>();
        for (String name : names) {
            List<String> values = new ArrayList<>();
            settings.forEach(one -> values.add(one.get(name)));
            if (values.stream().distinct().count() > 1) {
                differing.put(name, values);
            }
        }
        return differing;
    }

    private static String differences(List<RunSummary> runs) {
        Map<String, List<String>> differing = differing(runs);
        if (differing.isEmpty()) {
            return "<p>All were started alike.</p>\n";
        }
        List<String> head = new ArrayList<>(List.of("Setting"));
        runs.forEach(run -> head.add(Html.escape(run.name())));
        List<List<String>> rows = new ArrayList<>();
        differing.forEach((name, values) -> {
            List<String> cells = new ArrayList<>(List.of(Html.escape(RunSetup.words(name))));
            values.forEach(value -> cells.add(value == null ? Numbers.NONE : Html.escape(value)));
            rows.add(cells);
        });
        return "<div class=\"settings\">" + Parts.table(head, rows)
                + "</div>\n<p class=\"note\">All other settings are the same.</p>\n";
    }
}
