package dev.glimpse.app;

import dev.glimpse.data.ImageReader;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.Classifier;
import dev.glimpse.train.Classifier.Answer;
import dev.glimpse.train.Run;
import dev.glimpse.train.TaskConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** Names what is in pictures, or tells their pixels apart. */
@Command(name = "predict", mixinStandardHelpOptions = true, showDefaultValues = true,
        description = "Classify or segment pictures with a run's best weights.")
final class PredictCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "RUN", description = "Folder of a run.")
    private Path folder;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "IMAGE", description = "Pictures.")
    private List<Path> files;

    @Option(names = "--top", defaultValue = "5", description = "How many classes to name.")
    private int top;

    @Option(names = "--out", paramLabel = "FOLDER",
            description = "Of a segmentation: where masks and overlays go (default: RUN/predictions).")
    private Path to;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (top < 1) {
            throw new IllegalArgumentException("--top is " + top + ", must be at least 1");
        }
        Run run = Run.open(folder);
        run.requireNetwork();
        if (run.config().task().kind() == TaskConfig.Kind.SEGMENTATION) {
            return new SegmentationPrediction(run, spec.commandLine().getOut(), spec.commandLine().getErr())
                    .write(files, to == null ? folder.resolve("predictions") : to, json);
        }
        Libtorch.load();
        Classifier classifier = new Classifier(run.network(), run.config());
        PrintWriter out = spec.commandLine().getOut();
        List<Map<String, Object>> rows = new ArrayList<>();
        int unread = 0;
        for (Path file : files) {
            List<Answer> answers;
            try {
                answers = classifier.classify(ImageReader.read(file)).stream().limit(top).toList();
            } catch (IOException e) {
                unread++;
                spec.commandLine().getErr().println("glimpse: " + e.getMessage());
                continue;
            }
            if (json) {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("file", file.toString());
                row.put("top", answers);
                rows.add(row);
            } else {
                out.println(file);
                answers.forEach(a -> out.printf(Locale.ROOT, "  %6.2f %%  %s%n", 100 * a.probability(), a.name()));
            }
        }
        if (json) {
            out.println(Output.json(Map.of("images", rows, "unread", unread)));
        }
        return unread == 0 ? 0 : Main.FAILED;
    }
}
