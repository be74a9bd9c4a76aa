package dev.glimpse.train;

import dev.glimpse.data.Image;
import java.util.List;

/** What the white-patch experiment measured: the material of its table and its report. */
public record WhitePatchResult(Setup setup, List<Network> networks) {
    /**
     * How it was run.
     *
     * @param images where the pictures came from, in words
     * @param imageSize side of an image in pixels
     * @param patchSize side of the white patch in pixels
     */
    public record Setup(String images, int imageSize, int patchSize, int trainImages, int testImages, int epochs,
            int batch, double learningRate, Schedule.Kind schedule, List<Long> seeds) {}

    /**
     * One of the four networks.
     *
     * @param name as in {@code glimpse demo}'s table: {@code cnn}, {@code mha}, {@code conv1d-mha}, {@code cbam}
     * @param articleTrainLoss the smallest training loss that the article reports
     * @param articleTestLoss the smallest test loss that the article reports
     * @param runs one a seed
     * @param examples six test images of the first seed
     */
    public record Network(String name, String title, long parameters, double articleTrainLoss, double articleTestLoss,
            List<Run> runs, List<Example> examples) {}

    /** One training, start to end. */
    public record Run(long seed, double seconds, List<Epoch> epochs, List<Pointing> pointing) {}

    /** Losses are mean binary cross entropy; accuracies lie in 0 to 1. */
    public record Epoch(double trainLoss, double trainAccuracy, double testLoss, double testAccuracy) {}

    /**
     * How well a map finds the patch, over the test images that have one.
     *
     * @param map which map: {@code Grad-CAM}, {@code spatial gate}, {@code attention received}
     * @param hits share of images whose map peaks inside the patch
     * @param mass mean share of the map's mass inside the patch
     * @param chanceHits what a peak anywhere would hit on average; the mass of an even map is the same
     */
    public record Pointing(String map, double hits, double mass, double chanceHits) {}

    /**
     * A test image with the network's map over it.
     *
     * @param patchX left edge of the patch, -1 where there is none
     * @param probability the network's answer: how sure it is that there is a patch
     * @param map values row by row, of any range
     */
    public record Example(Image image, int patchX, int patchY, double probability, String mapName, float[] map,
            int mapWidth, int mapHeight) {}
}
