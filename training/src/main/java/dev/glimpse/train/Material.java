package dev.glimpse.train;

import dev.glimpse.data.Batches;
import dev.glimpse.data.Loader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/** What a run is trained and tested on. */
public interface Material {
    /** How many examples it is trained on. */
    int trainingImages();

    /** What identifies the examples. */
    RunConfig.Images identity();

    /** Reads training examples at random, changed at random. */
    Batches training(RunConfig config, int workers);

    /** Reads test examples one after the other, unchanged. */
    Batches test(RunConfig config, int workers) throws IOException;

    /** How a loader reads for training: its batches are full, unless there is not even one. */
    static Loader.Options shuffled(RunConfig config, int images, int workers) {
        int batch = config.recipe().batch();
        return new Loader.Options(batch, true, images >= batch, workers, config.recipe().seed(),
                config.feeding().balanced(), config.feeding().maxSkippedShare());
    }

    /** How a loader reads for a test: every image once. */
    static Loader.Options inOrder(RunConfig config, int batch, int workers) {
        return new Loader.Options(batch, false, false, workers, config.recipe().seed(), false,
                config.feeding().maxSkippedShare());
    }

    /** A hash of the names of all examples. */
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
}
