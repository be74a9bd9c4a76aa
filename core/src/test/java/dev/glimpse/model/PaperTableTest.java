package dev.glimpse.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.io.StateDict;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The parameter column of CBAM's table of ImageNet results, in millions as printed there: plain, with SE, with CBAM. */
class PaperTableTest {
    @ParameterizedTest
    @CsvSource({"resnet18, 11.69, 11.78, 11.78", "resnet34, 21.80, 21.96, 21.96", "resnet50, 25.56, 28.09, 28.09",
        "resnet101, 44.55, 49.33, 49.33", "wide_resnet18_1.5, 25.88, 26.07, 26.08",
        "wide_resnet18_2, 45.62, 45.97, 45.97", "resnext50_32x4d, 25.03, 27.56, 27.56",
        "resnext101_32x4d, 44.18, 48.96, 48.96", "mobilenet, 4.23, 5.07, 5.07",
        "mobilenet:width=0.7, 2.30, 2.71, 2.71"})
    void isReproduced(String network, String plain, String squeezed, String cbam) {
        assertThat(millions(network, "none")).isEqualTo(plain);
        assertThat(millions(network, "se:bias=true")).isEqualTo(squeezed);
        assertThat(millions(network, "cbam")).isEqualTo(cbam);
    }

    private static String millions(String network, String attention) {
        try (PointerScope _ = new PointerScope()) {
            int colon = network.indexOf(':');
            Map<String, String> args = colon < 0 ? Map.of("attention", attention)
                    : Map.of("attention", attention, "width", network.substring(network.indexOf('=') + 1));
            long count = StateDict
                    .parameterCount(Networks.create(colon < 0 ? network : network.substring(0, colon), args));
            return String.format(Locale.ROOT, "%.2f", count / 1e6);
        }
    }
}
