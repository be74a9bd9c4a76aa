package dev.glimpse.system.racnn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.system.racnn.Beetles.Beetle;
import dev.glimpse.system.racnn.Beetles.Half;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BeetlesTest {
    private static final Beetles SOME = Beetles.parse("generated:train=300,test=300");

    @Test
    void aBeetleFollowsFromSeedHalfAndNumber() {
        Beetle beetle = SOME.beetle(Half.TRAIN, 7);
        Beetle again = Beetles.parse("generated").beetle(Half.TRAIN, 7);
        assertThat(again.picture().rgb()).isEqualTo(beetle.picture().rgb());
        assertThat(again.species()).isEqualTo(beetle.species());
        assertThat(SOME.beetle(Half.TEST, 7).picture().rgb()).isNotEqualTo(beetle.picture().rgb());
        assertThat(SOME.beetle(Half.TRAIN, 8).picture().rgb()).isNotEqualTo(beetle.picture().rgb());
        assertThat(Beetles.parse("generated:seed=1").beetle(Half.TRAIN, 7).picture().rgb())
                .isNotEqualTo(beetle.picture().rgb());
    }

    @Test
    void everySpeciesComesAboutAsOften() {
        int[] counts = new int[Beetles.SPECIES.size()];
        for (int i = 0; i < SOME.train(); i++) {
            counts[SOME.beetle(Half.TRAIN, i).species()]++;
        }
        assertThat(counts).hasSize(8);
        assertThat(Arrays.stream(counts).min().orElseThrow()).isGreaterThan(18);
    }

    @Test
    void theMarkIsReadOffItsBars() {
        for (int i = 0; i < 100; i++) {
            Beetle beetle = SOME.beetle(Half.TEST, i);
            assertThat(beetle.left()).isBetween(0, SOME.size() - SOME.mark());
            assertThat(beetle.top()).isBetween(0, SOME.size() - SOME.mark());
            assertThat(read(beetle)).as("beetle %d", i).isEqualTo(Beetles.SPECIES.get(beetle.species()));
        }
    }

    /** By which way the pixels hardly change, and whether red outweighs blue. */
    private static String read(Beetle beetle) {
        int[][] ways = {{1, 0}, {0, 1}, {1, -1}, {1, 1}};
        String[] names = {"level", "upright", "rising", "falling"};
        double least = Double.MAX_VALUE;
        String bars = "";
        for (int way = 0; way < ways.length; way++) {
            double change = 0;
            for (int y = 1; y < SOME.mark() - 1; y++) {
                for (int x = 1; x < SOME.mark() - 1; x++) {
                    change += Math.abs(value(beetle, x + ways[way][0], y + ways[way][1], 1) - value(beetle, x, y, 1));
                }
            }
            if (change < least) {
                least = change;
                bars = names[way];
            }
        }
        double red = 0;
        for (int i = 0; i < SOME.mark() * SOME.mark(); i++) {
            red += value(beetle, i % SOME.mark(), i / SOME.mark(), 0)
                    - value(beetle, i % SOME.mark(), i / SOME.mark(), 2);
        }
        return bars + (red > 0 ? "-rust" : "-blue");
    }

    private static int value(Beetle beetle, int x, int y, int channel) {
        return beetle.picture().rgb()[3 * ((beetle.top() + y) * SOME.size() + beetle.left() + x) + channel] & 0xff;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            generated:train=0       | train=0,test=1000, must be at least 1
            generated:size=40       | size is 40, must be at least 48
            generated:mark=3        | mark is 3, must be 4 to a sixth of size, 16
            generated:mark=17       | mark is 17, must be 4 to a sixth of size, 16
            generated:beetles=3     | generated has no argument 'beetles'; it has train, test, size, mark, seed
            generated:train=many    | train is 'many', not a whole number
            """)
    void mistakesAreNamed(String data, String message) {
        assertThatThrownBy(() -> Beetles.parse(data)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
