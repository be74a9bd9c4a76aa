package dev.glimpse.app.report;

import dev.glimpse.train.RunConfig;
import dev.glimpse.train.RunMetrics;
import java.util.Arrays;
import java.util.Locale;

/**
 * What a report says of a run without looking at an image.
 *
 * @param name what it is called beside others
 * @param folder as it was given
 * @param measure which of the test's values says how good the network is
 * @param multiplyAdds of a forward of one image, as {@link dev.glimpse.nn.Cost} counts them; 0 of a system
 */
public record RunSummary(String name, String folder, RunConfig config, RunMetrics metrics, String measure,
        long parameters, long multiplyAdds) {
    /** The same by another name. */
    public RunSummary named(String other) {
        return new RunSummary(other, folder, config, metrics, measure, parameters, multiplyAdds);
    }

    /** The multiply-adds, as one reads them; of a system they are not counted. */
    String cost() {
        return multiplyAdds == 0 ? Numbers.NONE : Numbers.large(multiplyAdds);
    }

    /** The best value of the test that says how good the network is. */
    public double best() {
        return metrics.best(measure);
    }

    /** The same after the last epoch. */
    public double last() {
        return metrics.last("test_" + measure);
    }

    /** Training images a second in a typical epoch. */
    public double imagesPerSecond() {
        return metrics.median("images_per_second");
    }

    /** All epochs, tests included. */
    public double seconds() {
        return Arrays.stream(metrics.column("seconds")).sum();
    }

    /** {@code resnet18 with cbam}. */
    public String network() {
        String attention = attention();
        return config.model() + (attention.equals("none") ? "" : " with " + attention);
    }

    /** What stands in the network, as it was typed. */
    public String attention() {
        return String.valueOf(config.args().getOrDefault("attention", "none"));
    }

    /** {@code mean IoU}: a value of the test as one reads it. */
    static String words(String measure) {
        return measure.replace('_', ' ').replace("iou", "IoU").replace("f1", "F1").replace("dice", "Dice");
    }

    /** {@code 12 min 5 s}. */
    static String time(double seconds) {
        long whole = Math.round(seconds);
        if (whole < 60) {
            return String.format(Locale.ROOT, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
        }
        return whole < 3600 ? whole / 60 + " min " + whole % 60 + " s"
                : whole / 3600 + " h " + whole / 60 % 60 + " min";
    }
}
