package dev.glimpse.app;

import dev.glimpse.data.DataSources;
import dev.glimpse.data.Loader;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.TaskConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/** What a network is trained and tested on. */
sealed interface Material permits LabelledMaterial, MaskedMaterial {
    /**
     * A run's images as its configuration reads them.
     *
     * @param images where they are
     * @throws IllegalArgumentException where their classes are others
     */
    static Material of(String images, RunConfig config) throws IOException {
        if (config.task().kind() == TaskConfig.Kind.SEGMENTATION) {
            return new MaskedMaterial(SegmentationRuns.splits(Path.of(images), config));
        }
        DataSources.Splits splits = DataSources.open(images);
        boolean several = config.task().kind() == TaskConfig.Kind.MULTI_LABEL;
        if (!splits.classes().equals(config.classes()) || splits.train().multiLabel() != several) {
            throw new IllegalArgumentException(images + ": its classes are others than when the run began: "
                    + splits.classes() + ", then " + config.classes());
        }
        return new LabelledMaterial(splits.train(), splits.test());
    }

    /** How many images it is trained on. */
    int trainingImages();

    /** What identifies the images. */
    RunConfig.Images identity();

    /** Reads training images at random, changed at random. */
    Loader training(RunConfig config, int workers);

    /** Reads test images one after the other, unchanged. */
    Loader test(RunConfig config, int workers) throws IOException;

    /** A training's batches are full, unless there is not even one. */
    static Loader.Options shuffled(RunConfig config, int images, int workers) {
        int batch = config.recipe().batch();
        return new Loader.Options(batch, true, images >= batch, workers, config.recipe().seed(),
                config.feeding().balanced(), config.feeding().maxSkippedShare());
    }

    /** A test sees every image once. */
    static Loader.Options inOrder(RunConfig config, int batch, int workers) {
        return new Loader.Options(batch, false, false, workers, config.recipe().seed(), false,
                config.feeding().maxSkippedShare());
    }

    /** A hash of names, each without its folder and behind a label. */
    static RunConfig.Images identity(int training, int test, IntFunction<String> trainingNames,
            IntFunction<String> testNames) {
        CRC32 names = new CRC32();
        for (IntFunction<String> half : List.of(trainingNames, testNames)) {
            int count = half == trainingNames ? training : test;
            IntStream.range(0, count)
                    .forEach(i -> names.update((half.apply(i) + "\n").getBytes(StandardCharsets.UTF_8)));
        }
        return new RunConfig.Images(training, test, Long.toHexString(names.getValue()));
    }

    /** A file's name alone. */
    static String file(String path) {
        return Path.of(path).getFileName().toString();
    }
}
