package dev.glimpse.app;

import dev.glimpse.app.demo.WhitePatchExperiment;
import dev.glimpse.train.WhitePatchResult.Epoch;
import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;

/** One bar over all trainings, on a terminal; a line a training, everywhere. */
final class DemoProgress implements WhitePatchExperiment.Listener, AutoCloseable {
    private final PrintWriter err;
    private final int epochs;
    private final ProgressBar bar;
    private String training = "";

    /** @param images how many all networks train on in one epoch */
    DemoProgress(PrintWriter err, int epochs, long images) {
        this.err = err;
        this.epochs = epochs;
        bar = Bars.wanted() ? Bars.over(images * epochs, "training") : null;
    }

    @Override
    public void begins(WhitePatchExperiment.Network network, long seed) {
        training = network.title() + ", seed " + seed;
    }

    @Override
    public void trained(long images) {
        if (bar != null) {
            bar.stepBy(images);
        }
    }

    @Override
    public void ended(int epoch, Epoch result) {
        String text = String.format(Locale.ROOT, "%s: epoch %d/%d, test loss %.4f, accuracy %.1f %%", training, epoch,
                epochs, result.testLoss(), 100 * result.testAccuracy());
        if (bar != null) {
            bar.setExtraMessage(" " + text);
        }
        if (epoch == epochs) {
            err.println(bar == null ? text : "\r" + text);
            err.flush();
        }
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
