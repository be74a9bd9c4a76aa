package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.data.DataSources;
import dev.glimpse.data.Dataset;
import dev.glimpse.data.Loader;
import dev.glimpse.data.TestTimeAugmentation;
import dev.glimpse.data.Transform;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.Evaluation;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Score;
import dev.glimpse.train.TaskConfig;
import dev.glimpse.train.metric.MultiLabelScore;
import java.io.IOException;
import java.io.PrintWriter;
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
            description = "What glimpse train takes, of which the test images are taken; or images alone: a folder with a "
                    + "folder a class, a table, archives; of a segmentation a folder with images/ and masks/.")
    private String data;

    @Option(names = "--batch", defaultValue = "64", description = "Images at a time.")
    private int batch;

    @Option(names = "--workers", defaultValue = "2", description = "Threads that decode images.")
    private int workers;

    @Option(names = "--out", paramLabel = "FOLDER",
            description = "Of a segmentation: where a contact sheet of images, true and predicted classes and attention goes.")
    private Path out;

    @Option(names = "--tta", defaultValue = "NONE", paramLabel = "LOOKS",
            description = "Looks at each image, whose answers are averaged: ${COMPLETION-CANDIDATES}.")
    private TestTimeAugmentation looks;

    @Option(names = "--max-skipped", defaultValue = "0.05", paramLabel = "SHARE",
            description = "Of the images that may be unreadable before it ends; up to five may be unless it is 0.")
    private double maxSkipped;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Run run = Run.open(folder);
        run.requireNetwork();
        RunConfig config = run.config();
        TaskConfig.Kind kind = config.task().kind();
        if (kind == TaskConfig.Kind.SEGMENTATION) {
            looks.requirePixels();
            return new SegmentationEval(run, spec.commandLine().getOut(), spec.commandLine().getErr())
                    .measure(Path.of(data), out, looks, json);
        }
        Dataset images = DataSources.openTest(data, config.classes());
        boolean several = kind == TaskConfig.Kind.MULTI_LABEL;
        if (images.multiLabel() != several) {
            throw new IllegalArgumentException(data + (several
                    ? ": one class an image, and the run was trained on several"
                    : ": several classes an image, and the run was trained on one"));
        }
        Libtorch.load();
        Layer network = run.network();
        Transform transform = new Transform(looks.loadedSize(config.size()), config.mean(), config.std(), false);
        try (Loader loader = new Loader(images, transform,
                new Loader.Options(batch, false, false, workers, 0, false, maxSkipped))) {
            if (several) {
                MultiLabelScore score = Evaluation.labels(network, loader, config.classes().size(),
                        config.recipe().mode(), looks, config.size());
                print(config.classes(), score, read(loader, images), loader.skipped().size());
            } else {
                Score score = Evaluation.score(network, loader, config.classes().size(), config.recipe().mode(), looks,
                        config.size());
                read(loader, images);
                print(config.classes(), score, loader.skipped().size());
            }
            return 0;
        }
    }

    /** How many images there were. */
    private int read(Loader loader, Dataset images) throws IOException {
        Skipped.report(spec.commandLine().getErr(), loader.skipped());
        int read = images.size() - loader.skipped().size();
        if (read == 0) {
            throw new IOException(data + ": none of its " + images.size() + " images could be read");
        }
        return read;
    }

    private void print(List<String> classes, MultiLabelScore score, int images, int skipped) {
        PrintWriter out = spec.commandLine().getOut();
        if (!json) {
            out.println(score.describe(classes));
            return;
        }
        Map<String, Object> perClass = new LinkedHashMap<>();
        for (int i = 0; i < classes.size(); i++) {
            MultiLabelScore.Label label = score.labels().get(i);
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("images", label.hits() + label.missed());
            one.put("average_precision", number(label.averagePrecision()));
            one.put("f1", number(label.f1()));
            perClass.put(classes.get(i), one);
        }
        Map<String, Object> result = new LinkedHashMap<>();
        score.numbers().forEach((name, value) -> result.put(name, number(value)));
        result.put("images", images);
        result.put("skipped_images", skipped);
        result.put("classes", perClass);
        out.println(Output.json(result));
    }

    /** Null where there is none: JSON has no other word for it. */
    private static Double number(double value) {
        return Double.isNaN(value) ? null : value;
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
