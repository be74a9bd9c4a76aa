package dev.glimpse.attention;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.io.StateDict;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How many numbers each module trains: figures from the papers' formulas, not from this code. */
class ParameterCountTest {
    private static final List<String> MODULES = List.of("cbam", "cbam-timm", "se:bias=true", "se", "bam", "eca", "cc",
            "pam", "gc", "gc:ratio=0.25", "nonlocal", "scse-max", "scse", "scse:maps=all", "spa", "spa:hidden=article");
    private static final String COUNTS =
            """
                    32   262 228 162 128 323 3 1321 1321 199 601 2192 1105 195 1218 1408 29568
                    64   680 612 580 512 1173 3 5201 5201 653 2225 8480 4257 645 4740 5632 118272
                    128  2284 2148 2184 2048 4457 5 20641 20641 2329 8545 33344 16705 2313 18696 22528 473088
                    256  8564 8292 8464 8192 17361 5 82241 82241 8753 33473 132224 66177 8721 74256 90112 1892352
                    512  33412 32868 33312 32768 68513 5 328321 328321 33889 132481 526592 263425 33825 295968 360448 7569408
                    1024 132260 131172 132160 131072 272193 5 1312001 1312001 133313 527105 2101760 1051137 133185 1181760 1441792 30277632
                    2048 526564 524388 526464 524288 1085057 7 5245441 5245441 528769 2102785 8397824 4199425 528513 4722816 5767168 121110528
                    """;

    static Stream<Arguments> counts() {
        return COUNTS.lines().map(line -> Arrays.stream(line.split(" +")).mapToLong(Long::parseLong).toArray())
                .flatMap(row -> IntStream.range(0, MODULES.size())
                        .mapToObj(i -> Arguments.of(MODULES.get(i), row[0], row[i + 1])));
    }

    @ParameterizedTest
    @MethodSource("counts")
    void isThePapers(String module, long channels, long expected) {
        try (PointerScope _ = new PointerScope()) {
            assertThat(StateDict.parameterCount(Attentions.slot(module).create(channels))).isEqualTo(expected);
        }
    }
}
