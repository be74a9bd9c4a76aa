package dev.glimpse.app;

import dev.glimpse.data.Image;
import dev.glimpse.data.ImageReader;
import dev.glimpse.explain.ContactSheet;
import dev.glimpse.explain.Pictures;
import dev.glimpse.explain.Scaling;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.Classifier;
import dev.glimpse.train.Classifier.Answer;
import dev.glimpse.train.Run;
import dev.glimpse.train.TaskConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.PointerScope;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows where a network looks. */
@Command(name = "explain", mixinStandardHelpOptions = true, showDefaultValues = true,
        description = "Lay a run's attention maps and Grad-CAM over pictures.")
final class ExplainCommand implements Callable<Integer> {
    private static final int LEAST_SIDE = 256;
    private static final int MOST_ROWS = 50; // of the contact sheet: it is held in memory as a whole

    @Parameters(index = "0", paramLabel = "RUN", description = "Folder of a run.")
    private Path folder;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "IMAGE", description = "Pictures.")
    private List<Path> files;

    @Option(names = "--out", paramLabel = "FOLDER", description = "Where the PNG files go (default: RUN/explain).")
    private Path out;

    @Option(names = "--class", paramLabel = "NAME",
            description = "Class that Grad-CAM explains (default: the likeliest).")
    private String target;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Run run = Run.open(folder);
        run.requireNetwork();
        if (run.config().task().kind() == TaskConfig.Kind.SEGMENTATION) {
            throw new IllegalArgumentException(
                    folder + " tells pixels apart, and what is explained here is a picture's "
                            + "class: glimpse predict draws which pixels are what");
        }
        if (target != null && !run.config().classes().contains(target)) {
            throw new IllegalArgumentException(
                    "no class is called '" + target + "'; known: " + String.join(", ", run.config().classes()));
        }
        Libtorch.load();
        Classifier classifier = new Classifier(run.network(), run.config());
        Path to = out == null ? folder.resolve("explain") : out;
        AtomicFiles.requireWritable(to);
        List<ContactSheet.Row> rows = new ArrayList<>();
        List<Map<String, Object>> report = new ArrayList<>();
        List<String> columns = new ArrayList<>();
        Set<String> names = new HashSet<>();
        int unread = 0;
        for (Path file : files) {
            Image picture;
            try {
                picture = ImageReader.read(file);
            } catch (IOException e) {
                unread++;
                spec.commandLine().getErr().println("glimpse: " + e.getMessage());
                continue;
            }
            Answer answer = classifier.classify(picture).getFirst();
            Image square = Pictures.fitted(classifier.square(picture), LEAST_SIDE, Scaling.CUBIC);
            Map<String, Image> overlays = overlays(classifier, picture, square, answer);
            columns = new ArrayList<>(overlays.keySet());
            Path into = to.resolve(Output.unused(file, names));
            List<String> written = new ArrayList<>();
            for (Map.Entry<String, Image> overlay : overlays.entrySet()) {
                Path png = into.resolve(overlay.getKey().replace(' ', '-') + ".png");
                Pictures.write(overlay.getValue(), png);
                written.add(png.toString());
            }
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("file", file.toString());
            entry.put("answer", answer);
            entry.put("written", written);
            report.add(entry);
            if (rows.size() < MOST_ROWS) {
                List<Image> row = new ArrayList<>(List.of(small(square)));
                overlays.values().forEach(overlay -> row.add(small(overlay)));
                rows.add(new ContactSheet.Row(file.getFileName().toString(),
                        String.format(Locale.ROOT, "%s %.1f %%", answer.name(), 100 * answer.probability()), row));
            }
        }
        return finish(to, columns, rows, report, unread);
    }

    private int finish(Path to, List<String> columns, List<ContactSheet.Row> rows, List<Map<String, Object>> report,
            int unread) throws IOException {
        PrintWriter text = spec.commandLine().getOut();
        Path sheet = to.resolve("contact-sheet.png");
        if (report.size() > rows.size()) {
            spec.commandLine().getErr().println("glimpse: the contact sheet shows the first " + rows.size() + " of "
                    + report.size() + " pictures; each has its own folder");
        }
        if (!rows.isEmpty()) {
            List<String> titles = new ArrayList<>(List.of("image"));
            titles.addAll(columns);
            Pictures.write(new ContactSheet(titles, rows).draw(), sheet);
        }
        if (json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("images", report);
            result.put("unread", unread);
            result.put("contact_sheet", rows.isEmpty() ? null : sheet.toString());
            text.println(Output.json(result));
        } else if (!rows.isEmpty()) {
            text.println(sheet);
        }
        return unread == 0 ? 0 : Main.FAILED;
    }

    private Map<String, Image> overlays(Classifier classifier, Image picture, Image square, Answer answer) {
        try (PointerScope _ = new PointerScope()) {
            int explained = target == null ? answer.index() : classifier.classes().indexOf(target);
            return AttentionOverlays.all(classifier.network(), classifier.input(picture), square, explained);
        }
    }

    private static Image small(Image picture) {
        return Pictures.fitted(picture, ContactSheet.TILE, Scaling.CUBIC);
    }
}
