package dev.glimpse.app;

import dev.glimpse.train.EpochMetrics;
import dev.glimpse.train.Progress;
import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar a running epoch, on a terminal, short enough for 80 columns; a line a finished one, everywhere. */
final class TrainingProgress implements Progress, AutoCloseable {
    private static final int UPDATE_MILLIS = 500;
    private final PrintWriter err;
    private final int epochs;
    private final int batch;
    private final boolean terminal;
    private ProgressBar bar;

    TrainingProgress(PrintWriter err, int epochs, int batch) {
        this.err = err;
        this.epochs = epochs;
        this.batch = batch;
        this.terminal = Boolean.getBoolean("glimpse.terminal"); // the launcher looked at standard error
    }

    @Override
    public void step(int epoch, long step, long steps, double loss, double accuracy) {
        if (!terminal) {
            return;
        }
        if (bar == null) {
            bar = new ProgressBarBuilder().setTaskName(epoch + "/" + epochs)
                    .setInitialMax(steps * batch).setUnit(" img", 1).showSpeed()
                    .setStyle(ProgressBarStyle.ASCII).setUpdateIntervalMillis(UPDATE_MILLIS)
                    .setConsumer(new ConsoleProgressBarConsumer(System.err)).build();
        }
        bar.stepTo(step * batch);
        bar.setExtraMessage(String.format(Locale.ROOT, " loss %.2f, %.0f %%", loss, 100 * accuracy));
    }

    @Override
    public void epoch(EpochMetrics m) {
        close();
        double left = (epochs - m.epoch()) * m.seconds();
        err.printf(Locale.ROOT,
                "epoch %d/%d: train loss %.4f, accuracy %.1f %%; test loss %.4f, accuracy %.1f %%; %.0f images/s; %s%n",
                m.epoch(), epochs, m.trainLoss(), 100 * m.trainAccuracy(), m.testLoss(), 100 * m.testAccuracy(),
                m.imagesPerSecond(),
                m.epoch() == epochs ? "done" : String.format(Locale.ROOT, "about %.0f s left", left));
        err.flush();
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
