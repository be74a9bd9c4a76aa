package dev.glimpse.saliency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class WinnerTakeAllTest {
    /** Cells of 16 pixels; peaks of 1, 0.8 and 0.6 far from each other. */
    private static final Plane MAP = peaks();

    private static Plane peaks() {
        float[] values = new float[30 * 30];
        values[5 * 30 + 5] = 1;
        values[5 * 30 + 24] = 0.6f;
        values[24 * 30 + 14] = 0.8f;
        return new Plane(30, 30, values);
    }

    @Test
    void attentionGoesFromThePeakToTheNext() {
        List<Fixation> path = new WinnerTakeAll(80).scan(MAP, 480, 480, 3);
        assertThat(path).extracting(Fixation::x).containsExactly(88.0, 232.0, 392.0);
        assertThat(path).extracting(Fixation::y).containsExactly(88.0, 392.0, 88.0);
        assertThat(path).extracting(Fixation::saliency).containsExactly(1.0, (double) 0.8f, (double) 0.6f);
        int before = 0;
        for (Fixation fixation : path) {
            assertThat(fixation.milliseconds() - before).as("a jump, in ms").isBetween(30, 70);
            before = fixation.milliseconds();
        }
    }

    /** The paper's 500 to 900 ms. */
    @Test
    void aPlaceIsComeBackToAfterAWhile() {
        float[] one = new float[100];
        one[37] = 2;
        List<Fixation> path = new WinnerTakeAll(20).scan(new Plane(10, 10, one), 160, 160, 2);
        assertThat(path).extracting(Fixation::x).containsExactly(120.0, 120.0);
        assertThat(path.get(1).milliseconds() - path.get(0).milliseconds()).isBetween(500, 900);
    }

    @Test
    void theFocusIsInhibitedAsAWhole() {
        float[] two = new float[30 * 30];
        two[5 * 30 + 5] = 1;
        two[5 * 30 + 8] = 0.99f; // 48 pixels beside
        two[20 * 30 + 20] = 0.5f;
        Plane map = new Plane(30, 30, two);
        assertThat(new WinnerTakeAll(50).scan(map, 480, 480, 2).get(1).x()).isEqualTo(328);
        assertThat(new WinnerTakeAll(40).scan(map, 480, 480, 2).get(1).x()).isEqualTo(136);
    }

    @Test
    void ofEqualsTheNearerOneIsNext() {
        float[] three = new float[30 * 30];
        three[15 * 30 + 10] = 1;
        three[15 * 30 + 2] = 0.8f; // 128 pixels to the left
        three[15 * 30 + 16] = 0.8f; // 96 pixels to the right
        List<Fixation> path = new WinnerTakeAll(60).scan(new Plane(30, 30, three), 480, 480, 2);
        assertThat(path.get(1).x()).isEqualTo(264);
    }

    @Test
    void searchStopsAtWhatWasLookedFor() {
        assertThat(new WinnerTakeAll(80).scan(MAP, 480, 480, 9, fixation -> fixation.y() > 300)).hasSize(2);
    }

    @Test
    void noRadiusIsRefused() {
        assertThatThrownBy(() -> new WinnerTakeAll(0)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("radius 0.0");
    }
}
