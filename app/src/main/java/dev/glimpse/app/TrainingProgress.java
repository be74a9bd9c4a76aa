package dev.glimpse.app;

import dev.glimpse.train.EpochMetrics;
import dev.glimpse.train.Progress;
import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;

/** A bar a running epoch, on a terminal, short enough for 80 columns; a line a finished one, everywhere. */
final class TrainingProgress implements Progress, AutoCloseable {
    private final PrintWriter err;
    private final int epochs;
    private final int batch;
    private ProgressBar bar;

    TrainingProgress(PrintWriter err, int epochs, int batch) {
        this.err = err;
        this.epochs = epochs;
        this.batch = batch;
    }

    @Override
    public void step(int epoch, long step, long steps, double loss, double accuracy) {
        if (!Bars.wanted()) {
            return;
        }
        if (bar == null) {
            bar = Bars.over(steps * batch, epoch + "/" + epochs);
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
