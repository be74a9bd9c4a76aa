package dev.glimpse.app;

import dev.glimpse.data.Mask;
import dev.glimpse.data.SegmentationFolder;
import dev.glimpse.data.TestTimeAugmentation;
import dev.glimpse.explain.Pictures;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Segmenter;
import dev.glimpse.train.metric.ConfusionMatrix;
import dev.glimpse.train.metric.ConfusionTally;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Measures a run's network on images with masks, whole image by whole image. */
final class SegmentationEval {
    private final Run run;
    private final PrintWriter out;
    private final PrintWriter err;
    private final Map<String, String> skipped = new TreeMap<>();

    SegmentationEval(Run run, PrintWriter out, PrintWriter err) {
        this.run = run;
        this.out = out;
        this.err = err;
    }

    /**
     * @param pictures where pictures go, or null for none
     * @param looks at each image
     */
    int measure(Path data, Path pictures, TestTimeAugmentation looks, boolean json) throws IOException {
        RunConfig config = run.config();
        SegmentationFolder images = images(data, config);
        if (pictures != null) {
            AtomicFiles.requireWritable(pictures);
        }
        Libtorch.load();
        Segmenter segmenter = SegmentationRuns.segmenter(run.network(), config).with(looks);
        SegmentationSheet sheet = new SegmentationSheet(segmenter, config.task().masks().legend());
        ConfusionTally tally = new ConfusionTally(config.classes().size(), Mask.IGNORED & 0xff);
        for (int i = 0; i < images.size(); i++) {
            SegmentationFolder.Example example;
            try {
                example = images.example(i);
            } catch (IOException e) {
                skipped.put(images.name(i), e.getMessage());
                continue;
            }
            Mask found = segmenter.segment(example.image());
            tally.add(found, example.mask());
            if (pictures != null) {
                ConfusionTally own = new ConfusionTally(config.classes().size(), Mask.IGNORED & 0xff);
                own.add(found, example.mask());
                sheet.add(Materials.file(images.name(i)), String.format(Locale.ROOT, "mean IoU %.1f %%",
                        100 * own.result().meanIou()), example.image(), example.mask(), found);
            }
        }
        Skipped.report(err, skipped);
        if (skipped.size() == images.size()) {
            throw new IOException(data + ": none of its " + images.size() + " images could be read");
        }
        if (pictures != null) {
            Pictures.write(sheet.draw(), pictures.resolve("contact-sheet.png"));
        }
        print(tally.result(), images.size() - skipped.size(), json);
        return 0;
    }

    /** Of the data that the run was trained on those that it was tested on. */
    private static SegmentationFolder images(Path data, RunConfig config) throws IOException {
        return data.toAbsolutePath().normalize().toString().equals(config.data())
                ? SegmentationRuns.splits(data, config).test()
                : SegmentationFolder.open(data, config.task().masks().legend())
                        .scaled(config.task().masks().shorterSide());
    }

    private void print(ConfusionMatrix matrix, int count, boolean json) {
        if (!json) {
            out.println(matrix.describe(run.config().classes()));
            return;
        }
        Map<String, Object> classes = new LinkedHashMap<>();
        for (int c = 0; c < matrix.classes(); c++) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("pixels", matrix.ofTruth(c));
            one.put("iou", number(matrix.iou(c)));
            one.put("dice", number(matrix.dice(c)));
            classes.put(run.config().classes().get(c), one);
        }
        Map<String, Object> result = new LinkedHashMap<>();
        matrix.numbers().forEach((name, value) -> result.put(name, number(value)));
        result.put("images", count);
        result.put("skipped_images", skipped.size());
        result.put("classes", classes);
        out.println(Output.json(result));
    }

    private static Double number(double value) {
        return Double.isNaN(value) ? null : value;
    }
}
