package dev.glimpse.app.report;

import dev.glimpse.app.report.TestFindings.Mistake;
import dev.glimpse.data.Image;
import dev.glimpse.explain.Segments;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.train.RunConfig;
import dev.glimpse.train.RunMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A run as a page to read, to print and to show: one HTML file that loads nothing. */
public final class RunReport {
    /** Rows of fewer pictures would show larger ones. */
    private static final int LEAST_COLUMNS = 5;

    private final RunSummary run;
    private final TestFindings found;
    private final String missing;

    private RunReport(RunSummary run, TestFindings found, String missing) {
        this.run = run;
        this.found = found;
        this.missing = missing;
    }

    /** A report with what the best weights do on the test images. */
    public static RunReport of(RunSummary run, TestFindings found) {
        return new RunReport(run, found, null);
    }

    /** A report without the images, and why. */
    public static RunReport withoutImages(RunSummary run, String reason) {
        return new RunReport(run, null, reason);
    }

    /**
     * Writes it, whole or not at all.
     *
     * @throws IOException in one line naming the file and the reason
     */
    public void write(Path file) throws IOException {
        AtomicFiles.write(file, html());
    }

    String html() {
        return Html.page(run.network() + " · " + run.name(), header() + cards()
                + Parts.section("How it learned", "", RunCurves.of(run.metrics()) + epochs()) + findings()
                + Parts.section("How to do it again", "",
                        RunSetup.command(run.config()) + RunSetup.html(run.config())));
    }

    private String header() {
        RunConfig config = run.config();
        int epochs = run.metrics().epochs();
        String task = switch (config.task().kind()) {
            case CLASSIFICATION -> "tell %d classes of images apart".formatted(config.classes().size());
            case MULTI_LABEL -> "give images any of %d classes".formatted(config.classes().size());
            case SEGMENTATION -> "tell %d classes of pixels apart".formatted(config.classes().size());
            case SYSTEM -> "do what '" + Html.escape(config.model()) + "' does";
        };
        String on = config.images() == null ? "" : " on " + Numbers.count(config.images().train()) + " images";
        String tested = config.images() == null ? ""
                : ", and was tested on " + Numbers.count(config.images().test()) + " others";
        String end = epochs == config.recipe().epochs() ? ""
                : config.recipe().patience() > 0 && epochs - bestEpoch() >= config.recipe().patience()
                        ? " It ended after %d of %d epochs: the test had not got better for %d.".formatted(epochs,
                                config.recipe().epochs(), config.recipe().patience())
                        : " It is not done: %d of %d epochs are.".formatted(epochs, config.recipe().epochs());
        return Parts.header("Glimpse · training run", run.network(),
                "The run <b>%s</b> learned in %s%s to %s%s.%s".formatted(Html.escape(run.name()), epochs(epochs), on,
                        task, tested, end));
    }

    private static String epochs(int count) {
        return count == 1 ? "one epoch" : count + " epochs";
    }

    private int bestEpoch() {
        return run.metrics().bestEpoch(run.measure());
    }

    private String cards() {
        RunMetrics metrics = run.metrics();
        return Parts.cards(List.of(
                Parts.card("Best test " + RunSummary.words(run.measure()), Numbers.percent(run.best()),
                        "after epoch " + bestEpoch() + (bestEpoch() == metrics.epochs() ? ", the last"
                                : "; after the last, " + Numbers.percent(run.last()))),
                Parts.card("Parameters", Numbers.large(run.parameters()),
                        run.multiplyAdds() == 0 ? ""
                                : Numbers.large(run.multiplyAdds()) + " multiply-adds an image of "
                                        + run.config().size() + "×" + run.config().size()),
                Parts.card("Training examples a second", Numbers.rate(run.imagesPerSecond()),
                        "in " + run.config().recipe().mode() + "; a step takes "
                                + Numbers.fixed(metrics.median("step_ms"), 0) + " ms, "
                                + Numbers.percent(metrics.median("stall_share")) + " of it waiting for them"),
                Parts.card("Time", RunSummary.time(run.seconds()),
                        "tests included; " + RunSummary.time(metrics.median("seconds")) + " an epoch")));
    }

    private String epochs() {
        RunMetrics metrics = run.metrics();
        List<String> head = new ArrayList<>();
        metrics.names().forEach(name -> head.add(Html.escape(name.replace('_', ' '))));
        List<List<String>> rows = new ArrayList<>();
        for (double[] row : metrics.rows()) {
            List<String> cells = new ArrayList<>();
            for (int i = 0; i < row.length; i++) {
                cells.add(i == 0 ? Numbers.count((long) row[i])
                        : Math.abs(row[i]) >= 100 ? Numbers.fixed(row[i], 1)
                                : Double.isFinite(row[i]) ? Numbers.significant(row[i]) : Numbers.NONE);
            }
            rows.add(cells);
        }
        return Parts.details("All epochs", "<div class=\"small\">" + Parts.table(head, rows) + "</div>\n");
    }

    private String findings() {
        List<String> classes = run.config().classes();
        return switch (found) {
            case null -> Parts.section("What it gets wrong", "",
                    "<p class=\"missing\">Nothing can be said class by class: %s</p>\n".formatted(
                            Html.escape(missing)));
            case TestFindings.Examples _ -> shown("What it does", "Some of what it was tested on.");
            case TestFindings.Classes of -> Parts.section("Class by class", looked(),
                    ClassTable.ofImages(of.matrix(), classes))
                    + Parts.section("What is taken for what",
                            "A row holds the images of one class; its colours are shares of the row.",
                            new ConfusionChart(of.matrix(), classes, false).html())
                    + mistakes("Test images that the network is most wrong about: what it took each for, and the "
                            + "truth with the probability that was left for it.");
            case TestFindings.Labels of -> Parts.section("Class by class", looked(),
                    ClassTable.ofLabels(of.score(), classes))
                    + mistakes("Test images with a class missed or invented, the surest first: what the network gave "
                            + "each, and what it has.");
            case TestFindings.Pixels of -> Parts.section("Class by class", looked(),
                    ClassTable.ofPixels(of.matrix(), classes,
                            Segments.of(run.config().task().masks().legend()).colours()))
                    + Parts.section("What is taken for what",
                            "A row holds the pixels of one class.",
                            new ConfusionChart(of.matrix(), classes, true).html())
                    + mistakes("The test images with the lowest mean IoU. In white over the prediction, the borders of "
                            + "the truth.");
        };
    }

    private String looked() {
        String skipped = found.skipped() == 0 ? ""
                : "; " + Numbers.count(found.skipped()) + " more could not be read";
        return "The best weights, those after epoch %d, on %s test images%s.".formatted(bestEpoch(),
                Numbers.count(found.images()), skipped);
    }

    private String mistakes(String lead) {
        return shown("The worst mistakes", found.mistakes().isEmpty() ? ""
                : lead + " Maps run from blue, where the network looked least, to red; each is stretched to its own "
                        + "range.");
    }

    private String shown(String title, String lead) {
        if (found.mistakes().isEmpty()) {
            return Parts.section(title, lead, "<p>There are none.</p>\n");
        }
        StringBuilder rows = new StringBuilder();
        for (Mistake mistake : found.mistakes()) {
            rows.append("<div class=\"mistake\"><p><b>%s</b>%s<small>%s</small></p>\n".formatted(
                    Html.escape(mistake.answer()),
                    mistake.truth() == null ? "" : "<br>truth: " + Html.escape(mistake.truth()),
                    Html.escape(mistake.name())));
            rows.append("<div class=\"looks\" style=\"--looks:%d\">\n"
                    .formatted(Math.max(LEAST_COLUMNS, mistake.pictures().size())));
            for (Map.Entry<String, Image> picture : mistake.pictures().entrySet()) {
                rows.append("<figure><div class=\"picture\">%s</div><figcaption>%s</figcaption></figure>\n".formatted(
                        Html.image(picture.getValue(), picture.getKey()), Html.escape(picture.getKey())));
            }
            rows.append("</div>\n</div>\n");
        }
        return Parts.section(title, lead, "<div class=\"mistakes\">\n" + rows + "</div>\n");
    }
}
