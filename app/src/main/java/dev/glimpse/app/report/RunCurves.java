package dev.glimpse.app.report;

import dev.glimpse.app.report.LineChart.Series;
import dev.glimpse.train.RunMetrics;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.DoubleStream;

/** What runs measured over their epochs, as charts. */
final class RunCurves {
    /** Losses that fall further than this compare better on a logarithmic scale. */
    private static final double WIDE = 8;

    /** All else are shares. */
    private static final Set<String> NUMBERS = Set.of("loss", "perplexity");

    private RunCurves() {}

    /** Of one run: training and test in one chart for each value. */
    static String of(RunMetrics metrics) {
        List<String> charts = new ArrayList<>();
        for (String measure : metrics.measures()) {
            List<Series> series = List.of(new Series("training", List.of(metrics.column("train_" + measure))),
                    new Series("test", List.of(metrics.column("test_" + measure))));
            charts.add(chart(title(measure), measure, series));
        }
        charts.add(upwards("Learning rate", List.of(new Series("", List.of(metrics.column("learning_rate"))))));
        charts.add(upwards("Training images a second",
                List.of(new Series("", List.of(metrics.column("images_per_second"))))));
        return charts(charts);
    }

    /** Runs of the same task. */
    record Group(String name, List<RunMetrics> runs) {}

    /** Of several runs, or groups of them: a chart for each value in training and in test. */
    static String of(List<Group> groups) {
        List<String> measures = groups.stream().flatMap(group -> group.runs.stream())
                .flatMap(run -> run.measures().stream()).distinct().toList();
        List<String> charts = new ArrayList<>();
        for (String measure : measures) {
            List<Series> training = series(groups, "train_" + measure);
            List<Series> test = series(groups, "test_" + measure);
            Function<DoubleStream, Axis> axis = axis(measure);
            Axis shared = axis.apply(DoubleStream.concat(LineChart.values(training), LineChart.values(test)));
            String words = RunSummary.words(measure);
            charts.add(new LineChart("Test " + words, "Epoch", shared, test).svg());
            charts.add(new LineChart("Training " + words, "Epoch", shared, training).svg());
        }
        charts.add(upwards("Learning rate", series(groups, "learning_rate")));
        charts.add(upwards("Training images a second", series(groups, "images_per_second")));
        return charts(charts);
    }

    private static List<Series> series(List<Group> groups, String column) {
        return groups.stream()
                .map(group -> new Series(group.name, group.runs.stream().map(run -> run.column(column)).toList()))
                .toList();
    }

    private static String charts(List<String> charts) {
        return "<div class=\"charts\">\n%s</div>\n".formatted(String.join("", charts));
    }

    private static String chart(String title, String measure, List<Series> series) {
        return new LineChart(title, "Epoch", axis(measure).apply(LineChart.values(series)), series).svg();
    }

    /** From zero up. */
    private static String upwards(String title, List<Series> series) {
        return new LineChart(title, "Epoch", Axis.linear(DoubleStream.concat(DoubleStream.of(0),
                LineChart.values(series))), series).svg();
    }

    private static Function<DoubleStream, Axis> axis(String measure) {
        return NUMBERS.contains(measure) ? RunCurves::loss : Axis::percent;
    }

    private static Axis loss(DoubleStream values) {
        double[] all = values.filter(Double::isFinite).toArray();
        DoubleSummaryStatistics range = DoubleStream.of(all).summaryStatistics();
        boolean wide = range.getMin() > 0 && range.getMax() > WIDE * range.getMin();
        return wide ? Axis.log(DoubleStream.of(all)) : Axis.linear(DoubleStream.of(all));
    }

    /** With a capital letter. */
    private static String title(String measure) {
        String words = RunSummary.words(measure);
        return Character.toUpperCase(words.charAt(0)) + words.substring(1);
    }
}
