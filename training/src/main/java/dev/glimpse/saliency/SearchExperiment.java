package dev.glimpse.saliency;

import dev.glimpse.saliency.SearchDisplay.Feature;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Visual search with the model: how often the first fixation is on the odd bar, and how many fixations it takes to find
 * one that only a conjunction of features tells apart.
 *
 * <p>
 * A bar is found by a fixation that is nearest to it and within {@code FOCUS} pixels of its centre. The focus of attention
 * has this radius too: it holds one bar. A display is given up after {@code PATIENCE} fixations, and counts as that many.
 */
public final class SearchExperiment {
    /** In pixels: half of a cell of the display. */
    public static final double FOCUS = 48;
    /** Numbers of bars in the conjunction displays. */
    public static final List<Integer> SET_SIZES = List.of(5, 10, 15, 20, 25);
    /** The most fixations on a display. */
    public static final int PATIENCE = 100;

    /**
     * @param displays of each kind
     * @param firstHits the share of pop-out displays whose first fixation is on the odd bar
     * @param searches what the conjunction displays took
     */
    public record Result(Normalisation normalisation, int displays, Map<Feature, Double> firstHits,
            List<Search> searches) {}

    /**
     * @param items how many bars a display has
     * @param fixations the mean number until the target is found
     * @param found the share of displays in which it is
     */
    public record Search(int items, double fixations, double found) {}

    private SearchExperiment() {}

    /** Runs all of it; display {@code i} of a kind has seed {@code seed + i}. */
    public static Result run(Normalisation norm, int displays, long seed) {
        if (displays < 1) {
            throw new IllegalArgumentException(displays + " displays, must be at least 1");
        }
        Map<Feature, Double> hits = new EnumMap<>(Feature.class);
        for (Feature feature : Feature.values()) {
            hits.put(feature, firstHits(feature, norm, displays, seed));
        }
        List<Search> searches = new ArrayList<>();
        for (int items : SET_SIZES) {
            searches.add(search(items, norm, displays, seed));
        }
        return new Result(norm, displays, hits, searches);
    }

    /** The share of pop-out displays whose first fixation is on the odd bar. */
    static double firstHits(Feature feature, Normalisation norm, int displays, long seed) {
        int hits = 0;
        for (int i = 0; i < displays; i++) {
            hits += untilFound(SearchDisplay.popOut(feature, seed + i), norm, 1) == 1 ? 1 : 0;
        }
        return (double) hits / displays;
    }

    static Search search(int items, Normalisation norm, int displays, long seed) {
        long fixations = 0;
        int found = 0;
        for (int i = 0; i < displays; i++) {
            int until = untilFound(SearchDisplay.conjunction(items, seed + i), norm, PATIENCE);
            fixations += Math.min(until, PATIENCE);
            found += until <= PATIENCE ? 1 : 0;
        }
        return new Search(items, (double) fixations / displays, (double) found / displays);
    }

    /** Which fixation is the first on the target; one more than {@code most} where none is. */
    static int untilFound(SearchDisplay display, Normalisation norm, int most) {
        List<Fixation> path = scan(display, Saliency.of(display.image(), norm), most);
        return !path.isEmpty() && isFound(display, path.getLast()) ? path.size() : most + 1;
    }

    /** Attention's path over a display, up to the first fixation on the target. */
    public static List<Fixation> scan(SearchDisplay display, Saliency saliency, int fixations) {
        return new WinnerTakeAll(FOCUS).scan(saliency.map(), SearchDisplay.SIDE, SearchDisplay.SIDE, fixations,
                fixation -> isFound(display, fixation));
    }

    private static boolean isFound(SearchDisplay display, Fixation fixation) {
        return display.isOnTarget(fixation.x(), fixation.y(), FOCUS);
    }
}
