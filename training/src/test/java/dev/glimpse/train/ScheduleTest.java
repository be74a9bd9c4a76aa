package dev.glimpse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTest {
    private static final int EPOCHS = 12;
    private static final long STEPS = 10;

    private static double share(String text, double warmup, long step) {
        return Schedule.parse(text, warmup).shareAt(step, STEPS, EPOCHS, List.of());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"constant | 119 | 1", "cosine | 20 | 1", "cosine | 70 | 0.5",
        "cosine:end=0.2 | 70 | 0.6", "poly:power=2 | 70 | 0.25", "poly:power=1,end=0.5 | 70 | 0.75",
        "step:every=3 | 49 | 1",
        "step:every=3 | 50 | 0.1", "step:every=3,factor=0.5 | 110 | 0.125",
        "one-cycle:rise=0.5,start=0.1,end=0 | 20 | 0.1",
        "one-cycle:rise=0.5,start=0.1,end=0 | 45 | 0.55", "one-cycle:rise=0.5 | 70 | 1",
        "one-cycle:rise=0.5,end=0.1 | 95 | 0.55",
        "inverse-sqrt | 20 | 1", "inverse-sqrt | 83 | 0.5"})
    void afterTheWarmUpItGoesItsCourse(String schedule, long step, double expected) {
        assertThat(share(schedule, 2, step)).isCloseTo(expected, within(1e-9));
        assertThat(share(schedule, 2, 9)).isCloseTo(10.0 / 21, within(1e-9));
    }

    @Test
    void aPlateauDropsIt() {
        Schedule schedule = Schedule.parse("plateau:patience=1,factor=0.5", 0);
        List<Double> scores = List.of(1.0, 2.0, 2.0, 1.5, 3.0, 2.0, 2.0, 2.0, 2.0);
        double[] expected = {1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125};
        for (int epochs = 1; epochs <= scores.size(); epochs++) {
            assertThat(schedule.shareAt(epochs * STEPS, STEPS, EPOCHS, scores.subList(0, epochs))).as("after " + epochs)
                    .isEqualTo(expected[epochs - 1]);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            value = {"cosinus | known: constant, cosine, step, poly, one-cycle, plateau, inverse-sqrt",
                "cosine:every=3 | no argument 'every'", "step:every=0 | every is 0.0", "step:factor=1 | factor is 1.0",
                "poly:power=-1 | power is -1.0", "plateau:patience=-1 | patience is -1", "cosine:end=2 | end is 2.0"})
    void whatIsWrongIsSaid(String schedule, String words) {
        assertThatThrownBy(() -> Schedule.parse(schedule, 0)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(words);
    }
}
