package dev.glimpse.app;

import dev.glimpse.data.Image;
import dev.glimpse.explain.ContactSheet;
import dev.glimpse.explain.Pictures;
import dev.glimpse.io.AtomicFiles;
import dev.glimpse.saliency.Fixation;
import dev.glimpse.saliency.Normalisation;
import dev.glimpse.saliency.Saliency;
import dev.glimpse.saliency.SearchDisplay;
import dev.glimpse.saliency.SearchDisplay.Feature;
import dev.glimpse.saliency.SearchExperiment;
import dev.glimpse.saliency.SearchExperiment.Search;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The paper's visual search: a sheet with one display of each kind, and figures over many.
 *
 * @param displays of each kind
 * @param seed of the first
 */
record SaliencySearch(Normalisation normalisation, int displays, long seed) {
    private static final int SHOWN_FIXATIONS = 8;

    /** Writes search.png and search.json, and returns what is in the latter. */
    Map<String, Object> run(Path out) throws IOException {
        List<ContactSheet.Row> rows = new ArrayList<>();
        for (Feature feature : Feature.values()) {
            rows.add(row(feature.name().toLowerCase(Locale.ROOT), "odd one out", SearchDisplay.popOut(feature, seed)));
        }
        rows.add(row("conjunction", "of colour and\norientation",
                SearchDisplay.conjunction(SearchDisplay.MOST, seed)));
        Path sheet = out.resolve("search.png");
        Pictures.write(new ContactSheet(SaliencyPictures.COLUMNS, rows).draw(), sheet);

        SearchExperiment.Result found = SearchExperiment.run(normalisation, displays, seed);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("normalisation", NormalisationConverter.name(normalisation));
        result.put("displays", displays);
        result.put("seed", seed);
        Map<String, Double> hits = new LinkedHashMap<>();
        found.firstHits().forEach((feature, share) -> hits.put(feature.name().toLowerCase(Locale.ROOT), share));
        result.put("first_fixation_on_the_odd_one", hits);
        result.put("conjunction", found.searches());
        result.put("sheet", sheet.toString());
        AtomicFiles.write(out.resolve("search.json"), Output.json(result) + "\n");
        return result;
    }

    private ContactSheet.Row row(String title, String caption, SearchDisplay display) {
        Image picture = display.image();
        Saliency saliency = Saliency.of(picture, normalisation);
        List<Fixation> path = SearchExperiment.scan(display, saliency, SHOWN_FIXATIONS);
        return SaliencyPictures.row(title, caption, picture,
                SaliencyPictures.of(picture, saliency, path, SearchExperiment.FOCUS));
    }

    /** What {@link #run} returned, for people. */
    static String text(Map<String, Object> result) {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT,
                "First fixation on the odd one of 25, %s displays of each kind:%n", result.get("displays")));
        ((Map<?, ?>) result.get("first_fixation_on_the_odd_one")).forEach(
                (feature, share) -> text.append(String.format(Locale.ROOT, "  %-12s %5.1f %%%n", feature,
                        100 * (Double) share)));
        text.append(String.format("Fixations until a conjunction is found:%n"));
        for (Object each : (List<?>) result.get("conjunction")) {
            Search search = (Search) each;
            text.append(String.format(Locale.ROOT, "  %2d items %7.1f   found in %5.1f %%%n", search.items(),
                    search.fixations(), 100 * search.found()));
        }
        return text.append("Sheet: ").append(result.get("sheet")).append(System.lineSeparator()).toString();
    }
}
