package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.data.ImageFolder;
import dev.glimpse.data.Loader;
import dev.glimpse.data.Transform;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.Evaluation;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Score;
import dev.glimpse.train.TaskConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures a trained network on labelled images. */
@Command(name = "eval", mixinStandardHelpOptions = true, showDefaultValues = true,
        description = "Measure a run's best weights on labelled images.")
final class EvalCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "RUN", description = "Folder of a run.")
    private Path folder;

    @Parameters(index = "1", paramLabel = "DATA",
            description = "Folder with test/ (or val/), or itself with a folder a class; of a segmentation with images/ and "
                    + "masks/.")
    private Path data;

    @Option(names = "--batch", defaultValue = "64", description = "Images at a time.")
    private int batch;

    @Option(names = "--workers", defaultValue = "2", description = "Threads that decode images.")
    private int workers;

    @Option(names = "--out", paramLabel = "FOLDER",
            description = "Of a segmentation: where a contact sheet of images, true and predicted classes and attention goes.")
    private Path out;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Run run = Run.open(folder);
        RunConfig config = run.config();
        if (config.task().kind() == TaskConfig.Kind.SEGMENTATION) {
            return new SegmentationEval(run, spec.commandLine().getOut(), spec.commandLine().getErr())
                    .measure(data, out, json);
        }
        ImageFolder images = ImageFolder.open(labelled(data), config.classes());
        Libtorch.load();
        Layer network = run.network();
        Transform transform = new Transform(config.size(), config.mean(), config.std(), false);
        try (Loader loader = new Loader(images, transform, new Loader.Options(batch, false, false, workers, 0))) {
            Score score = Evaluation.score(network, loader, config.classes().size(), config.recipe().mode());
            Skipped.report(spec.commandLine().getErr(), loader.skipped());
            if (score.count() == 0) {
                throw new IOException(data + ": none of its " + images.size() + " images could be read");
            }
            print(config.classes(), score, loader.skipped().size());
            return 0;
        }
    }

    private static Path labelled(Path data) {
        for (String name : List.of("test", "val", "valid")) {
            if (Files.isDirectory(data.resolve(name))) {
                return data.resolve(name);
            }
        }
        return data;
    }

    private void print(List<String> classes, Score score, int skipped) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> perClass = new LinkedHashMap<>();
            for (int i = 0; i < classes.size(); i++) {
                perClass.put(classes.get(i), Map.of("images", score.images()[i], "correct", score.correct()[i]));
            }
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("accuracy", score.accuracy());
            result.put("loss", score.loss());
            result.put("images", score.count());
            result.put("skipped_images", skipped);
            result.put("classes", perClass);
            out.println(Output.json(result));
            return;
        }
        for (int i = 0; i < classes.size(); i++) {
            long images = score.images()[i];
            out.printf(Locale.ROOT, "%-24s %6d images  %s%n", classes.get(i), images, images == 0 ? "-"
                    : String.format(Locale.ROOT, "%6.2f %%", 100.0 * score.correct()[i] / images));
        }
        out.printf(Locale.ROOT, "%-24s %6d images  %6.2f %%  loss %.4f%n", "all", score.count(), 100 * score.accuracy(),
                score.loss());
    }
}
