package dev.glimpse.app;

import dev.glimpse.data.Image;
import dev.glimpse.data.ImageReader;
import dev.glimpse.explain.ContactSheet;
import dev.glimpse.explain.Pictures;
import dev.glimpse.glimpses.Ram;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.system.digits.Grey;
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
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows at which parts of pictures a trained model looks: the path of a recurrent attention model, what a spatial transformer reads. */
@Command(name = "glimpses", mixinStandardHelpOptions = true, showDefaultValues = true, description = {
    "Show at which parts of a picture a trained model looks.",
    "RUN is a training of ram, or with --test of stn: see glimpse list systems."})
final class GlimpsesCommand implements Callable<Integer> {
    private static final int MOST_ROWS = 50; // of the contact sheet: it is held in memory as a whole
    private static final int MOST_TESTS = 12;
    private static final List<String> SYSTEMS = List.of("ram", "stn");

    @Parameters(index = "0", paramLabel = "RUN", description = "Folder of a run.")
    private Path folder;

    @Parameters(index = "1..*", paramLabel = "IMAGE", arity = "0..*",
            description = "Pictures: bright on black, as the digits that the model knows.")
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
    private final Set<String> names = new HashSet<>();
    private List<String> columns = List.of();

    @Override
    public Integer call() throws IOException {
        Run run = Run.open(folder);
        RunConfig config = run.config();
        if (!SYSTEMS.contains(config.model())) {
            throw new IllegalArgumentException(folder + " is a training of '" + config.model() + "', not of "
                    + String.join(" or ", SYSTEMS));
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
            report.forEach(entry -> text.println(line(entry)));
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
        if (test == null && !model.equals("ram")) {
            throw new IllegalArgumentException("'" + model + "' shows test images alone: give --test N");
        }
        if (test != null && (test < 1 || test > MOST_TESTS)) {
            throw new IllegalArgumentException("--test is " + test + ", must be 1 to " + MOST_TESTS);
        }
    }

    private int tests(Run run, Path to) throws IOException {
        RunConfig config = run.config();
        List<Example> examples = config.system().examples(run.network(), config,
                Materials.of(config.data(), config), () -> false);
        for (Example example : examples.subList(0, Math.min(test, examples.size()))) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("name", example.name());
            entry.put("answer", example.answer());
            entry.put("truth", example.truth());
            add(entry, example.name(), example.answer() + "\nis " + example.truth(), example.pictures(),
                    to.resolve(example.name().replace(' ', '-')));
        }
        return 0;
    }

    private int pictures(Run run, Path to) throws IOException {
        Ram ram = (Ram) run.network();
        RamViewer viewer = new RamViewer(ram, run.config().classes());
        int unread = 0;
        for (Path file : files) {
            try {
                Image picture = ImageReader.read(file);
                long least = ram.config().retina().patch();
                if (Math.min(picture.width(), picture.height()) < least) {
                    throw new IOException(file + ": " + picture.width() + "x" + picture.height()
                            + " pixels are fewer than the model's retina has, " + least + "x" + least);
                }
                look(viewer, file, Grey.of(picture, run.config().size()), to.resolve(Output.unused(file, names)));
            } catch (IOException e) {
                unread++;
                spec.commandLine().getErr().println("glimpse: " + e.getMessage());
            }
        }
        return unread;
    }

    private void look(RamViewer viewer, Path file, Grey picture, Path into) throws IOException {
        RamViewer.Answer answer = viewer.look(picture);
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("file", file.toString());
        entry.put("answer", answer.name());
        entry.put("probability", answer.probability());
        entry.put("side", picture.side());
        entry.put("glimpses", answer.glimpses().stream().map(at -> Map.of("x", at[0], "y", at[1])).toList());
        Map<String, Image> pictures = new LinkedHashMap<>();
        pictures.put("image", picture.image());
        pictures.putAll(viewer.pictures(picture, answer));
        add(entry, file.getFileName().toString(),
                String.format(Locale.ROOT, "%s %.1f %%", answer.name(), 100 * answer.probability()), pictures, into);
    }

    private void add(Map<String, Object> entry, String title, String caption, Map<String, Image> pictures, Path into)
            throws IOException {
        for (Map.Entry<String, Image> drawn : pictures.entrySet()) {
            Pictures.write(drawn.getValue(), into.resolve(drawn.getKey() + ".png"));
        }
        entry.put("written", into.toString());
        report.add(entry);
        columns = List.copyOf(pictures.keySet());
        if (rows.size() < MOST_ROWS) {
            rows.add(new ContactSheet.Row(title, caption, List.copyOf(pictures.values())));
        }
    }

    private static String line(Map<String, Object> entry) {
        Object probability = entry.get("probability");
        return entry.get("written") + ": " + entry.get("answer")
                + (probability == null ? ", is " + entry.get("truth")
                        : String.format(Locale.ROOT, " %.1f %%", 100 * (double) probability));
    }
}
