package dev.glimpse.app.report;

import dev.glimpse.explain.HeatMap;
import dev.glimpse.train.WhitePatchResult;
import dev.glimpse.train.WhitePatchResult.Example;
import dev.glimpse.train.WhitePatchResult.Network;
import dev.glimpse.train.WhitePatchResult.Setup;
import java.util.Locale;
import java.util.stream.Collectors;

/** Test images of the white-patch experiment with what each network saw in them. */
final class WhitePatchExamples {
    private static final double OPACITY = 0.5;

    private WhitePatchExamples() {}

    static String html(WhitePatchResult result) {
        String networks = result.networks().stream().filter(network -> !network.examples().isEmpty())
                .map(network -> network(result, network)).collect(Collectors.joining());
        return """
                <section>
                <h2>What they look at</h2>
                <p>Test images of the first seed; below each, the network&rsquo;s map over it. The frame marks the \
                patch, <i>p</i> is the probability of a patch that the network gives.</p>
                %s</section>
                """.formatted(networks);
    }

    private static String network(WhitePatchResult result, Network network) {
        String maps = network.examples().stream().map(Example::mapName).distinct().collect(Collectors.joining(", "));
        String figures = network.examples().stream().map(example -> figure(result.setup(), example))
                .collect(Collectors.joining());
        return """
                <h3>%s <span class="quiet">%s</span></h3>
                <div class="examples">
                %s</div>
                """.formatted(WhitePatchReport.named(result, network), Html.escape(maps), figures);
    }

    private static String figure(Setup setup, Example example) {
        HeatMap map = new HeatMap(example.mapWidth(), example.mapHeight(), example.map());
        boolean patch = example.patchX() >= 0;
        boolean saysPatch = example.probability() >= 0.5;
        boolean right = patch == saysPatch && Double.isFinite(example.probability());
        String frame = patch ? frame(setup, example) : "";
        String truth = patch ? "an image with a patch" : "an image without a patch";
        return """
                <figure%s><div class="picture">%s%s</div><div class="picture">%s%s</div>\
                <figcaption><b>%s</b>%s<br>p = %s</figcaption></figure>
                """.formatted(right ? "" : " class=\"wrong\"", Html.image(example.image(), truth), frame,
                Html.image(map.over(example.image(), OPACITY), example.mapName() + " over " + truth), frame,
                saysPatch ? "Patch" : "No patch", right ? "" : " <span class=\"mark\">✗ wrong</span>",
                Numbers.fixed(example.probability(), 3));
    }

    private static String frame(Setup setup, Example example) {
        double percent = 100.0 / setup.imageSize();
        return String.format(Locale.ROOT,
                "<span class=\"frame\" style=\"left:%.2f%%;top:%.2f%%;width:%.2f%%;height:%.2f%%\"></span>",
                example.patchX() * percent, example.patchY() * percent, setup.patchSize() * percent,
                setup.patchSize() * percent);
    }
}
