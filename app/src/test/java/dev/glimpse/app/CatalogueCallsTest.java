package dev.glimpse.app;

import static dev.glimpse.app.Called.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.attention.Attentions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a user asks before choosing a module. */
class CatalogueCallsTest {
    @Test
    void helpIsWholeSentences() {
        assertThat(glimpse("--help").out().lines().filter(line -> line.startsWith("  ")).map(String::strip))
                .hasSizeGreaterThan(15).noneMatch(line -> line.endsWith(",")).anyMatch(line -> line
                        .matches(
                                "caption +Say captions of pictures, and draw where the decoder looked before each word\\."));
        assertThat(glimpse("train", "--help").out().replaceAll("\\s+", " "))
                .contains("[--scale=LEAST MOST]", "[--ratio=LEAST MOST]",
                        "[--color-jitter=X[,...]]")
                .doesNotContain("LEAST MOST LEAST", "X[,...][");
    }

    @Test
    void theListHasARowAModule() {
        Called text = glimpse("list", "attention");
        assertThat(text.exit()).isZero();
        assertThat(text.err()).isEmpty();
        JsonNode rows = new JsonMapper().readTree(glimpse("list", "attention", "--json").out()).path("attention");
        assertThat(rows).hasSize(Attentions.table().size());
        for (JsonNode row : rows) {
            assertThat(text.out()).contains(row.path("name").asString(), row.path("paper").asString());
            assertThat(row.path("year").asInt()).isBetween(2015, 2026);
            assertThat(row.path("multiply_adds").isIntegralNumber()).isTrue();
        }
        assertThat(glimpse("list", "attention", "--markdown", "--json").exit()).isEqualTo(2);
    }

    @Test
    void aProfileCountsAndTimes() {
        Called run = glimpse("profile", "cbam:reduction=8", "--channels", "64", "--size", "56x40", "--batch", "4",
                "--json");
        assertThat(run.exit()).isZero();
        JsonNode json = new JsonMapper().readTree(run.out());
        assertThat(json.path("parameters").asLong()).isEqualTo(2 * 64 * 8 + 8 + 64 + 100);
        assertThat(json.path("multiply_adds").asLong()).isEqualTo(4 * (2 * 2 * 64 * 8 + 98 * 56 * 40));
        long map = 4L * 4 * 64 * 56 * 40;
        assertThat(json.path("bytes_written").asLong()).isBetween(2 * map, 3 * map);
        assertThat(json.path("activation_bytes").asLong()).isBetween(map, 2 * map); // fused: the product alone
        for (String time : new String[]{"copy_ms", "inference_ms", "training_forward_ms", "training_backward_ms"}) {
            assertThat(json.path(time).asDouble()).as(time).isPositive();
        }
        assertThat(glimpse("profile", "mha", "--channels", "32", "--size", "6x5").out()).contains("multi-head",
                "parameters", "multiply-adds", "copy of the input", "backward");
    }

    /** The papers' 3.86 G, and torchvision's 4.11 G. */
    @ParameterizedTest
    @CsvSource({"resnet50, 4.09e9, 4.12e9", "resnet50:stride=1x1, 3.85e9, 3.87e9"})
    void aNetworkHasAProfileToo(String network, double least, double most) {
        Called run = glimpse("profile", network, "--attention", "cbam", "--input", "3x224x224", "--json");
        JsonNode json = new JsonMapper().readTree(run.out());
        assertThat(json.path("parameters").asLong()).isEqualTo(28_089_624);
        assertThat(json.path("multiply_adds").asDouble()).isBetween(least, most);
        assertThat(json.path("activation_bytes").asLong()).isPositive();
    }
}
