package dev.glimpse.app.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class NumbersTest {
    @Test
    void writesFigures() {
        assertThat(Numbers.count(53_857)).isEqualTo("53,857");
        assertThat(Numbers.percent(0.9734)).isEqualTo("97.3\u202f%");
        assertThat(Numbers.plain(1e-4)).isEqualTo("0.0001");
        assertThat(Numbers.scientific(9.81e-6)).isEqualTo("9.81×10<sup>−6</sup>");
        assertThat(Numbers.scientific(9.999)).isEqualTo("1.00×10<sup>1</sup>");
        assertThat(Numbers.scientific(0)).isEqualTo("0.00×10<sup>0</sup>");
    }

    @Test
    void writesADashForWhatIsNotFinite() {
        assertThat(List.of(Numbers.percent(Double.NaN), Numbers.scientific(Double.POSITIVE_INFINITY),
                Numbers.plain(Double.NaN), Numbers.fixed(Double.NEGATIVE_INFINITY, 2))).containsOnly("–");
    }

    @Test
    void spreadsOverSeeds() {
        assertThat(spread(0.01, 0.02, 0.03)).isEqualTo(new Spread(0.02, 0.01));
        assertThat(spread(0.01, 0.02, 0.03).scientific()).isEqualTo("(2.00 ± 1.00)×10<sup>−2</sup>");
        assertThat(spread(0.9, 0.92).percent()).isEqualTo("91.0 ± 1.4\u202f%");
        assertThat(spread(0.9).percent()).isEqualTo("90.0\u202f%");
        assertThat(spread(0.01, Double.NaN).scientific()).isEqualTo("–");
        assertThat(spread().percent()).isEqualTo("–");
    }

    private static Spread spread(Double... values) {
        return Spread.of(List.of(values), value -> value);
    }
}
