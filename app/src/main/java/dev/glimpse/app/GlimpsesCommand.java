package dev.glimpse.app;

import dev.glimpse.data.Image;
import dev.glimpse.data.ImageReader;
import dev.glimpse.explain.ContactSheet;
import dev.glimpse.explain.Pictures;
import dev.glimpse.glimpses.RaCnn;
import dev.glimpse.glimpses.Ram;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.system.racnn.RaCnnViewer;
import dev.glimpse.system.ram.RamViewer;
import dev.glimpse.train.LearnedSystem.Example;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Shows at which parts of pictures a trained model looks: the path of a recurrent attention model, what a spatial
 * transformer reads, the boxes of a recurrent attention CNN.
 */
@Command(name = "glimpses", mixinStandardHelpOptions = true, showDefaultValues = true, description = {
    "Show at which parts of a picture a trained model looks.",
    "RUN is a training of ram or racnn, or with --test of stn: see glimpse list systems."})
final class GlimpsesCommand implements Callable<Integer> {
    private static final int MOST_ROWS = 50; // of the contact sheet: it is held in memory as a whole
    private static final int MOST_TESTS = 12;
    private static final List<String> SYSTEMS = List.of("ram", "stn", "racnn");

    @Parameters(index = "0", paramLabel = "RUN", description = "Folder of a run.")
    private Path folder;

    @Parameters(index = "1..*", paramLabel = "IMAGE", arity = "0..*",
            description = "Pictures: for ram bright on black, as the digits that it knows.")
    private List<Path> files = new ArrayList<>();

    @Option(names = "--test", paramLabel = "N", description = "The run's first test images instead, at most 12.")
    private Integer test;

    @Option(names = "--out", paramLabel = "FOLDER", description = "Where the PNG files go (default: RUN/glimpses).")
    private Path out;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    private final List<ContactSheet.Row> rows = new ArrayList<>();
    private final List<Map<String, Object>> report = new ArrayList<>();
    private final List<String> lines = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private List<String> columns = List.of();

    @Override
    public Integer call() throws IOException {
        Run run = Run.open(folder);
        RunConfig config = run.config();
        if (!SYSTEMS.contains(config.model())) {
            throw new IllegalArgumentException(folder + " is a training of '" + config.model() + "', not of "
                    + String.join(", ", SYSTEMS));
        }
        requireOneSubject(config.model());
        Path to = out == null ? folder.resolve("glimpses") : out;
        AtomicFiles.requireWritable(to);
        Libtorch.load();
        int unread = files.isEmpty() ? tests(run, to) : pictures(run, to);
        Path sheet = to.resolve("contact-sheet.png");
        if (!rows.isEmpty()) {
            Pictures.write(new ContactSheet(columns, rows).draw(), sheet);
        }
        PrintWriter text = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("images", report);
            result.put("unread", unread);
            result.put("contact_sheet", rows.isEmpty() ? null : sheet.toString());
            text.println(Output.json(result));
        } else {
            lines.forEach(text::println);
            if (!rows.isEmpty()) {
                text.println(sheet);
            }
        }
        return unread == 0 ? 0 : Main.FAILED;
    }

    private void requireOneSubject(String model) {
        if (files.isEmpty() == (test == null)) {
            throw new IllegalArgumentException("give pictures, or --test N for those that the run is tested on");
        }
        if (test == null && model.equals("stn")) {
            throw new IllegalArgumentException("'" + model + "' shows test images alone: give --test N");
        }
        if (test != null && (test < 1 || test > MOST_TESTS)) {
            throw new IllegalArgumentException("--test is " + test + ", must be 1 to " + MOST_TESTS);
        }
    }

    /** Looks at a picture that comes from outside. */
    @FunctionalInterface
    private interface Viewer {
        Example look(String name, Image picture) throws IOException;
    }

    private static Viewer viewer(Run run) throws IOException {
        RunConfig config = run.config();
        return config.model().equals("ram") ? new RamViewer((Ram) run.network(), config)::look
                : new RaCnnViewer((RaCnn) run.network(), config)::look;
    }

    private int tests(Run run, Path to) throws IOException {
        RunConfig config = run.config();
        List<Example> examples = config.system().examples(run.network(), config,
                Materials.of(config.data(), config), () -> false);
        for (Example example : examples.subList(0, Math.min(test, examples.size()))) {
            add("name", example, example.name(), to.resolve(example.name().replace(' ', '-')));
        }
        return 0;
    }

    private int pictures(Run run, Path to) throws IOException {
        Viewer viewer = viewer(run);
        int unread = 0;
        for (Path file : files) {
            try {
                Example example = viewer.look(file.toString(), ImageReader.read(file));
                add("file", example, file.getFileName().toString(), to.resolve(Output.unused(file, names)));
            } catch (IOException e) {
                unread++;
                spec.commandLine().getErr().println("glimpse: " + e.getMessage());
            }
        }
        return unread;
    }

    /** @param kind what the example's name is */
    private void add(String kind, Example example, String title, Path into) throws IOException {
        for (Map.Entry<String, Image> drawn : example.pictures().entrySet()) {
            Pictures.write(drawn.getValue(), into.resolve(drawn.getKey() + ".png"));
        }
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put(kind, example.name());
        entry.putAll(example.facts());
        if (example.truth() != null) {
            entry.put("truth", example.truth());
        }
        entry.put("written", into.toString());
        report.add(entry);
        String truth = example.truth() == null ? "" : "is " + example.truth();
        lines.add(into + ": " + example.answer() + (truth.isEmpty() ? "" : ", " + truth));
        columns = List.copyOf(example.pictures().keySet());
        if (rows.size() < MOST_ROWS) {
            rows.add(new ContactSheet.Row(title, (example.answer() + "\n" + truth).strip(),
                    List.copyOf(example.pictures().values())));
        }
    }
}
