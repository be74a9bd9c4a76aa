package dev.glimpse.app.report;

import dev.glimpse.data.Image;
import dev.glimpse.train.metric.ConfusionMatrix;
import dev.glimpse.train.metric.MultiLabelScore;
import java.util.List;
import java.util.Map;

/** What a run's best weights did on its test images. */
public sealed interface TestFindings {
    /** How many images were looked at. */
    long images();

    /** How many could not be read. */
    int skipped();

    /** The worst, worst first. */
    List<Mistake> mistakes();

    /** One class an image. */
    record Classes(ConfusionMatrix matrix, long images, int skipped, List<Mistake> mistakes) implements TestFindings {}

    /** Any number of classes an image. */
    record Labels(MultiLabelScore score, long images, int skipped, List<Mistake> mistakes) implements TestFindings {}

    /** A class for each pixel. */
    record Pixels(ConfusionMatrix matrix, long images, int skipped, List<Mistake> mistakes) implements TestFindings {}

    /** What a system does with some, right or wrong. */
    record Examples(long images, int skipped, List<Mistake> mistakes) implements TestFindings {}

    /**
     * An image that the network got wrong, or one of a system's examples.
     *
     * @param name the image's
     * @param answer what it was taken for, with a figure
     * @param truth what it is
     * @param pictures the image, and where the network looked, by title
     */
    record Mistake(String name, String answer, String truth, Map<String, Image> pictures) {}
}
