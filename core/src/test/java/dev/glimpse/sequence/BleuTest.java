package dev.glimpse.sequence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BleuTest {
    @Test
    void aPerfectTranslationHasAHundred() {
        Bleu bleu = Bleu.of(List.of("A dog runs in the park."), List.of(List.of("A dog runs in the park.")));
        assertThat(bleu.score()).isCloseTo(100, within(1e-9));
        assertThat(bleu.words()).isEqualTo(7);
    }

    /** By hand: 5 of 6 words, 4 of 5 pairs, 3 of 4 triples, 2 of 3 runs of four; (5/6 4/5 3/4 2/3)^(1/4) = (1/3)^(1/4). */
    @Test
    void oneWordIsWrong() {
        Bleu bleu = Bleu.of(List.of("the cat sat on the rug"), List.of(List.of("the cat sat on the mat")));
        assertThat(bleu.precisions()).satisfiesExactly(p -> assertThat(p).isCloseTo(100 * 5 / 6.0, within(1e-9)),
                p -> assertThat(p).isCloseTo(80, within(1e-9)), p -> assertThat(p).isCloseTo(75, within(1e-9)),
                p -> assertThat(p).isCloseTo(200 / 3.0, within(1e-9)));
        assertThat(bleu.score()).isCloseTo(100 * Math.pow(1 / 3.0, 0.25), within(1e-9));
    }

    /** Papineni's example: "the" counts twice, as in the reference. Nothing longer matches: 1/2 of 6, 1/4 of 5, 1/8 of 4. */
    @Test
    void wordsAreClippedAndMissingRunsAreSmoothed() {
        Bleu bleu = Bleu.of(List.of("the the the the the the the"), List.of(List.of("the cat is on the mat")));
        assertThat(bleu.precisions().getFirst()).isCloseTo(200 / 7.0, within(1e-9));
        assertThat(bleu.score())
                .isCloseTo(100 * Math.pow(2 / 7.0 * (0.5 / 6) * (0.25 / 5) * (0.125 / 4), 0.25), within(1e-9));
    }

    /** All runs of 4 words match a reference of 6: e^(1 - 6/4). */
    @Test
    void tooShortIsPunished() {
        Bleu bleu = Bleu.of(List.of("a b c d"), List.of(List.of("a b c d e f")));
        assertThat(bleu.brevity()).isCloseTo(Math.exp(-0.5), within(1e-12));
        assertThat(bleu.score()).isCloseTo(100 * Math.exp(-0.5), within(1e-9));
    }

    /** Counts of the corpus are added before they are divided: 4 + 3 of 8 words, and so on. */
    @Test
    void aCorpusIsNoMeanOfSentences() {
        Bleu bleu = Bleu.of(List.of("a b c d", "a b c x"), List.of(List.of("a b c d"), List.of("a b c e")));
        assertThat(bleu.score())
                .isCloseTo(100 * Math.pow(7 / 8.0 * (5 / 6.0) * (3 / 4.0) * (1 / 2.0), 0.25), within(1e-9));
    }

    @Test
    void ofSeveralReferencesEachMayGiveARun() {
        Bleu bleu = Bleu.of(List.of("a b c d e"), List.of(List.of("a b c d x x x", "b c d e")));
        assertThat(bleu.referenceWords()).as("the closest in length").isEqualTo(4);
        assertThat(bleu.precisions()).containsExactly(100.0, 100.0, 100.0, 100.0);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            Hello, world! (really)          | Hello , world ! ( really )
            It costs 1,000.50 $ - or 3-4.   | It costs 1,000.50 $ - or 3 - 4 .
            a well-known man's dog          | a well-known man's dog
            &quot;A&quot; &amp; B           | " A " & B
            No. 5.                          | No . 5 .
            x: y; z/w                       | x : y ; z / w
            """)
    void wordsAreThoseOf13a(String sentence, String words) {
        assertThat(String.join(" ", Bleu.words13a(sentence))).isEqualTo(words);
    }

    @Test
    void nothingMatchingIsZero() {
        assertThat(Bleu.of(List.of("x y z"), List.of(List.of("a b c"))).score()).isZero();
        assertThat(Bleu.of(List.of(""), List.of(List.of("a b c"))).score()).isZero();
    }

    @Test
    void whatCannotBeComparedIsRefused() {
        assertThatThrownBy(() -> Bleu.of(List.of("a"), List.of())).hasMessageContaining("1 translations");
        assertThatThrownBy(() -> Bleu.of(List.of("a"), List.of(List.of()))).hasMessageContaining("no reference");
    }
}
