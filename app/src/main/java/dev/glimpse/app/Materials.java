package dev.glimpse.app;

import dev.glimpse.data.DataSources;
import dev.glimpse.train.Material;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.TaskConfig;
import java.io.IOException;
import java.nio.file.Path;

/** What runs are trained and tested on, as their configuration says. */
final class Materials {
    private Materials() {}

    /**
     * A run's data as its configuration reads them.
     *
     * @param data where they are
     * @throws IllegalArgumentException where their classes are others
     */
    static Material of(String data, RunConfig config) throws IOException {
        if (config.task().kind() == TaskConfig.Kind.SYSTEM) {
            return config.system().material(data, config);
        }
        if (config.task().kind() == TaskConfig.Kind.SEGMENTATION) {
            return new MaskedMaterial(SegmentationRuns.splits(Path.of(data), config));
        }
        DataSources.Splits splits = DataSources.open(data);
        boolean several = config.task().kind() == TaskConfig.Kind.MULTI_LABEL;
        if (!splits.classes().equals(config.classes()) || splits.train().multiLabel() != several) {
            throw new IllegalArgumentException(data + ": its classes are others than when the run began: "
                    + splits.classes() + ", then " + config.classes());
        }
        return new LabelledMaterial(splits.train(), splits.test());
    }

    /** A file's name alone. */
    static String file(String path) {
        return Path.of(path).getFileName().toString();
    }
}
