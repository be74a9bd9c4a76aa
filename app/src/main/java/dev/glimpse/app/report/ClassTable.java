package dev.glimpse.app.report;

import dev.glimpse.train.metric.ConfusionMatrix;
import dev.glimpse.train.metric.MultiLabelScore;
import dev.glimpse.train.metric.MultiLabelScore.Label;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** How well each class is told, as a table. */
final class ClassTable {
    /** More rows than these are shown at a click. */
    private static final int MOST_ROWS = 30;

    private ClassTable() {}

    /** A row, and how good its class is. */
    private record Row(double quality, List<String> cells) {}

    static String ofImages(ConfusionMatrix matrix, List<String> classes) {
        return table(List.of("Class", "Images", "Right", "Precision", "Recall", "F1"), IntStream
                .range(0, matrix.classes())
                .mapToObj(c -> new Row(matrix.dice(c), List.of(Html.escape(classes.get(c)),
                        Numbers.count(matrix.ofTruth(c)), Numbers.count(matrix.counts()[c][c]),
                        Numbers.percent(matrix.precision(c)), Numbers.percent(matrix.recall(c)),
                        Parts.share(matrix.dice(c)))))
                .toList());
    }

    static String ofLabels(MultiLabelScore score, List<String> classes) {
        return table(List.of("Class", "Images", "Missed", "Invented", "Precision", "Recall", "F1",
                "Average precision"), IntStream.range(0, classes.size()).mapToObj(c -> {
                    Label label = score.labels().get(c);
                    return new Row(label.averagePrecision(), List.of(Html.escape(classes.get(c)),
                            Numbers.count(label.hits() + label.missed()), Numbers.count(label.missed()),
                            Numbers.count(label.invented()),
                            Numbers.percent(ratio(label.hits(), label.hits() + label.invented())),
                            Numbers.percent(ratio(label.hits(), label.hits() + label.missed())),
                            Numbers.percent(label.f1()), Parts.share(label.averagePrecision())));
                }).toList());
    }

    /** @param colours of the classes in pictures, {@code 0xrrggbb} */
    static String ofPixels(ConfusionMatrix matrix, List<String> classes, int[] colours) {
        return table(List.of("Class", "Pixels", "Share", "Precision", "Recall", "Dice", "IoU"), IntStream
                .range(0, matrix.classes())
                .mapToObj(c -> new Row(matrix.iou(c), List.of(
                        "<i class=\"swatch\" style=\"background:#%06x\"></i>".formatted(colours[c])
                                + Html.escape(classes.get(c)),
                        Numbers.count(matrix.ofTruth(c)),
                        Numbers.percent(ratio(matrix.ofTruth(c), matrix.count())),
                        Numbers.percent(matrix.precision(c)), Numbers.percent(matrix.recall(c)),
                        Numbers.percent(matrix.dice(c)), Parts.share(matrix.iou(c)))))
                .toList());
    }

    private static double ratio(long part, long whole) {
        return whole == 0 ? Double.NaN : (double) part / whole;
    }

    private static String table(List<String> head, List<Row> rows) {
        if (rows.size() <= MOST_ROWS) {
            return Parts.table(head, rows.stream().map(Row::cells).toList());
        }
        List<Row> sorted = new ArrayList<>(rows);
        sorted.sort(Comparator.comparingDouble(row -> Double.isNaN(row.quality) ? 2 : row.quality));
        return "<p>The " + MOST_ROWS / 2 + " classes that are told worst.</p>\n"
                + Parts.table(head, sorted.stream().limit(MOST_ROWS / 2).map(Row::cells).toList())
                + Parts.details("All " + rows.size() + " classes",
                        Parts.table(head, rows.stream().map(Row::cells).toList()));
    }
}
