package dev.glimpse.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TrainingProgressTest {
    @Test
    void aFigureThatIsNoneIsALine() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", 0.12345);
        values.put("top_5", 0.5);
        values.put("chance", Double.NaN);
        assertThat(TrainingProgress.text(values)).isEqualTo("loss 0.1235, top 5 50.0 %, chance -");
    }
}
