package dev.glimpse.app;

import dev.glimpse.train.EpochMetrics;
import dev.glimpse.train.Progress;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ProgressBar;

/** A bar a running epoch, on a terminal, short enough for 80 columns; a line a finished one, everywhere. */
final class TrainingProgress implements Progress, AutoCloseable {
    private static final Set<String> NUMBERS = Set.of("loss", "perplexity");

    private final PrintWriter err;
    private final int epochs;
    private final int images;
    private final String called;
    private ProgressBar bar;

    /**
     * @param images a batch
     * @param called what they are called
     */
    TrainingProgress(PrintWriter err, int epochs, int images, String called) {
        this.called = called;
        this.err = err;
        this.epochs = epochs;
        this.images = images;
    }

    @Override
    public void batch(int epoch, long batch, long batches, Map<String, Double> values) {
        if (!Bars.wanted()) {
            return;
        }
        if (bar == null) {
            bar = Bars.over(batches * images, epoch + "/" + epochs);
        }
        bar.stepTo(batch * images);
        bar.setExtraMessage(" " + text(values));
    }

    @Override
    public void epoch(EpochMetrics m) {
        rest();
        double left = (epochs - m.epoch()) * m.seconds();
        err.printf(Locale.ROOT, "epoch %d/%d: train %s; test %s; %.0f %s/s; %s%n", m.epoch(), epochs,
                text(m.train()), text(m.test()), m.imagesPerSecond(), called,
                m.epoch() == epochs ? "done" : String.format(Locale.ROOT, "about %.0f s left", left));
        err.flush();
    }

    /** {@code loss 0.1234, accuracy 56.7 %}: all but the loss and a perplexity are shares, {@code -} where there is none. */
    static String text(Map<String, Double> values) {
        return values.entrySet().stream()
                .map(e -> NUMBERS.contains(e.getKey())
                        ? String.format(Locale.ROOT, "%s %.4f", e.getKey(), e.getValue())
                        : e.getKey().replace('_', ' ') + " " + (e.getValue().isNaN() ? "-"
                                : String.format(Locale.ROOT, "%.1f %%", 100 * e.getValue())))
                .collect(Collectors.joining(", "));
    }

    /** Ends the bar: other lines follow. */
    void rest() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }

    @Override
    public void close() {
        rest();
    }
}
