package dev.glimpse.train.metric;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * How well labels were given.
 *
 * <pre>
 * average precision = sum_n (recall_n - recall_(n-1)) precision_n     over the thresholds, from the highest score down
 * F1 = 2 hits / (2 hits + invented + missed)                          of scores above 0
 * micro: of all labels' counts together; macro: mean over labels
 * </pre>
 *
 * A label that no image has knows no average precision (NaN), and one that was never given either no F1; they are left
 * out of the means.
 */
public record MultiLabelScore(List<Label> labels) {
    /**
     * Counts of one label.
     *
     * @param hits given and true
     * @param invented given and not true
     * @param missed true and not given
     * @param images in which the label is known
     * @param averagePrecision in 0 to 1, NaN where no image has the label
     */
    public record Label(long hits, long invented, long missed, long images, double averagePrecision) {
        public double f1() {
            return MultiLabelScore.f1(hits, invented, missed);
        }
    }

    public MultiLabelScore {
        labels = List.copyOf(labels);
    }

    private static double f1(long hits, long invented, long missed) {
        long whole = 2 * hits + invented + missed;
        return whole == 0 ? Double.NaN : 2.0 * hits / whole;
    }

    public double meanAveragePrecision() {
        return mean(Label::averagePrecision);
    }

    public double macroF1() {
        return mean(Label::f1);
    }

    public double microF1() {
        return f1(labels.stream().mapToLong(Label::hits).sum(), labels.stream().mapToLong(Label::invented).sum(),
                labels.stream().mapToLong(Label::missed).sum());
    }

    private double mean(ToDoubleFunction<Label> measure) {
        return labels.stream().mapToDouble(measure).filter(value -> !Double.isNaN(value)).average().orElse(Double.NaN);
    }

    /** Means by name. */
    public Map<String, Double> numbers() {
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("mean_average_precision", meanAveragePrecision());
        numbers.put("micro_f1", microF1());
        numbers.put("macro_f1", macroF1());
        return numbers;
    }

    /** A line a label with its average precision and F1 in per cent, and the means below. */
    public String describe(List<String> names) {
        StringBuilder text = new StringBuilder(
                String.format(Locale.ROOT, "%-24s %8s %8s %8s%n", "", "true", "AP", "F1"));
        for (int i = 0; i < labels.size(); i++) {
            Label label = labels.get(i);
            text.append(String.format(Locale.ROOT, "%-24s %8d %8s %8s%n", names.get(i), label.hits + label.missed,
                    percent(label.averagePrecision), percent(label.f1())));
        }
        return text.append(String.format(Locale.ROOT, "%-24s %8s %8s %8s%n%-24s %8s %8s %8s", "mean", "",
                percent(meanAveragePrecision()), percent(macroF1()), "all together", "", "", percent(microF1())))
                .toString();
    }

    private static String percent(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.2f %%", 100 * value);
    }
}
