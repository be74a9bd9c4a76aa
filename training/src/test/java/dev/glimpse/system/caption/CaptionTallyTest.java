package dev.glimpse.system.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.explain.HeatMap.Box;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Tensors;
import dev.glimpse.sequence.Vocabulary;
import dev.glimpse.system.caption.CaptionConfig.Kind;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CaptionTallyTest {
    private static final Vocabulary WORDS = Vocabulary.of(Stream.of(Scene.vocabulary()), 1);
    private static final int SIDE = 40;
    private static final int LENGTH = 12;

    @BeforeAll
    static void load() {
        Libtorch.load();
    }

    private static long[] encoded(String caption) {
        return WORDS.encode(List.of(caption.split(" ")));
    }

    /** A red circle, 15 of 40 pixels wide, in the corner of a grid of 2x2 places of 20 pixels. */
    private static long[] target() {
        long[] name = encoded("red circle");
        return new CaptionTarget(List.of(encoded("a small red circle at the top left")),
                List.of(new CaptionTarget.Named(name[1], name[2], new Box(0, 0, 15, 15)))).rows(3, LENGTH);
    }

    /** Looks at the corner with that weight at each word, and with the rest at the opposite one. */
    private static Map<String, Double> values(Kind kind, String said, float corner) {
        long[] words = CaptionTarget.words(encoded(said));
        float[] weights = new float[4 * words.length];
        for (int i = 0; i < words.length; i++) {
            weights[4 * i] = corner;
            weights[4 * i + 3] = 1 - corner;
        }
        CaptionTally tally = new CaptionTally(WORDS, true, kind, SIDE);
        try (PointerScope _ = new PointerScope()) {
            Tensor packed =
                    new Captioner.Said(List.of(words), List.of(0.0), Tensors.of(weights, 1, words.length, 4)).packed();
            tally.add(Tensors.cat(1, Tensors.of(new float[]{18}, 1, 1), packed), Tensors.of(target(), 1, 3, LENGTH),
                    2.5);
        }
        return tally.values();
    }

    /** The box holds (15/20)^2 of the corner's place, and that place's centre. */
    @Test
    void pointingIsWhatLiesInTheNamedThingsBox() {
        Map<String, Double> soft = values(Kind.SOFT, "a small red circle at the top left", 0.8f);
        assertThat(soft.get("pointing")).isCloseTo(0.8 * 0.5625, within(1e-6));
        assertThat(soft.get("chance")).isCloseTo(225 / 1600.0, within(1e-9));
        assertThat(soft.get("bleu")).isCloseTo(1, within(1e-9));
        assertThat(soft.get("loss")).isEqualTo(2.5);
        assertThat(soft.get("perplexity")).as("18 over eight words and an end").isCloseTo(Math.exp(2), within(1e-5));
        assertThat(values(Kind.HARD, "a small red circle at the top left", 0.8f).get("pointing"))
                .isCloseTo(0.8, within(1e-6));
    }

    @ParameterizedTest
    @CsvSource({"a small blue circle, 0", "a small red square, 0", "circle, 0", "a small red, 0",
        "a red circle above a red square, 0.28125"})
    void whatIsNotThereCountsNothing(String said, double pointing) {
        assertThat(values(Kind.SOFT, said, 1).get("pointing")).isCloseTo(pointing, within(1e-6));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a small red", "a small blue circle"})
    void withoutAThingThatIsThereNothingIsChance(String said) {
        assertThat(values(Kind.SOFT, said, 1).get("chance")).isNaN();
    }

    @Test
    void trainingKnowsNoCaptions() {
        CaptionTally tally = new CaptionTally(WORDS, true, Kind.SOFT, SIDE);
        try (PointerScope _ = new PointerScope()) {
            tally.add(Tensors.of(new float[]{9}, 1, 1), Tensors.of(target(), 1, 3, LENGTH), 1);
        }
        CaptionTally restored = new CaptionTally(WORDS, true, Kind.SOFT, SIDE);
        restored.restore(tally.state());
        assertThat(restored.values()).isEqualTo(tally.values()).containsOnlyKeys("loss", "perplexity");
        assertThat(tally.values().get("perplexity")).isCloseTo(Math.E, within(1e-6));
    }
}
