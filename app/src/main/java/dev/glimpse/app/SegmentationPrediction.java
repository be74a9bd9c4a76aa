package dev.glimpse.app;

import dev.glimpse.data.Image;
import dev.glimpse.data.ImageReader;
import dev.glimpse.data.Legend;
import dev.glimpse.data.Mask;
import dev.glimpse.explain.Pictures;
import dev.glimpse.explain.Segments;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.Run;
import dev.glimpse.train.Segmenter;
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
import java.util.stream.Collectors;

/**
 * Tells the pixels of pictures apart.
 *
 * <pre>
 * NAME-mask.png        a class a pixel, as indices of a palette
 * NAME-overlay.png     the classes' colours over the picture
 * contact-sheet.png    all of them, with what the network attended to
 * </pre>
 */
final class SegmentationPrediction {
    private static final double OPACITY = 0.5;

    private final Run run;
    private final PrintWriter out;
    private final PrintWriter err;

    SegmentationPrediction(Run run, PrintWriter out, PrintWriter err) {
        this.run = run;
        this.out = out;
        this.err = err;
    }

    int write(List<Path> files, Path to, boolean json) throws IOException {
        AtomicFiles.requireWritable(to);
        Libtorch.load();
        Legend legend = run.config().task().masks().legend();
        Segmenter segmenter = SegmentationRuns.segmenter(run.network(), run.config());
        Segments segments = Segments.of(legend);
        SegmentationSheet sheet = new SegmentationSheet(segmenter, legend);
        List<Map<String, Object>> report = new ArrayList<>();
        Set<String> names = new HashSet<>();
        int unread = 0;
        for (Path file : files) {
            Image picture;
            try {
                picture = ImageReader.read(file);
            } catch (IOException e) {
                unread++;
                err.println("glimpse: " + e.getMessage());
                continue;
            }
            Mask found = segmenter.segment(picture);
            String name = Output.unused(file, names);
            Path mask = to.resolve(name + "-mask.png");
            Path overlay = to.resolve(name + "-overlay.png");
            segments.write(found, mask);
            Pictures.write(segments.over(picture, found, OPACITY), overlay);
            Map<String, Double> shares = shares(found, legend);
            sheet.add(file.getFileName().toString(), text(shares), picture, null, found);
            if (json) {
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("file", file.toString());
                entry.put("mask", mask.toString());
                entry.put("overlay", overlay.toString());
                entry.put("shares", shares);
                report.add(entry);
            } else {
                out.println(mask + "  " + text(shares).replace("\n", ", "));
            }
        }
        if (!sheet.isEmpty()) {
            Pictures.write(sheet.draw(), to.resolve("contact-sheet.png"));
        }
        if (json) {
            out.println(Output.json(Map.of("images", report, "unread", unread)));
        }
        return unread == 0 ? 0 : Main.FAILED;
    }

    /** Each class's share of the pixels, in 0 to 1. */
    private static Map<String, Double> shares(Mask mask, Legend legend) {
        long[] counts = new long[legend.classes().size()];
        for (byte found : mask.classes()) {
            counts[found & 0xff]++;
        }
        Map<String, Double> shares = new LinkedHashMap<>();
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0) {
                shares.put(legend.names().get(i), (double) counts[i] / mask.classes().length);
            }
        }
        return shares;
    }

    private static String text(Map<String, Double> shares) {
        return shares.entrySet().stream()
                .map(share -> String.format(Locale.ROOT, "%s %.1f %%", share.getKey(), 100 * share.getValue()))
                .collect(Collectors.joining("\n"));
    }
}
