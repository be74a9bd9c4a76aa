package dev.glimpse.app.report;

import dev.glimpse.app.report.LineChart.Series;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.train.Schedule;
import dev.glimpse.train.WhitePatchResult;
import dev.glimpse.train.WhitePatchResult.Epoch;
import dev.glimpse.train.WhitePatchResult.Network;
import dev.glimpse.train.WhitePatchResult.Setup;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/** The white-patch experiment as a page to read, to print and to show: one HTML file that loads nothing. */
public final class WhitePatchReport {
    private WhitePatchReport() {}

    /**
     * Writes the report, whole or not at all.
     *
     * @throws IOException in one line naming the file and the reason
     */
    public static void write(WhitePatchResult result, Path file) throws IOException {
        AtomicFiles.write(file, html(result));
    }

    static String html(WhitePatchResult result) {
        return Html.page("Where is the white patch?", introduction(result.setup()) + WhitePatchTables.findings(result)
                + WhitePatchTables.summary(result) + curves(result) + WhitePatchExamples.html(result)
                + WhitePatchTables.pointing(result) + reading(result.setup()) + differences() + setup(result.setup()));
    }

    private static String introduction(Setup setup) {
        return """
                <header>
                <p class="kicker">Glimpse &middot; white-patch experiment</p>
                <h1>Where is the white patch?</h1>
                <p class="lead">Half of the %2$d&times;%2$d images carry a white %1$d&times;%1$d patch, each somewhere \
                else. Four small networks learn to tell whether there is one: a plain CNN, and the same CNN with \
                multi-head attention, with multi-head attention made of 1&times;1 convolutions, or with CBAM before \
                its last layer. None is ever told <em>where</em> the patch is. Does attention help them to answer, \
                and do they look at the patch when they do?</p>
                </header>
                """.formatted(setup.patchSize(), setup.imageSize());
    }

    private static String curves(WhitePatchResult result) {
        List<Series> trainLoss = series(result, Epoch::trainLoss);
        List<Series> testLoss = series(result, Epoch::testLoss);
        List<Series> trainAccuracy = series(result, Epoch::trainAccuracy);
        List<Series> testAccuracy = series(result, Epoch::testAccuracy);
        Axis loss = together(Axis::log, trainLoss, testLoss);
        Axis accuracy = together(Axis::percent, trainAccuracy, testAccuracy);
        String seeds = result.setup().seeds().size() > 1
                ? " Thin lines are single seeds, strong lines their mean."
                : "";
        return """
                <section>
                <h2>How they learn</h2>
                <p>Charts side by side share their scale; losses are on a logarithmic one.%s</p>
                <div class="charts">
                %s%s%s%s</div>
                </section>
                """.formatted(seeds, new LineChart("Training loss", "Epoch", loss, trainLoss).svg(),
                new LineChart("Test loss", "Epoch", loss, testLoss).svg(),
                new LineChart("Training accuracy", "Epoch", accuracy, trainAccuracy).svg(),
                new LineChart("Test accuracy", "Epoch", accuracy, testAccuracy).svg());
    }

    private static List<Series> series(WhitePatchResult result, ToDoubleFunction<Epoch> measure) {
        return result.networks().stream()
                .map(network -> new Series(network.title(), network.runs().stream()
                        .map(run -> run.epochs().stream().mapToDouble(measure).toArray()).toList()))
                .toList();
    }

    private static Axis together(Function<DoubleStream, Axis> kind, List<Series> a, List<Series> b) {
        return kind.apply(DoubleStream.concat(LineChart.values(a), LineChart.values(b)));
    }

    private static String reading(Setup setup) {
        double chance = Math.pow((double) setup.patchSize() / setup.imageSize(), 2);
        return """
                <section class="prose">
                <h2>How to read this</h2>
                <p><b>Loss</b> is the mean binary cross entropy: 0.69 is guessing, and each factor of ten below means \
                that much less doubt. <b>Accuracy</b> counts an answer as right when the probability of a patch is on \
                the correct side of one half. The tables show the best epoch of each run, as the article does; that \
                epoch is chosen with the test images, so the figures are on the bright side for all four networks.</p>
                <p><b>Attention maps</b> run from blue (least) to red (most), each stretched to its own range. \
                So colours compare places within one picture, not pictures with each other, and a map over an image \
                without a patch still has its reddest place. Grad-CAM shows what speaks for a patch.</p>
                <p><b>The pointing game</b> asks where the map is greatest: inside the patch is a hit. Mass is the \
                share of the whole map that lies inside. The patch covers %s of the image, which is what a map without \
                any knowledge would reach in both.</p>
                </section>
                """.formatted(Numbers.percent(chance));
    }

    private static String differences() {
        return """
                <section class="prose">
                <h2>How this differs from the article</h2>
                <p>The article trained with Adam at a learning rate of 10<sup>−4</sup> for 50 epochs on 4,000 \
                images and tested on 1,000 others, all from the training split of STL-10. It seeded the random \
                generator again for each image by the image&rsquo;s place in the batch. So every batch, of training \
                and of test alike, had the same labels and the same patch positions in the same order, and 15 of a \
                batch&rsquo;s first 20 images had a patch. What training can learn from that leaks into the test; the \
                article&rsquo;s losses are to be read with that in mind. Its batch size is not given.</p>
                <p>Here every image has a draw of its own, as many images have a patch as have none, and no image is \
                in both training and test. The article&rsquo;s text says that CBAM had the smallest test loss; by its \
                own figures, which stand in the table above, it was multi-head attention made of 1&times;1 \
                convolutions. As the article ran it, CBAM was the channel gate alone, a network of 54,019 parameters.</p>
                </section>
                """;
    }

    private static String setup(Setup setup) {
        String seeds = setup.seeds().stream().map(String::valueOf).collect(Collectors.joining(", "));
        return """
                <section>
                <h2>Setup</h2>
                <dl>
                <dt>Images</dt><dd>%s</dd>
                <dt>Training, test</dt><dd>%s, %s</dd>
                <dt>Image, patch</dt><dd>%4$d&times;%4$d, %5$d&times;%5$d pixels</dd>
                <dt>Epochs</dt><dd>%6$s</dd>
                <dt>Batch</dt><dd>%7$s</dd>
                <dt>Learning rate</dt><dd>%8$s, Adam, %10$s</dd>
                <dt>Seeds</dt><dd>%9$s</dd>
                </dl>
                </section>
                """.formatted(Html.escape(setup.images()), Numbers.count(setup.trainImages()),
                Numbers.count(setup.testImages()), setup.imageSize(), setup.patchSize(), Numbers.count(setup.epochs()),
                Numbers.count(setup.batch()), Numbers.plain(setup.learningRate()), seeds,
                setup.schedule() == Schedule.Kind.COSINE ? "falling along a cosine" : "constant");
    }

    /** A name with its colour in the charts. */
    static String named(WhitePatchResult result, Network network) {
        return "<span class=\"dot\" style=\"background:%s\"></span>%s"
                .formatted(Svg.colour(result.networks().indexOf(network)), Html.escape(network.title()));
    }
}
