package dev.glimpse.app.report;

import dev.glimpse.train.metric.ConfusionMatrix;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Which classes were taken for which: a matrix where it is legible, and the most frequent mistakes. */
final class ConfusionChart {
    private static final int MOST_CLASSES = 40;
    private static final int MOST_FIGURES = 16;
    private static final int MOST_PAIRS = 8;
    private static final int WIDEST = 620;
    private static final int LARGEST_CELL = 56;
    private static final double LETTER = 6.4;
    private static final int LONGEST_NAME = 18;
    private static final String QUIET = "fill-opacity:.68";

    private final ConfusionMatrix matrix;
    private final List<String> classes;
    private final boolean shares;

    /** @param shares whether cells show shares of their row, for pixels, and not counts */
    ConfusionChart(ConfusionMatrix matrix, List<String> classes, boolean shares) {
        this.matrix = matrix;
        this.classes = classes;
        this.shares = shares;
    }

    private record Pair(int truth, int answer, long count) {}

    String html() {
        String pairs = pairs();
        if (matrix.classes() > MOST_CLASSES) {
            return pairs;
        }
        return "<div class=\"confusion\"><div class=\"scroll\">%s</div><div>%s</div></div>\n".formatted(svg(), pairs);
    }

    private String pairs() {
        List<Pair> all = new ArrayList<>();
        for (int truth = 0; truth < matrix.classes(); truth++) {
            for (int answer = 0; answer < matrix.classes(); answer++) {
                if (truth != answer && matrix.counts()[truth][answer] > 0) {
                    all.add(new Pair(truth, answer, matrix.counts()[truth][answer]));
                }
            }
        }
        if (all.isEmpty()) {
            return "<p>Nothing was taken for another class.</p>\n";
        }
        List<List<String>> rows = all.stream().sorted(Comparator.comparingLong(Pair::count).reversed())
                .limit(MOST_PAIRS).map(pair -> List.of(
                        "%s <span class=\"for\">taken for</span> %s".formatted(Html.escape(classes.get(pair.truth)),
                                Html.escape(classes.get(pair.answer))),
                        Numbers.count(pair.count),
                        Numbers.percent((double) pair.count / matrix.ofTruth(pair.truth))))
                .toList();
        return Parts.table(List.of("Most often confused", shares ? "Pixels" : "Images", "Of the class"), rows);
    }

    private String svg() {
        int count = matrix.classes();
        double names = 16 + LETTER * classes.stream().mapToInt(name -> shorten(name).length()).max().orElse(0);
        double cell = Math.min(LARGEST_CELL, (WIDEST - names - 20) / count);
        double left = names + 22;
        double top = names * 0.75 + 26;
        Svg svg = new Svg((int) Math.ceil(left + count * cell + names * 0.55), (int) Math.ceil(top + count * cell + 4),
                "Confusion matrix");
        svg.text(left, 12, "start", QUIET, "Taken for");
        svg.turned(12, top + count * cell / 2, -90, "middle", QUIET, "Truth");
        for (int truth = 0; truth < count; truth++) {
            svg.text(left - 8, top + (truth + 0.5) * cell + 4, "end", "", shorten(classes.get(truth)));
            svg.turned(left + (truth + 0.5) * cell + 3, top - 8, -50, "start", "", shorten(classes.get(truth)));
            for (int answer = 0; answer < count; answer++) {
                cell(svg, truth, answer, left + answer * cell, top + truth * cell, cell);
            }
        }
        return svg.toString();
    }

    private void cell(Svg svg, int truth, int answer, double x, double y, double side) {
        long times = matrix.counts()[truth][answer];
        long all = matrix.ofTruth(truth);
        double share = all == 0 ? 0 : (double) times / all;
        String colour = Svg.colour(truth == answer ? 0 : 1);
        svg.rectangle(x + 0.75, y + 0.75, side - 1.5, side - 1.5, "fill:currentColor;fill-opacity:.045");
        if (times > 0) {
            svg.rectangle(x + 0.75, y + 0.75, side - 1.5, side - 1.5,
                    "fill:" + colour + ";fill-opacity:" + Numbers.fixed(0.12 + 0.88 * share, 2),
                    classes.get(truth) + " taken for " + classes.get(answer) + ": " + Numbers.count(times) + " of "
                            + Numbers.count(all));
        }
        if (times > 0 && matrix.classes() <= MOST_FIGURES) {
            String text = shares ? Numbers.percent(share) : Numbers.count(times);
            svg.text(x + side / 2, y + side / 2 + 4, "middle", "pointer-events:none;font-size:"
                    + (side < 40 ? 10.5 : 12) + "px;font-variant-numeric:tabular-nums;"
                    + (share > 0.5 ? "fill:var(--paper,#fff)" : ""), text);
        }
    }

    private static String shorten(String name) {
        return name.length() <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME - 1) + "…";
    }
}
