package dev.glimpse.app;

import dev.glimpse.app.bench.LoaderBench;
import dev.glimpse.app.bench.SamplePhotos;
import dev.glimpse.data.Augmentation;
import dev.glimpse.data.ImageFolder;
import dev.glimpse.nn.Checks;
import dev.glimpse.nn.Libtorch;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures how fast images are read, augmented and laid out for a network. */
@Command(name = "loader", mixinStandardHelpOptions = true, showDefaultValues = true,
        description = "Measure how many images a second the loader gives, beside OpenCV's decoding alone.")
final class BenchLoaderCommand implements Callable<Integer> {
    private enum Crop {
        RESIZED, CENTRE
    }

    @Parameters(arity = "0..1", paramLabel = "FOLDER",
            description = "With a folder of images a class (default: 500x375 JPEGs are made).")
    private Path folder;

    @Option(names = "--size", defaultValue = "224", description = "Side of the images for the network.")
    private int size;

    @Option(names = "--crop", defaultValue = "RESIZED",
            description = "RESIZED: random resized crops, half of them mirrored; CENTRE: the central square.")
    private Crop crop;

    @Option(names = "--batch", defaultValue = "64", description = "Images a batch.")
    private int batch;

    @Option(names = "--workers", defaultValue = "2", description = "Threads.")
    private int workers;

    @Option(names = "--images", defaultValue = "256", description = "How many JPEGs are made.")
    private int images;

    @Option(names = "--quality", defaultValue = "75", description = "Of the JPEGs that are made, 1 to 100.")
    private int quality;

    @Option(names = "--seconds", description = "For the loader, and again for OpenCV (default: 6).")
    private Double seconds;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Checks.positive("--size", size);
        Checks.positive("--batch", batch);
        Checks.positive("--workers", workers);
        if (images < 2 || images > 100_000 || quality < 1 || quality > 100) {
            throw new IllegalArgumentException("--images is " + images + " and --quality " + quality
                    + "; expected 2 to 100000 and 1 to 100");
        }
        LoaderBench bench = new LoaderBench(size, batch, workers,
                crop == Crop.RESIZED ? Augmentation.cropped() : Augmentation.none(),
                BenchCommand.seconds(seconds, 6));
        if (folder != null) {
            print(run(bench, folder), "of " + folder);
            return 0;
        }
        try (SamplePhotos photos = SamplePhotos.make(images, quality)) {
            Map<String, Object> result = new LinkedHashMap<>(run(bench, photos.folder()));
            result.put("quality", quality);
            print(result, "500x375 of quality " + quality);
        }
        return 0;
    }

    private static Map<String, Object> run(LoaderBench bench, Path folder) throws IOException {
        ImageFolder data = ImageFolder.open(folder);
        Libtorch.load();
        return bench.run(data, IntStream.range(0, data.size()).mapToObj(i -> Path.of(data.name(i))).toList());
    }

    private void print(Map<String, Object> result, String what) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Output.json(result));
            return;
        }
        out.printf(Locale.ROOT,
                "%d images %s, %,d bytes each, to %dx%d: %.0f a second with %d threads; OpenCV's imdecode alone %.0f, "
                        + "ratio %.2f%n",
                result.get("images"), what, result.get("mean_file_bytes"), size, size, result.get("images_per_second"),
                workers, result.get("imdecode_per_second"), result.get("over_imdecode"));
    }
}
