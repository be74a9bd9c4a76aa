package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.model.Networks;
import java.util.List;
import java.util.Map;

/**
 * All that is needed to build a run's network again and to feed it: {@code config.json}.
 *
 * @param glimpse version that wrote it
 * @param model the network's name
 * @param args its arguments
 * @param classes names in the order of the scores
 * @param size side of the images it is fed
 * @param mean per channel, red, green, blue in 0 to 1; subtracted
 * @param std per channel; divided by
 * @param data where the images were, for the record
 * @param recipe how it is trained
 */
public record RunConfig(String glimpse, String model, Map<String, Object> args, List<String> classes, int size,
        float[] mean, float[] std, String data, Recipe recipe) {
    /** Builds the network with initial weights. */
    public Layer network() {
        return Networks.create(model, args);
    }
}
