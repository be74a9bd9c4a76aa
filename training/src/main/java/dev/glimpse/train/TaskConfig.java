package dev.glimpse.train;

import dev.glimpse.data.Deformation;
import dev.glimpse.data.Legend;
import dev.glimpse.train.loss.Loss;
import dev.glimpse.train.loss.Losses;
import dev.glimpse.train.loss.Losses.Settings;

/**
 * What a run's network is trained for.
 *
 * @param loss as {@link Losses} reads it; null for the kind's own
 * @param masks of a segmentation, else null
 */
public record TaskConfig(Kind kind, String loss, Masks masks) {
    /** A system's own. */
    public static final TaskConfig SYSTEM = new TaskConfig(Kind.SYSTEM, null, null);

    /** One class an image, told by cross entropy. */
    public static final TaskConfig CLASSIFICATION = new TaskConfig(Kind.CLASSIFICATION, null, null);

    /** What is to be said of an image. */
    public enum Kind {
        /** One class. */
        CLASSIFICATION(null),
        /** Any number of classes. */
        MULTI_LABEL("bce"),
        /** A class for each pixel. */
        SEGMENTATION("ce+dice"),
        /** Whatever the {@link LearnedSystem} of the model's name is for. */
        SYSTEM(null);

        private final String usualLoss;

        Kind(String usualLoss) {
            this.usualLoss = usualLoss;
        }
    }

    /**
     * How masks are read.
     *
     * @param legend what their values mean
     * @param shorterSide to which images are scaled, 0 for their own
     * @param deformation of training images
     */
    public record Masks(Legend legend, int shorterSide, Deformation deformation) {}

    public TaskConfig {
        if (kind == Kind.CLASSIFICATION && loss != null) {
            throw new IllegalArgumentException(
                    "the loss '" + loss + "' is for segmentation or several labels; a class an image is told by cross "
                            + "entropy, with --label-smoothing and --class-weights");
        }
        if (kind == Kind.SEGMENTATION && masks == null) {
            throw new IllegalArgumentException("a segmentation lacks what its masks mean");
        }
    }

    /**
     * The task of a network with so many classes, of any kind but a system's. Build it outside of pointer scopes.
     *
     * @throws IllegalArgumentException in one line where the loss is misspelt
     */
    public ForwardTask task(int classes, Regularisation regularisation) {
        if (kind == Kind.SYSTEM) {
            throw new IllegalStateException("a system has a task of its own");
        }
        if (kind == Kind.CLASSIFICATION) {
            return new Classification(regularisation);
        }
        boolean segmentation = kind == Kind.SEGMENTATION;
        Settings settings = new Settings(regularisation.classWeights(), Settings.IGNORED, !segmentation,
                regularisation.labelSmoothing());
        Loss told = Losses.parse(loss == null ? kind.usualLoss : loss, settings);
        return segmentation
                ? new SegmentationTask(classes, Settings.IGNORED, told)
                : new MultiLabelTask(classes, told);
    }
}
