package dev.glimpse.app.report;

import dev.glimpse.train.WhitePatchResult;
import dev.glimpse.train.WhitePatchResult.Epoch;
import dev.glimpse.train.WhitePatchResult.Network;
import dev.glimpse.train.WhitePatchResult.Pointing;
import dev.glimpse.train.WhitePatchResult.Run;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** The figures of the white-patch experiment. */
final class WhitePatchTables {
    private WhitePatchTables() {}

    /** One of a network's maps over all its seeds. */
    private record Found(Network network, String map, Spread hits, Spread mass, double chance) {}

    /** The three results that a reader would retell. */
    static String findings(WhitePatchResult result) {
        List<Network> networks = result.networks();
        Optional<Network> surest = networks.stream().filter(network -> Double.isFinite(testLoss(network).mean()))
                .min(Comparator.comparingDouble(network -> testLoss(network).mean()));
        Optional<Network> rightest = networks.stream().filter(network -> Double.isFinite(accuracy(network).mean()))
                .max(Comparator.comparingDouble(network -> accuracy(network).mean()));
        Optional<Found> sharpest = networks.stream().flatMap(network -> maps(network).stream())
                .filter(found -> Double.isFinite(found.hits.mean()))
                .max(Comparator.comparingDouble(found -> found.hits.mean()));
        StringBuilder cards = new StringBuilder();
        surest.ifPresent(network -> cards.append(Parts.card("Lowest test loss",
                Numbers.scientific(testLoss(network).mean()), WhitePatchReport.named(result, network))));
        rightest.ifPresent(network -> cards.append(Parts.card("Highest test accuracy",
                Numbers.percent(accuracy(network).mean()), WhitePatchReport.named(result, network))));
        sharpest.ifPresent(found -> cards.append(Parts.card("Best at pointing to the patch",
                Numbers.percent(found.hits.mean()), WhitePatchReport.named(result, found.network) + "<small>"
                        + Html.escape(found.map) + ", chance " + Numbers.percent(found.chance) + "</small>")));
        int seeds = result.setup().seeds().size();
        String caution = seeds > 1
                ? "Means over " + seeds + " seeds."
                : "From one seed: small gaps between networks may be chance.";
        return "<section class=\"cards\">\n%s</section>\n<p class=\"note\">%s</p>\n".formatted(cards, caution);
    }

    static String summary(WhitePatchResult result) {
        StringBuilder rows = new StringBuilder();
        for (Network network : result.networks()) {
            rows.append("""
                    <tr><th scope="row">%s<small>%s</small></th><td>%s</td><td>%s<small>%s</small></td>\
                    <td>%s<small>%s</small></td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>
                    """.formatted(WhitePatchReport.named(result, network), Html.escape(network.name()),
                    Numbers.count(network.parameters()), trainLoss(network).scientific(),
                    Numbers.scientific(network.articleTrainLoss()), testLoss(network).scientific(),
                    Numbers.scientific(network.articleTestLoss()), accuracy(network).percent(),
                    Spread.of(network.runs(), run -> run.epochs().isEmpty() ? Double.NaN
                            : run.epochs().getLast().testAccuracy()).percent(),
                    first(network, found -> found.hits.mean()), first(network, found -> found.mass.mean()),
                    Numbers.fixed(Spread.of(network.runs(), Run::seconds).mean(), 0)));
        }
        String spread = result.setup().seeds().size() > 1
                ? " &plusmn; is the standard deviation over " + result.setup().seeds().size() + " seeds."
                : "";
        return """
                <section>
                <h2>The four networks</h2>
                <div class="scroll">
                <table>
                <thead><tr><th>Network</th><th>Parameters</th><th>Train loss<small>article</small></th>\
                <th>Test loss<small>article</small></th><th>Best test<br>accuracy</th><th>Last test<br>accuracy</th>\
                <th>Peak<br>in patch</th><th>Mass<br>in patch</th><th>Seconds</th></tr></thead>
                <tbody>
                %s</tbody>
                </table>
                </div>
                <p class="note">Losses are each run&rsquo;s best epoch; in grey, the losses that the \
                article reports.%s Peak and mass are those of the network&rsquo;s first map in \
                <a href="#pointing">the pointing game</a> below. Seconds are for one training.</p>
                </section>
                """.formatted(rows, spread);
    }

    static String pointing(WhitePatchResult result) {
        StringBuilder rows = new StringBuilder();
        for (Network network : result.networks()) {
            List<Found> maps = maps(network);
            String name = "<th scope=\"rowgroup\" rowspan=\"%d\">%s</th>".formatted(maps.size(),
                    WhitePatchReport.named(result, network));
            for (Found found : maps) {
                String colour = Svg.colour(result.networks().indexOf(network));
                rows.append("""
                        <tr>%s<td class="text">%s</td><td>%s</td><td class="bar">%s</td>\
                        <td>%s</td><td class="bar">%s</td><td>%s</td></tr>
                        """.formatted(found == maps.getFirst() ? name : "", Html.escape(found.map),
                        found.hits.percent(), bar(found.hits.mean(), found.chance, colour), found.mass.percent(),
                        bar(found.mass.mean(), found.chance, colour), Numbers.percent(found.chance)));
            }
        }
        return """
                <section id="pointing">
                <h2>Do they look at the patch?</h2>
                <p>The pointing game over the test images that have a patch. <span class="bar">Bars run from 0 to \
                100&#8239;%%; the upright stroke is chance.</span></p>
                <div class="scroll">
                <table>
                <thead><tr><th>Network</th><th class="text">Map</th><th>Peak in patch</th><th class="bar"></th>\
                <th>Mass in patch</th><th class="bar"></th><th>Chance</th></tr></thead>
                <tbody>
                %s</tbody>
                </table>
                </div>
                </section>
                """.formatted(rows);
    }

    private static String bar(double share, double chance, String colour) {
        Svg svg = new Svg(140, 16, Numbers.percent(share) + ", chance " + Numbers.percent(chance));
        svg.rectangle(0, 3, 140, 10, "fill:currentColor;fill-opacity:.08");
        if (Double.isFinite(share)) {
            svg.rectangle(0, 3, 140 * Math.clamp(share, 0, 1), 10, "fill:" + colour);
        }
        if (Double.isFinite(chance)) {
            double at = 140 * Math.clamp(chance, 0, 1);
            svg.line(at, 1, at, 15, "stroke:currentColor;stroke-width:1.5");
        }
        return svg.toString();
    }

    private static String first(Network network, ToDoubleFunction<Found> measure) {
        return Numbers.percent(maps(network).stream().mapToDouble(measure).findFirst().orElse(Double.NaN));
    }

    private static List<Found> maps(Network network) {
        List<String> names = network.runs().stream().flatMap(run -> run.pointing().stream()).map(Pointing::map)
                .distinct().toList();
        List<Found> maps = new ArrayList<>();
        for (String name : names) {
            List<Pointing> seeds = network.runs().stream().flatMap(run -> run.pointing().stream())
                    .filter(pointing -> pointing.map().equals(name)).toList();
            maps.add(new Found(network, name, Spread.of(seeds, Pointing::hits), Spread.of(seeds, Pointing::mass),
                    Spread.of(seeds, Pointing::chanceHits).mean()));
        }
        return maps;
    }

    private static Spread trainLoss(Network network) {
        return Spread.of(network.runs(), run -> lowest(run, Epoch::trainLoss));
    }

    private static Spread testLoss(Network network) {
        return Spread.of(network.runs(), run -> lowest(run, Epoch::testLoss));
    }

    private static Spread accuracy(Network network) {
        return Spread.of(network.runs(), run -> -lowest(run, epoch -> -epoch.testAccuracy()));
    }

    private static double lowest(Run run, ToDoubleFunction<Epoch> measure) {
        return run.epochs().stream().mapToDouble(measure).filter(Double::isFinite).min().orElse(Double.NaN);
    }
}
