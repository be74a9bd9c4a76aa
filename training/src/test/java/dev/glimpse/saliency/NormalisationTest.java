package dev.glimpse.saliency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NormalisationTest {
    private static final int SIDE = 20;

    /** Peaks of 4 and 2, and a ripple of 0.3 that is not counted: (1 - 0.5)^2 of the map over 4. */
    @Test
    void localMaximaByHand() {
        Plane map = peaks(4, 2, 0.3f);
        Plane normal = Normalisation.LOCAL_MAX.of(map);
        assertThat(Normalisation.otherMaxima(Normalisation.unit(map, 0))).isCloseTo(0.5, within(1e-6));
        assertThat(normal.values()[at(0)]).isCloseTo(0.25f, within(1e-6f));
        assertThat(normal.values()[at(1)]).isCloseTo(0.125f, within(1e-6f));
        assertThat(map.values()[at(0)]).as("the input").isEqualTo(4);
    }

    @Test
    void aPlateauIsOnePeak() {
        Plane map = new Plane(4, 1, new float[]{1, 1, 0, 0.5f});
        assertThat(Normalisation.otherMaxima(map)).isCloseTo(0.5, within(1e-6));
    }

    @ParameterizedTest
    @EnumSource
    void aLonePeakWinsOverManyAlike(Normalisation norm) {
        try (PointerScope _ = new PointerScope()) {
            float lone = norm.ofFeature(wide(1)).greatest();
            float among = norm.ofFeature(wide(9)).greatest();
            assertThat(lone).isGreaterThan(4 * among);
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingStaysNothing(Normalisation norm) {
        try (PointerScope _ = new PointerScope()) {
            assertThat(norm.ofFeature(peaks()).values()).containsOnly(0);
            assertThat(norm.of(peaks()).values()).containsOnly(0);
            assertThat(norm.ofFeature(peaks(5e-4f)).values()).as("what rounding leaves").containsOnly(0);
        }
    }

    /** One step by hand on a map that is even: no weights are lost at its edges. */
    @Test
    void anEvenMapSinksEverywhereAlike() {
        try (PointerScope _ = new PointerScope()) {
            float[] even = new float[SIDE * SIDE];
            Arrays.fill(even, 1);
            Plane normal = Normalisation.ITERATIVE.ofFeature(new Plane(SIDE, SIDE, even));
            assertThat(normal.values()).as("1 + 0.25 - 2.25 - 0.02 is below 0").containsOnly(0);
        }
    }

    private static int at(int peak) {
        return (3 + 6 * (peak / 3)) * SIDE + 3 + 6 * (peak % 3);
    }

    /** Peaks of 3x3 cells. */
    private static Plane wide(int count) {
        float[] values = new float[SIDE * SIDE];
        for (int i = 0; i < 9 * count; i++) {
            values[at(i / 9) + (i % 9 / 3 - 1) * SIDE + i % 3 - 1] = 3;
        }
        return new Plane(SIDE, SIDE, values);
    }

    private static Plane peaks(float... heights) {
        float[] values = new float[SIDE * SIDE];
        for (int i = 0; i < heights.length; i++) {
            values[at(i)] = heights[i];
        }
        return new Plane(SIDE, SIDE, values);
    }
}
