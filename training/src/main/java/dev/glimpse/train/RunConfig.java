package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.model.Networks;
import java.util.List;
import java.util.Map;

/**
 * All that is needed to build a run's network again, to feed it and to train it on: {@code config.json}.
 *
 * @param format of this file; see {@link #FORMAT}
 * @param glimpse version that wrote it
 * @param model the network's name
 * @param args its arguments
 * @param classes names in the order of the scores
 * @param size side of the images it is fed
 * @param mean per channel, red, green, blue in 0 to 1; subtracted
 * @param std per channel; divided by
 * @param data where the images are, as {@code DataSources} reads it
 * @param images what they are; a training goes on with the very same ones only
 * @param recipe how it is trained
 * @param task what it is trained for
 * @param feeding how its images are chosen and changed
 * @param command that started it, as it was typed; empty where none did
 */
public record RunConfig(int format, String glimpse, String model, Map<String, Object> args, List<String> classes,
        int size, float[] mean, float[] std, String data, Images images, Recipe recipe, TaskConfig task,
        Feeding feeding, List<String> command) {
    /** The format that is written: 1 had no number, and a flat recipe. */
    public static final int FORMAT = 2;

    public RunConfig {
        task = task == null ? TaskConfig.CLASSIFICATION : task;
        feeding = feeding == null ? Feeding.usual(size) : feeding;
        command = command == null ? List.of() : List.copyOf(command);
    }

    /** Started by no command. */
    public RunConfig(int format, String glimpse, String model, Map<String, Object> args, List<String> classes, int size,
            float[] mean, float[] std, String data, Images images, Recipe recipe, TaskConfig task, Feeding feeding) {
        this(format, glimpse, model, args, classes, size, mean, std, data, images, recipe, task, feeding, List.of());
    }

    /** Of a classifier that is fed as usual. */
    public RunConfig(int format, String glimpse, String model, Map<String, Object> args, List<String> classes, int size,
            float[] mean, float[] std, String data, Images images, Recipe recipe) {
        this(format, glimpse, model, args, classes, size, mean, std, data, images, recipe, TaskConfig.CLASSIFICATION,
                null);
    }

    /**
     * Which images.
     *
     * @param names a hash of the names and labels of all of them
     */
    public record Images(int train, int test, String names) {}

    /** Builds the network with initial weights. */
    public Layer network() {
        return Networks.create(model, args);
    }
}
