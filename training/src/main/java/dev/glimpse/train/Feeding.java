package dev.glimpse.train;

import dev.glimpse.data.Augmentation;
import dev.glimpse.data.Loader;

/**
 * How a run's images reach the network.
 *
 * @param augmentation of training images, by chance
 * @param balanced whether training draws all classes equally often
 * @param maxSkippedShare of the images that may be unreadable before the run stops
 */
public record Feeding(Augmentation augmentation, boolean balanced, double maxSkippedShare) {
    public Feeding {
        if (!(maxSkippedShare >= 0 && maxSkippedShare <= 1)) {
            throw new IllegalArgumentException(
                    "the share of images to skip is " + maxSkippedShare + ", must be in 0 to 1");
        }
    }

    /** Shifted by up to an eighth of the side and mirrored: what every run did before it could be chosen. */
    public static Feeding usual(int size) {
        return new Feeding(Augmentation.shifted(size), false, Loader.Options.MAX_SKIPPED_SHARE);
    }
}
