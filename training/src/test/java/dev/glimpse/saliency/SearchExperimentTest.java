package dev.glimpse.saliency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.saliency.SearchDisplay.Feature;
import dev.glimpse.saliency.SearchDisplay.Item;
import dev.glimpse.saliency.SearchExperiment.Search;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SearchExperimentTest {
    @ParameterizedTest
    @EnumSource
    void theSameSeedGivesTheSameDisplay(Feature feature) {
        SearchDisplay display = SearchDisplay.popOut(feature, 3);
        assertThat(display.image().rgb()).isEqualTo(SearchDisplay.popOut(feature, 3).image().rgb())
                .isNotEqualTo(SearchDisplay.popOut(feature, 4).image().rgb());
        assertThat(display.items()).hasSize(25);
    }

    @Test
    void oneBarIsOdd() {
        Set<Integer> oddColours = new HashSet<>();
        for (int seed = 0; seed < 50; seed++) {
            SearchDisplay colour = SearchDisplay.popOut(Feature.COLOUR, seed);
            List<Item> others = colour.items().subList(1, 25);
            assertThat(others).allMatch(item -> item.rgb() == others.getFirst().rgb());
            assertThat(colour.items().getFirst().rgb()).isNotEqualTo(others.getFirst().rgb());
            oddColours.add(IntStream.of(colour.items().getFirst().rgb()).reduce(0, (a, b) -> 256 * a + b));
            SearchDisplay orientation = SearchDisplay.popOut(Feature.ORIENTATION, seed);
            double turn = orientation.items().getFirst().angle() - orientation.items().get(1).angle();
            assertThat(Math.toDegrees(turn)).isBetween(82.0, 98.0);
        }
        assertThat(oddColours).as("each of four colours is the odd one some time").hasSize(4);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 10, 25})
    void aConjunctionSharesEachFeatureWithOthers(int count) {
        SearchDisplay display = SearchDisplay.conjunction(count, 1);
        Item target = display.items().getFirst();
        assertThat(display.items()).hasSize(count);
        assertThat(display.items().stream().skip(1)).allMatch(
                item -> (item.rgb() == target.rgb()) != (Math.abs(item.angle() - target.angle()) < 0.2));
        long red = display.items().stream().skip(1).filter(item -> item.rgb() == target.rgb()).count();
        assertThat(red).isEqualTo(Math.ceilDiv(count - 1, 2));
    }

    @Test
    void tooFewOrTooManyAreRefused() {
        assertThatThrownBy(() -> SearchDisplay.conjunction(2, 0)).hasMessageContaining("2 items, must be 3 to 25");
        assertThatThrownBy(() -> SearchDisplay.conjunction(26, 0)).hasMessageContaining("26 items");
        assertThatThrownBy(() -> SearchExperiment.run(Normalisation.LOCAL_MAX, 0, 0))
                .hasMessageContaining("0 displays");
    }

    @ParameterizedTest
    @CsvSource({"COLOUR, 0.9", "INTENSITY, 0.9", "ORIENTATION, 0.8"})
    void theOddOnePopsOut(Feature feature, double least) {
        assertThat(SearchExperiment.firstHits(feature, Normalisation.LOCAL_MAX, 20, 1000))
                .isGreaterThanOrEqualTo(least);
    }

    /** On seeds where colour lost to what jitter leaves of the other channels as long as it had a competition less. */
    @Test
    void anOddColourWinsOverJitterWithTheOtherNormalisation() {
        assertThat(LongStream.of(11, 40, 45, 86, 130, 176).boxed().map(seed -> SearchExperiment
                .untilFound(SearchDisplay.popOut(Feature.COLOUR, seed), Normalisation.ITERATIVE, 1)))
                .containsOnly(1);
    }

    @Test
    void aConjunctionDoesNot() {
        Search few = SearchExperiment.search(5, Normalisation.LOCAL_MAX, 15, 1000);
        Search many = SearchExperiment.search(25, Normalisation.LOCAL_MAX, 15, 1000);
        assertThat(many.fixations()).isGreaterThan(2 * few.fixations());
        assertThat(many.found()).isGreaterThan(0.9);
    }

    /** The figures of docs/systems/saliency.md. */
    @ParameterizedTest
    @EnumSource
    @Tag("slow")
    void theFigures(Normalisation norm) {
        SearchExperiment.Result result = SearchExperiment.run(norm, 200, 0);
        assertThat(result.firstHits().get(Feature.COLOUR)).isGreaterThanOrEqualTo(0.95);
        assertThat(result.firstHits().get(Feature.INTENSITY)).isGreaterThanOrEqualTo(0.95);
        assertThat(result.firstHits().get(Feature.ORIENTATION)).isGreaterThanOrEqualTo(0.85);
        if (norm == Normalisation.LOCAL_MAX) {
            assertThat(result.searches()).extracting(Search::fixations).isSorted();
        }
    }
}
