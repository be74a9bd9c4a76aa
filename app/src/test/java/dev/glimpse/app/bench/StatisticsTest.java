package dev.glimpse.app.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.app.bench.Rounds.Contender;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StatisticsTest {
    @Test
    void mediansAndMeans() {
        assertThat(Statistics.median(List.of(3.0, 1.0, 2.0))).isEqualTo(2);
        assertThat(Statistics.median(List.of(4.0, 1.0, 2.0, 100.0))).isEqualTo(3);
        assertThat(Statistics.geometricMean(List.of(1.0, 2.0, 4.0))).isCloseTo(2, within(1e-12));
    }

    /** In a slow round both are slow: the ratio of medians would say 2. */
    @Test
    void aRatioIsTheMedianOfTheRounds() {
        Rounds rounds = new Rounds();
        double[] slow = {6, 8, 30};
        double[] fast = {2, 4, 10};
        for (int i = 0; i < slow.length; i++) {
            rounds.add("slow", slow[i]);
            rounds.add("fast", fast[i]);
        }
        assertThat(rounds.ratio("slow", "fast")).isEqualTo(3);
        assertThat(rounds.milliseconds("slow")).isEqualTo(8e3);
        assertThat(rounds.count()).isEqualTo(3);
    }

    @Test
    void contendersTakeTurns() {
        List<String> order = new ArrayList<>();
        Rounds rounds = Rounds.of(List.of(new Contender("a", () -> order.add("ready"), () -> order.add("a")),
                new Contender("b", () -> {}, () -> order.add("b"))), 1e-9);
        assertThat(rounds.count()).isEqualTo(5);
        assertThat(order).startsWith("ready", "a", "b", "ready", "a", "b").hasSize(3 * (3 + 5));
    }
}
