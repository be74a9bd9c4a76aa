package dev.glimpse.app.report;

import dev.glimpse.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The same training with one attention after the other, over several seeds: as a page, as a table in Markdown and for
 * machines.
 *
 * @param data where the images are
 * @param seeds how many runs each is to have
 * @param rows an attention each
 * @param command behind {@code glimpse sweep}
 */
public record SweepReport(String data, int seeds, List<Row> rows, List<String> command) {
    /**
     * @param attention as it was typed
     * @param runs those that are done
     */
    public record Row(String attention, List<RunSummary> runs) {
        private Spread best() {
            return Spread.of(runs, RunSummary::best);
        }

        private Spread last() {
            return Spread.of(runs, RunSummary::last);
        }

        private Spread speed() {
            return Spread.of(runs, RunSummary::imagesPerSecond);
        }
    }

    private List<Row> done() {
        return rows.stream().filter(row -> !row.runs.isEmpty()).toList();
    }

    /** Whether there is anything to report. */
    public boolean isEmpty() {
        return done().isEmpty();
    }

    /**
     * Writes {@code sweep.html}, {@code sweep.md} and {@code sweep.json} into a folder, each whole or not at all.
     *
     * @param json what {@link #forMachines} gave, as text
     * @throws IOException in one line naming the file and the reason
     */
    public void write(Path folder, String json) throws IOException {
        AtomicFiles.write(folder.resolve("sweep.md"), markdown());
        AtomicFiles.write(folder.resolve("sweep.json"), json + "\n");
        AtomicFiles.write(folder.resolve("sweep.html"), html());
    }

    /** The first row: the others are told by what they gain over it. */
    private Row baseline() {
        return done().getFirst();
    }

    private String measure() {
        return baseline().runs.getFirst().measure();
    }

    private int finished() {
        return rows.stream().mapToInt(row -> row.runs.size()).sum();
    }

    private String gain(Row row) {
        double points = 100 * (row.best().mean() - baseline().best().mean());
        return row == baseline() ? Numbers.NONE : (points < 0 ? "−" : "+") + Numbers.fixed(Math.abs(points), 1);
    }

    /** A table of all attentions with a finished run. */
    public String markdown() {
        StringBuilder table =
                new StringBuilder("| attention | seeds | best test %s | gain, points | last | parameters | "
                        .formatted(RunSummary.words(measure())) + "multiply-adds an image | images/s |\n"
                        + "|---|---:|---:|---:|---:|---:|---:|---:|\n");
        for (Row row : done()) {
            RunSummary run = row.runs.getFirst();
            table.append("| `%s` | %d | %s | %s | %s | %s | %s | %s |%n".formatted(row.attention.replace("|", "\\|"),
                    row.runs.size(), row.best().percent(), gain(row), row.last().percent(),
                    Numbers.count(run.parameters()), Numbers.large(run.multiplyAdds()),
                    Numbers.rate(row.speed().mean())));
        }
        return table.toString();
    }

    /** The same as values that become a JSON object. */
    public Map<String, Object> forMachines() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("data", data);
        all.put("seeds", seeds);
        all.put("finished", finished());
        all.put("of", seeds * rows.size());
        List<Map<String, Object>> each = new ArrayList<>();
        for (Row row : done()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("attention", row.attention);
            one.put("measure", "test_" + measure());
            one.put("best", spread(row.best()));
            one.put("last", spread(row.last()));
            one.put("images_per_second", spread(row.speed()));
            one.put("parameters", row.runs.getFirst().parameters());
            one.put("multiply_adds", row.runs.getFirst().multiplyAdds());
            one.put("runs", row.runs.stream().map(run -> Map.of("run", run.folder(), "seed",
                    run.config().recipe().seed(), "best", run.best(), "last", run.last())).toList());
            each.add(one);
        }
        all.put("attentions", each);
        return all;
    }

    private static Map<String, Object> spread(Spread spread) {
        Map<String, Object> both = new LinkedHashMap<>();
        both.put("mean", spread.mean());
        both.put("deviation", Double.isNaN(spread.deviation()) ? null : spread.deviation());
        return both;
    }

    String html() {
        String model = baseline().runs.getFirst().config().model();
        String state = finished() == seeds * rows.size() ? ""
                : " The sweep is not done: %d of %d runs are.".formatted(finished(), seeds * rows.size());
        String spread = seeds > 1
                ? "Means over the seeds; ± is the standard deviation. Gains that are not well above it may be chance."
                : "From one seed: small gaps may be chance.";
        List<RunCurves.Group> groups = done().stream().map(row -> new RunCurves.Group(row.attention,
                row.runs.stream().map(RunSummary::metrics).toList())).toList();
        return Html.page("Attention in " + model, Parts.header("Glimpse · sweep", "Attention in " + model,
                "The same training with %s, %s.%s".formatted(count(done().size(), "kind of attention",
                        "kinds of attention"), seeds == 1 ? "from one seed" : "from " + seeds + " seeds each",
                        state))
                + Parts.section("What came out", "", table() + "<p class=\"note\">" + spread
                        + " The best epoch of a run is chosen with the test images, so the figures are on the bright side "
                        + "for all alike. A gain is over " + Html.escape(baseline().attention)
                        + ", in percentage points.</p>\n")
                + Parts.section("How they learned", seeds > 1
                        ? "Thin lines are single seeds, strong lines their mean. Charts of the same value share their scale."
                        : "Charts of the same value share their scale.", RunCurves.of(groups))
                + Parts.section("How to do it again", "", again()
                        + "<p>What the first was started with; the others differ in attention and seed.</p>\n"
                        + RunSetup.html(baseline().runs.getFirst().config())));
    }

    private String again() {
        List<String> words = new ArrayList<>(List.of("glimpse", "sweep"));
        words.addAll(command);
        return RunSetup.typed(words);
    }

    private static String count(int number, String one, String several) {
        return number == 1 ? "one " + one : number + " " + several;
    }

    private String table() {
        double best = done().stream().mapToDouble(row -> row.best().mean()).max().orElse(Double.NaN);
        double fastest = done().stream().mapToDouble(row -> row.speed().mean()).max().orElse(Double.NaN);
        List<Row> done = done();
        List<List<String>> cells = IntStream.range(0, done.size()).mapToObj(i -> {
            Row row = done.get(i);
            RunSummary run = row.runs.getFirst();
            String figure = row.best().percent();
            String some = row.runs.size() == seeds ? ""
                    : "<small>%d of %d seeds</small>".formatted(row.runs.size(), seeds);
            return List.of(Parts.dot(i) + Html.escape(row.attention) + some,
                    row.best().mean() == best ? "<b>" + figure + "</b>" : figure, gain(row), row.last().percent(),
                    Numbers.large(run.parameters()) + more(run.parameters(), baseline().runs.getFirst().parameters()),
                    Numbers.large(run.multiplyAdds())
                            + more(run.multiplyAdds(), baseline().runs.getFirst().multiplyAdds()),
                    Numbers.rate(row.speed().mean()) + "<small>" + Numbers.percent(row.speed().mean() / fastest)
                            + " of the fastest</small>");
        }).toList();
        return Parts.table(List.of("Attention", "Best test<br>" + Html.escape(RunSummary.words(measure())), "Gain",
                "Last", "Parameters", "Multiply-adds<br>an image", "Images/s"), cells);
    }

    private static String more(long value, long base) {
        double percent = 100.0 * (value - base) / base;
        return value == base ? ""
                : "<small>%s%s\u202f%%</small>".formatted(percent < 0 ? "−" : "+",
                        Numbers.fixed(Math.abs(percent), Math.abs(percent) < 0.1 ? 3 : 1));
    }

    /** The table for a terminal. */
    public String text() {
        List<List<String>> lines = new ArrayList<>(List.of(List.of("attention", "seeds", "best test " + measure(),
                "gain", "last", "parameters", "multiply-adds", "images/s")));
        for (Row row : done()) {
            RunSummary run = row.runs.getFirst();
            lines.add(List.of(row.attention, Integer.toString(row.runs.size()), row.best().percent(), gain(row),
                    row.last().percent(), Numbers.count(run.parameters()), Numbers.large(run.multiplyAdds()),
                    Numbers.rate(row.speed().mean())));
        }
        return Parts.columns(lines);
    }
}
