package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.app.report.TestFindings;
import dev.glimpse.app.report.TestFindings.Mistake;
import dev.glimpse.data.Dataset;
import dev.glimpse.data.Image;
import dev.glimpse.data.Loader;
import dev.glimpse.data.Mask;
import dev.glimpse.data.SegmentationFolder;
import dev.glimpse.data.Target;
import dev.glimpse.explain.Pictures;
import dev.glimpse.explain.Scaling;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.Classifier;
import dev.glimpse.train.Evaluation;
import dev.glimpse.train.LearnedSystem.Example;
import dev.glimpse.train.Material;
import dev.glimpse.train.Run;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.Segmenter;
import dev.glimpse.train.TaskConfig;
import dev.glimpse.train.metric.ConfusionTally;
import dev.glimpse.train.metric.MultiLabelTally;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Looks at what a run's best weights do on its test images, and where they look when they are wrong. */
final class RunExamination {
    private static final int MOST_MISTAKES = 12;
    private static final int MOST_SEGMENTED = 6; // their pictures are larger
    private static final int MOST_MAPS = 3;
    private static final int SIDE = 160;
    private static final int PIXELS_SHOW_FROM = 4;
    private static final long NONE_IGNORED = -100;

    private final RunConfig config;
    private final Material material;
    private final BooleanSupplier stop;
    private final Layer network;

    /** @param stop asked now and then; once true, nothing is found */
    RunExamination(Run run, Material material, BooleanSupplier stop) throws IOException {
        this.config = run.config();
        this.material = material;
        this.stop = stop;
        this.network = run.network();
    }

    /** A wrong answer, the greater the badness the worse. */
    private record Wrong(int index, double badness, int explained, String answer, String truth) {}

    /** @return nothing if stopped */
    Optional<TestFindings> findings() throws IOException {
        TestFindings found = switch (material) {
            case LabelledMaterial labelled when config.task().kind() == TaskConfig.Kind.MULTI_LABEL -> labels(labelled);
            case LabelledMaterial labelled -> classes(labelled);
            case MaskedMaterial masked -> pixels(masked);
            default -> examples();
        };
        return stop.getAsBoolean() ? Optional.empty() : Optional.of(found);
    }

    private TestFindings examples() throws IOException {
        List<Mistake> shown = new ArrayList<>();
        for (Example one : config.system().examples(network, config, material, stop)) {
            shown.add(new Mistake(one.name(), one.answer(), one.truth(), one.pictures()));
        }
        return new TestFindings.Examples(shown.size(), 0, shown);
    }

    private TestFindings classes(LabelledMaterial labelled) throws IOException {
        List<String> names = config.classes();
        ConfusionTally tally = new ConfusionTally(names.size(), NONE_IGNORED);
        List<Wrong> wrong = new ArrayList<>();
        int skipped = each(labelled, (indices, output, target) -> {
            tally.add(output, target);
            float[] shares = Tensors.toFloats(output.softmax(1));
            long[] answers = Tensors.toLongs(ConfusionTally.answers(output));
            long[] truths = Tensors.toLongs(target);
            for (int i = 0; i < indices.length; i++) {
                int truth = (int) truths[i];
                int answer = (int) answers[i];
                if (answer != truth) {
                    double share = shares[i * names.size() + truth];
                    wrong.add(new Wrong(indices[i], -share, answer,
                            percent(names.get(answer), shares[i * names.size() + answer]),
                            percent(names.get(truth), share)));
                }
            }
        });
        return new TestFindings.Classes(tally.result(), tally.result().count(), skipped,
                mistakes(labelled.check(), wrong));
    }

    private TestFindings labels(LabelledMaterial labelled) throws IOException {
        List<String> names = config.classes();
        MultiLabelTally tally = new MultiLabelTally(names.size());
        List<Wrong> wrong = new ArrayList<>();
        long[] images = {0};
        int skipped = each(labelled, (indices, output, target) -> {
            tally.add(output, target);
            images[0] += indices.length;
            float[] shares = Tensors.toFloats(output.sigmoid());
            for (int i = 0; i < indices.length; i++) {
                wrong(indices[i], shares, i * names.size(), labelled.check().target(indices[i])).ifPresent(wrong::add);
            }
        });
        return new TestFindings.Labels(tally.result(), images[0], skipped, mistakes(labelled.check(), wrong));
    }

    /** An image with a label missed or invented; the surer the network was, the worse. */
    private Optional<Wrong> wrong(int index, float[] shares, int offset, Target target) {
        List<String> names = config.classes();
        float[] truth = ((Target.Labels) target).shares();
        List<Integer> given = new ArrayList<>();
        List<String> has = new ArrayList<>();
        int explained = 0;
        double worst = 0;
        for (int c = 0; c < names.size(); c++) {
            double share = shares[offset + c];
            boolean yes = truth[c] >= 0.5f;
            double error = yes ? 1 - share : share;
            if (error > worst) {
                worst = error;
                explained = c;
            }
            if (yes) {
                has.add(names.get(c));
            }
            if (share > 0.5) {
                given.add(c);
            }
        }
        if (worst <= 0.5) {
            return Optional.empty();
        }
        String answer = given.stream().map(c -> percent(names.get(c), shares[offset + c]))
                .collect(Collectors.joining(", "));
        return Optional.of(new Wrong(index, worst, explained, answer.isEmpty() ? "nothing" : answer,
                has.isEmpty() ? "nothing" : String.join(", ", has)));
    }

    private int each(LabelledMaterial labelled, Evaluation.Listener listener) throws IOException {
        try (Loader images = labelled.test(config, config.recipe().workers())) {
            Evaluation.each(network, images, config.recipe().mode(), stop, listener);
            int skipped = images.skipped().size();
            if (skipped == labelled.check().size()) {
                throw new IOException("none of the " + skipped + " test images can be read");
            }
            return skipped;
        }
    }

    private List<Mistake> mistakes(Dataset images, List<Wrong> wrong) {
        Classifier classifier = new Classifier(network, config);
        List<Mistake> mistakes = new ArrayList<>();
        wrong.sort(Comparator.comparingDouble(Wrong::badness).reversed().thenComparingInt(Wrong::index));
        for (Wrong one : wrong) {
            if (mistakes.size() == MOST_MISTAKES || stop.getAsBoolean()) {
                break;
            }
            try {
                mistakes.add(new Mistake(Materials.file(images.name(one.index)), one.answer, one.truth,
                        pictures(classifier, images.image(one.index), one.explained)));
            } catch (IOException _) {
                // It could be read a moment ago: another mistake takes its place.
            }
        }
        return mistakes;
    }

    private static Map<String, Image> pictures(Classifier classifier, Image picture, int explained) {
        Image square = classifier.square(picture);
        int growth = SIDE / Math.max(square.width(), square.height());
        Image shown = Pictures.fitted(square, SIDE, growth >= PIXELS_SHOW_FROM ? Scaling.NEAREST : Scaling.CUBIC);
        Map<String, Image> pictures = new LinkedHashMap<>(Map.of("image", shown));
        try (PointerScope _ = new PointerScope()) {
            Tensor input = classifier.input(picture);
            pictures.putAll(AttentionOverlays.some(classifier.network(), input, shown, explained, MOST_MAPS));
        }
        return pictures;
    }

    private TestFindings pixels(MaskedMaterial masked) throws IOException {
        SegmentationFolder images = masked.splits().test();
        Segmenter segmenter = SegmentationRuns.segmenter(network, config);
        ConfusionTally tally = pixelTally();
        List<Wrong> all = new ArrayList<>();
        for (int i = 0; i < images.size() && !stop.getAsBoolean(); i++) {
            try {
                SegmentationFolder.Example example = images.example(i);
                Mask found = segmenter.segment(example.image());
                tally.add(found, example.mask());
                ConfusionTally own = pixelTally();
                own.add(found, example.mask());
                double iou = own.result().meanIou();
                all.add(new Wrong(i, -iou, 0, String.format(Locale.ROOT, "mean IoU %.1f %%", 100 * iou), null));
            } catch (IOException _) {
                // Counted by what is missing in the end.
            }
        }
        if (all.isEmpty() && !stop.getAsBoolean()) {
            throw new IOException("none of the " + images.size() + " test images can be read");
        }
        all.sort(Comparator.comparingDouble(Wrong::badness).reversed().thenComparingInt(Wrong::index));
        SegmentationSheet sheet = new SegmentationSheet(segmenter, config.task().masks().legend());
        List<Mistake> worst = new ArrayList<>();
        for (Wrong one : all.subList(0, Math.min(MOST_SEGMENTED, all.size()))) {
            SegmentationFolder.Example example = images.example(one.index);
            worst.add(new Mistake(Materials.file(images.name(one.index)), one.answer, null,
                    sheet.pictures(example.image(), example.mask(), segmenter.segment(example.image()))));
        }
        return new TestFindings.Pixels(tally.result(), all.size(), images.size() - all.size(), worst);
    }

    private ConfusionTally pixelTally() {
        return new ConfusionTally(config.classes().size(), Mask.IGNORED & 0xff);
    }

    private static String percent(String name, double share) {
        return String.format(Locale.ROOT, "%s %.1f %%", name, 100 * share);
    }
}
