package dev.glimpse.sequence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class BeamSearchTest {
    private static final int WORDS = 6;
    private static final int A = 4;
    private static final int B = 5;

    @BeforeAll
    static void load() {
        Libtorch.load();
    }

    /** Says words by a table: {@code log p(next | so far)}; what a row has said so far is all it keeps. */
    private static final class Table implements Decoding {
        private final Function<List<Long>, double[]> next;
        private List<List<Long>> rows = new ArrayList<>();

        Table(int sentences, Function<List<Long>, double[]> next) {
            this.next = next;
            for (long i = 0; i < sentences; i++) {
                rows.add(List.of(i));
            }
        }

        @Override
        public Tensor next(Tensor words) {
            long[] said = Tensors.toLongs(words);
            assertThat(said).hasSize(rows.size());
            float[] scores = new float[rows.size() * WORDS];
            for (int row = 0; row < said.length; row++) {
                List<Long> longer = new ArrayList<>(rows.get(row));
                longer.add(said[row]);
                rows.set(row, longer);
                double[] p = next.apply(longer);
                for (int i = 0; i < WORDS; i++) {
                    scores[row * WORDS + i] = (float) Math.log(p[i]);
                }
            }
            return Tensors.of(scores, said.length, WORDS);
        }

        @Override
        public void keep(Tensor kept) {
            rows = new ArrayList<>(Arrays.stream(Tensors.toLongs(kept)).mapToObj(i -> rows.get((int) i)).toList());
        }
    }

    /** A is likelier at first, but leads to nothing: 0.6 x 0.4; B is followed by an end: 0.4 x 0.9. */
    private static double[] trap(List<Long> said) {
        long last = said.getLast();
        return last == Vocabulary.BEGIN ? new double[]{1e-9, 1e-9, 1e-9, 1e-9, 0.6, 0.4}
                : last == A ? new double[]{0.2, 1e-9, 1e-9, 0.4, 0.2, 0.2}
                        : new double[]{1e-9, 1e-9, 1e-9, 0.9, 0.05, 0.05};
    }

    @Test
    void greedyFallsIntoTheTrapAndBeamsDoNot() {
        try (PointerScope _ = new PointerScope()) {
            assertThat(BeamSearch.greedy(5).run(new Table(2, BeamSearchTest::trap), 2))
                    .allSatisfy(said -> assertThat(said.words()).containsExactly(A));
            List<BeamSearch.Said> said = new BeamSearch(2, 0, 5).run(new Table(2, BeamSearchTest::trap), 2);
            assertThat(said).allSatisfy(one -> {
                assertThat(one.words()).containsExactly(B);
                assertThat(one.score()).isCloseTo(Math.log(0.36), within(1e-5));
            });
        }
    }

    /** With as many beams as there are beginnings nothing is lost: the best of all sentences is found. */
    @Test
    void wideBeamsFindTheBestOfAll() {
        for (int seed = 0; seed < 20; seed++) {
            long own = seed;
            Function<List<Long>, double[]> random = said -> {
                SplittableRandom numbers = new SplittableRandom(own * 1_000_003 + said.hashCode());
                double[] p = numbers.doubles(WORDS, 0.01, 1).toArray();
                double sum = Arrays.stream(p).sum();
                return Arrays.stream(p).map(x -> x / sum).toArray();
            };
            try (PointerScope _ = new PointerScope()) {
                List<BeamSearch.Said> said = new BeamSearch(216, 0.6, 3).run(new Table(3, random), 3);
                for (long sentence = 0; sentence < 3; sentence++) {
                    double best = best(random, List.of(sentence, (long) Vocabulary.BEGIN), 0, 3);
                    assertThat(said.get((int) sentence).score()).isCloseTo(best, within(1e-4));
                }
            }
        }
    }

    private static double best(Function<List<Long>, double[]> next, List<Long> said, double log,
            int left) {
        double best = Double.NEGATIVE_INFINITY;
        double[] p = next.apply(said);
        for (int word = Vocabulary.END; word < WORDS; word++) {
            List<Long> longer = new ArrayList<>(said);
            longer.add((long) word);
            double more = log + Math.log(p[word]);
            int length = longer.size() - 2;
            best = Math.max(best, word == Vocabulary.END || left == 1 ? more / Math.pow((5 + length) / 6.0, 0.6)
                    : best(next, longer, more, left - 1));
        }
        return best;
    }

    @Test
    void whatHasNoEndIsCut() {
        try (PointerScope _ = new PointerScope()) {
            List<BeamSearch.Said> said = BeamSearch.greedy(4)
                    .run(new Table(1, _ -> new double[]{1e-9, 1e-9, 1e-9, 1e-9, 1, 1e-9}), 1);
            assertThat(said.getFirst().words()).containsExactly(A, A, A, A);
        }
    }

    @Test
    void wrongSettingsAreRefused() {
        assertThatThrownBy(() -> new BeamSearch(0, 0.6, 5)).hasMessageContaining("beams");
        assertThatThrownBy(() -> new BeamSearch(1, -1, 5)).hasMessageContaining("length penalty is -1.0");
    }
}
