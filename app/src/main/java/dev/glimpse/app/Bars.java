package dev.glimpse.app;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress bars over images, on standard error. */
final class Bars {
    private static final int UPDATE_MILLIS = 500;

    private Bars() {}

    /** Whether standard error is a terminal: the launcher looked. */
    static boolean wanted() {
        return Boolean.getBoolean("glimpse.terminal");
    }

    /** A bar that shows images a second and the time left. */
    static ProgressBar over(long images, String task) {
        return new ProgressBarBuilder().setTaskName(task).setInitialMax(images).setUnit(" img", 1).showSpeed()
                .setStyle(ProgressBarStyle.ASCII).setUpdateIntervalMillis(UPDATE_MILLIS)
                .setConsumer(new ConsoleProgressBarConsumer(System.err)).build();
    }
}
