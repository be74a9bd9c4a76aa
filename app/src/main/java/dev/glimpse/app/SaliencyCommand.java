package dev.glimpse.app;

import dev.glimpse.data.Image;
import dev.glimpse.data.ImageReader;
import dev.glimpse.explain.ContactSheet;
import dev.glimpse.explain.Pictures;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.saliency.Fixation;
import dev.glimpse.saliency.Normalisation;
import dev.glimpse.saliency.Saliency;
import dev.glimpse.saliency.WinnerTakeAll;
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
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows what stands out in pictures, and where attention goes, by the model of Itti, Koch and Niebur. */
@Command(name = "saliency", mixinStandardHelpOptions = true, showDefaultValues = true, description = {
    "Show what stands out in pictures and where attention goes first (Itti, Koch and Niebur, 1998).",
    "Nothing is learned. --search repeats the paper's visual search on generated displays."})
final class SaliencyCommand implements Callable<Integer> {
    private static final int MOST_FIXATIONS = 1000;
    private static final int MOST_ROWS = 50; // of the contact sheet: it is held in memory as a whole

    /** Pictures or generated displays. */
    private static final class Subject {
        @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "Pictures.")
        private List<Path> files;

        @Option(names = "--search", description = "Search generated displays instead.")
        private boolean search;
    }

    @ArgGroup(multiplicity = "1")
    private Subject subject;

    @Option(names = "--normalise", defaultValue = "local-max", paramLabel = "HOW",
            converter = NormalisationConverter.class,
            description = "What lifts maps with few peaks: local-max or iterative.")
    private Normalisation normalisation;

    @Option(names = "--fixations", defaultValue = "5", paramLabel = "N", description = "How many places to attend to.")
    private int fixations;

    @Option(names = "--displays", defaultValue = "200", paramLabel = "N",
            description = "Displays of each kind that --search makes.")
    private int displays;

    @Option(names = "--seed", defaultValue = "0", description = "Seed of the first display.")
    private long seed;

    @Option(names = "--out", defaultValue = "glimpse-saliency", paramLabel = "DIR",
            description = "Where the PNG and JSON files go.")
    private Path out;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (fixations < 1 || fixations > MOST_FIXATIONS) {
            throw new IllegalArgumentException(
                    "--fixations is " + fixations + ", must be 1 to " + MOST_FIXATIONS);
        }
        if (displays < 1) {
            throw new IllegalArgumentException("--displays is " + displays + ", must be at least 1");
        }
        AtomicFiles.requireWritable(out);
        PrintWriter text = spec.commandLine().getOut();
        if (subject.search) {
            Map<String, Object> result = new SaliencySearch(normalisation, displays, seed).run(out);
            text.print(json ? Output.json(result) + System.lineSeparator() : SaliencySearch.text(result));
            text.flush();
            return 0;
        }
        List<Map<String, Object>> report = new ArrayList<>();
        List<ContactSheet.Row> rows = new ArrayList<>();
        Set<String> names = new HashSet<>();
        int unread = 0;
        for (Path file : subject.files) {
            try {
                Map<String, Object> entry = attend(file, out.resolve(Output.unused(file, names)), rows);
                report.add(entry);
                if (!json) {
                    text.println(line(entry));
                }
            } catch (IOException e) {
                unread++;
                spec.commandLine().getErr().println("glimpse: " + e.getMessage());
            }
        }
        Path sheet = out.resolve("contact-sheet.png");
        if (!rows.isEmpty()) {
            Pictures.write(new ContactSheet(SaliencyPictures.COLUMNS, rows).draw(), sheet);
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

    private Map<String, Object> attend(Path file, Path into, List<ContactSheet.Row> rows) throws IOException {
        Image picture = ImageReader.read(file);
        if (Math.min(picture.width(), picture.height()) < Saliency.LEAST_SIDE) {
            throw new IOException(file + ": " + picture.width() + "x" + picture.height()
                    + " pixels are too few for a pyramid of nine levels; it takes at least " + Saliency.LEAST_SIDE + "x"
                    + Saliency.LEAST_SIDE);
        }
        Saliency saliency = Saliency.of(picture, normalisation);
        WinnerTakeAll attention = WinnerTakeAll.forPicture(picture.width(), picture.height());
        List<Fixation> path = attention.scan(saliency.map(), picture.width(), picture.height(), fixations);
        Map<String, Image> pictures = SaliencyPictures.of(picture, saliency, path, attention.radius());
        for (Map.Entry<String, Image> drawn : pictures.entrySet()) {
            Pictures.write(drawn.getValue(), into.resolve(drawn.getKey() + ".png"));
        }
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("file", file.toString());
        entry.put("width", picture.width());
        entry.put("height", picture.height());
        entry.put("normalisation", NormalisationConverter.name(normalisation));
        entry.put("focus_radius", attention.radius());
        entry.put("fixations", path);
        entry.put("map", saliency.map());
        entry.put("conspicuity", Map.of("intensity", saliency.intensity(), "colour", saliency.colour(), "orientation",
                saliency.orientation()));
        AtomicFiles.write(into.resolve("saliency.json"), Output.json(entry) + "\n");
        entry.remove("map"); // long; in the file
        entry.remove("conspicuity");
        entry.put("written", into.toString());
        if (rows.size() < MOST_ROWS) {
            rows.add(SaliencyPictures.row(file.getFileName().toString(), "", picture, pictures));
        }
        return entry;
    }

    private static String line(Map<String, Object> entry) {
        StringBuilder text = new StringBuilder(entry.get("written") + ":");
        @SuppressWarnings("unchecked")
        List<Fixation> path = (List<Fixation>) entry.get("fixations");
        if (path.isEmpty()) {
            return text + " nothing stands out";
        }
        path.forEach(fixation -> text.append(String.format(Locale.ROOT, " (%.0f, %.0f) after %d ms", fixation.x(),
                fixation.y(), fixation.milliseconds())));
        return text.toString();
    }
}
