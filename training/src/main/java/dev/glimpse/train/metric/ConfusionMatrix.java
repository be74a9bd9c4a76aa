package dev.glimpse.train.metric;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How often each class was taken for each, over images or pixels.
 *
 * <pre>
 * accuracy = sum_c n_cc / n            recall_c = n_cc / (row c)        precision_c = n_cc / (column c)
 * IoU_c = n_cc / (row c + column c - n_cc)                               Dice_c = 2 n_cc / (row c + column c)
 * </pre>
 *
 * A class that neither is anywhere nor is taken for anything has no IoU or Dice (NaN) and is left out of the means.
 *
 * @param counts {@code counts[truth][prediction]}, square
 */
public record ConfusionMatrix(long[][] counts) {
    public ConfusionMatrix {
        for (long[] row : counts) {
            if (row.length != counts.length) {
                throw new IllegalArgumentException(
                        "a confusion matrix of " + counts.length + " rows has one of " + row.length);
            }
        }
    }

    /** How many classes there are. */
    public int classes() {
        return counts.length;
    }

    /** How many images or pixels were counted. */
    public long count() {
        return IntStream.range(0, classes()).mapToLong(this::ofTruth).sum();
    }

    /** How many truly were of a class. */
    public long ofTruth(int c) {
        return Arrays.stream(counts[c]).sum();
    }

    /** How many were taken for a class. */
    public long ofPredictions(int c) {
        return Arrays.stream(counts).mapToLong(row -> row[c]).sum();
    }

    /** The share that was right, in 0 to 1. */
    public double accuracy() {
        return ratio(IntStream.range(0, classes()).mapToLong(c -> counts[c][c]).sum(), count());
    }

    /** The share of what truly was of a class that was taken for it. */
    public double recall(int c) {
        return ratio(counts[c][c], ofTruth(c));
    }

    /** The share of what was taken for a class that truly was of it. */
    public double precision(int c) {
        return ratio(counts[c][c], ofPredictions(c));
    }

    /** Intersection over union of a class's region and what was taken for it. */
    public double iou(int c) {
        return ratio(counts[c][c], ofTruth(c) + ofPredictions(c) - counts[c][c]);
    }

    /** Twice the intersection over the sum of both; for a yes or no the same as F1. */
    public double dice(int c) {
        return ratio(2 * counts[c][c], ofTruth(c) + ofPredictions(c));
    }

    /** Mean recall over the classes that there were: the accuracy if all were equally frequent. */
    public double meanRecall() {
        return mean(this::recall);
    }

    public double meanIou() {
        return mean(this::iou);
    }

    public double meanDice() {
        return mean(this::dice);
    }

    private double mean(IntToDoubleFunction measure) {
        return IntStream.range(0, classes()).mapToDouble(measure).filter(value -> !Double.isNaN(value)).average()
                .orElse(Double.NaN);
    }

    private static double ratio(long part, long whole) {
        return whole == 0 ? Double.NaN : (double) part / whole;
    }

    /** What is said of a segmentation: means by name. */
    public Map<String, Double> numbers() {
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("pixel_accuracy", accuracy());
        numbers.put("mean_iou", meanIou());
        numbers.put("mean_dice", meanDice());
        return numbers;
    }

    /** A line a class with its IoU and Dice in per cent and its share of the pixels, and the means below. */
    public String describe(List<String> names) {
        StringBuilder text = new StringBuilder(
                String.format(Locale.ROOT, "%-24s %8s %8s %8s%n", "", "pixels", "IoU", "Dice"));
        for (int c = 0; c < classes(); c++) {
            line(text, names.get(c), percent(ratio(ofTruth(c), count())), iou(c), dice(c));
        }
        line(text, "mean", percent(1), meanIou(), meanDice());
        return text.append(String.format(Locale.ROOT, "%-24s %8s", "pixel accuracy", percent(accuracy()))).toString();
    }

    private static void line(StringBuilder text, String name, String pixels, double iou, double dice) {
        text.append(String.format(Locale.ROOT, "%-24s %8s %8s %8s%n", name, pixels, percent(iou), percent(dice)));
    }

    private static String percent(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.2f %%", 100 * value);
    }
}
