package dev.glimpse.train.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.nn.Tensors;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MetricsTest {
    private static final long IGNORED = -100;

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static Tensor longs(long[] values, long... shape) {
        Tensor tensor = Tensors.empty(ScalarType.Long, shape);
        Tensors.memory(tensor).copyFrom(MemorySegment.ofArray(values));
        return tensor;
    }

    /** Two batches of random maps, counted pixel by pixel. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void pixelsAreCountedByTruthAndAnswer(int scoresAPixel) {
        Random random = new Random(3);
        int classes = Math.max(2, scoresAPixel);
        long[][] expected = new long[classes][classes];
        ConfusionTally tally = new ConfusionTally(classes, IGNORED);
        for (int batch = 0; batch < 2; batch++) {
            float[] scores = new float[2 * scoresAPixel * 35];
            long[] truth = new long[2 * 35];
            for (int i = 0; i < scores.length; i++) {
                scores[i] = (float) random.nextGaussian();
            }
            for (int i = 0; i < truth.length; i++) {
                truth[i] = i % 6 == 1 ? IGNORED : random.nextInt(classes);
                int from = i / 35 * scoresAPixel * 35 + i % 35;
                int answer = scoresAPixel == 1 ? (scores[from] > 0 ? 1 : 0)
                        : IntStream.range(0, classes).boxed()
                                .max((a, b) -> Float.compare(scores[from + 35 * a], scores[from + 35 * b])).get();
                if (truth[i] != IGNORED) {
                    expected[(int) truth[i]][answer]++;
                }
            }
            tally.add(Tensors.of(scores, 2, scoresAPixel, 5, 7), longs(truth, 2, 5, 7));
        }
        assertThat(tally.result().counts()).isDeepEqualTo(expected);
        ConfusionTally other = new ConfusionTally(classes, IGNORED);
        other.restore(tally.state());
        assertThat(other.result().counts()).isDeepEqualTo(expected);
    }

    /** 6 pixels of sky, 3 of sea, none of sand, which is seen once; snow is nowhere. */
    @Test
    void measuresFollowFromCounts() {
        ConfusionMatrix matrix = new ConfusionMatrix(new long[][]{{5, 1, 0, 0}, {0, 2, 1, 0}, {0, 0, 0, 0},
            {0, 0, 0, 0}});
        assertThat(matrix.count()).isEqualTo(9);
        assertThat(matrix.accuracy()).isEqualTo(7 / 9.0);
        assertThat(matrix.iou(0)).isEqualTo(5 / 6.0);
        assertThat(matrix.iou(1)).isEqualTo(2 / 4.0);
        assertThat(matrix.iou(2)).isZero();
        assertThat(matrix.iou(3)).isNaN();
        assertThat(matrix.dice(0)).isEqualTo(10 / 11.0);
        assertThat(matrix.precision(1)).isEqualTo(2 / 3.0);
        assertThat(matrix.recall(1)).isEqualTo(2 / 3.0);
        assertThat(matrix.meanIou()).isCloseTo((5 / 6.0 + 0.5) / 3, within(1e-12));
        assertThat(matrix.meanDice()).isCloseTo((10 / 11.0 + 4 / 6.0) / 3, within(1e-12));
        assertThat(matrix.meanRecall()).isCloseTo((5 / 6.0 + 2 / 3.0) / 2, within(1e-12));
        assertThat(matrix.numbers()).containsOnlyKeys("pixel_accuracy", "mean_iou", "mean_dice");
        assertThat(
                matrix.describe(List.of("sky", "sea", "sand", "snow")).lines().map(line -> line.replaceAll(" +", " ")))
                .containsExactly(" pixels IoU Dice", "sky 66.67 % 83.33 % 90.91 %", "sea 33.33 % 50.00 % 66.67 %",
                        "sand 0.00 % 0.00 % 0.00 %", "snow 0.00 % - -", "mean 100.00 % 44.44 % 52.53 %",
                        "pixel accuracy 77.78 %");
    }

    @Test
    void nothingCountedIsNoNumber() {
        ConfusionTally tally = new ConfusionTally(2, IGNORED);
        tally.add(Tensors.zeros(ScalarType.Float, 1, 2, 3, 3), longs(filled(9, IGNORED), 1, 3, 3));
        assertThat(tally.result().count()).isZero();
        assertThat(tally.result().numbers().values()).allMatch(value -> value.isNaN());
        assertThat(new MultiLabelTally(2).result().numbers().values()).allMatch(value -> value.isNaN());
    }

    @Test
    void aClassThatIsNoneIsNamed() {
        ConfusionTally tally = new ConfusionTally(3, IGNORED);
        Tensor scores = Tensors.zeros(ScalarType.Float, 1, 3, 1, 1);
        assertThatThrownBy(() -> tally.add(scores, longs(new long[]{7}, 1, 1, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the target holds class 7, but classes are 0 to 2");
        assertThatThrownBy(() -> tally.add(scores, longs(new long[]{-1}, 1, 1, 1))).hasMessageContaining("class -1");
    }

    private static long[] filled(int length, long value) {
        long[] values = new long[length];
        Arrays.fill(values, value);
        return values;
    }

    @Test
    void theRightClassMayBeAmongTheFiveHighest() {
        float[] scores = {7, 6, 5, 4, 3, 2, 1};
        ClassificationTally tally = new ClassificationTally(7, IGNORED);
        for (long truth = 0; truth < 7; truth++) {
            tally.add(Tensors.of(scores, 1, 7), longs(new long[]{truth}, 1));
        }
        tally.add(Tensors.of(scores, 1, 7), longs(new long[]{IGNORED}, 1));
        tally.add(Tensors.of(scores, 1, 7), Tensors.of(new float[]{0, 0.3f, 0.7f, 0, 0, 0, 0}, 1, 7)); // shares
        assertThat(tally.result().topOne()).isEqualTo(1 / 8.0);
        assertThat(tally.result().topFive()).isEqualTo(6 / 8.0);
        assertThat(tally.result().numbers()).containsKeys("accuracy", "top5_accuracy", "mean_class_accuracy");
        ClassificationTally few = new ClassificationTally(2, IGNORED);
        few.add(Tensors.of(new float[]{1, 0}, 1, 2), longs(new long[]{0}, 1));
        assertThat(few.result().numbers()).containsOnlyKeys("accuracy", "mean_class_accuracy");
    }

    /** By counting at each threshold: scores are few, so many are equal. */
    @Test
    void averagePrecisionAndF1AreTheirFormulas() {
        Random random = new Random(5);
        int images = 60;
        int labels = 3;
        float[] scores = new float[images * labels];
        float[] truth = new float[images * labels];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = random.nextInt(9) - 4;
            truth[i] = i % 7 == 0 ? -1 : i % labels == 2 ? 0 : random.nextInt(2);
        }
        MultiLabelTally tally = new MultiLabelTally(labels);
        tally.add(Tensors.of(Arrays.copyOf(scores, 90), 30, labels), Tensors.of(Arrays.copyOf(truth, 90), 30, labels));
        tally.add(Tensors.of(Arrays.copyOfRange(scores, 90, 180), 30, labels),
                Tensors.of(Arrays.copyOfRange(truth, 90, 180), 30, labels));
        MultiLabelScore result = tally.result();
        MultiLabelTally other = new MultiLabelTally(labels);
        other.restore(tally.state());
        assertThat(other.result()).isEqualTo(result);
        for (int label = 0; label < labels; label++) {
            double precision = plainAveragePrecision(scores, truth, label, labels);
            assertThat(result.labels().get(label).averagePrecision()).isEqualTo(precision, within(1e-12));
        }
        assertThat(result.labels().get(2).averagePrecision()).isNaN();
        assertThat(result.meanAveragePrecision()).isCloseTo((result.labels().get(0).averagePrecision()
                + result.labels().get(1).averagePrecision()) / 2, within(1e-12));
        long[] all = new long[3];
        double macro = 0;
        for (int label = 0; label < labels; label++) {
            long[] counts = new long[3]; // hits, invented, missed
            for (int i = label; i < scores.length; i += labels) {
                if (truth[i] >= 0 && (scores[i] > 0 || truth[i] == 1)) {
                    counts[scores[i] > 0 ? (truth[i] == 1 ? 0 : 1) : 2]++;
                }
            }
            macro += 2.0 * counts[0] / (2 * counts[0] + counts[1] + counts[2]) / labels;
            for (int i = 0; i < 3; i++) {
                all[i] += counts[i];
            }
        }
        assertThat(result.macroF1()).isCloseTo(macro, within(1e-12));
        assertThat(result.microF1()).isCloseTo(2.0 * all[0] / (2 * all[0] + all[1] + all[2]), within(1e-12));
        assertThat(result.describe(List.of("a", "b", "c"))).contains("all together").doesNotContain("NaN");
    }

    private static double plainAveragePrecision(float[] scores, float[] truth, int label, int labels) {
        double sum = 0;
        double recallBefore = 0;
        for (int threshold = 4; threshold >= -4; threshold--) {
            int given = 0;
            int hits = 0;
            int positives = 0;
            for (int i = label; i < scores.length; i += labels) {
                if (truth[i] >= 0) {
                    given += scores[i] >= threshold ? 1 : 0;
                    hits += scores[i] >= threshold && truth[i] == 1 ? 1 : 0;
                    positives += truth[i] == 1 ? 1 : 0;
                }
            }
            double recall = (double) hits / positives;
            sum += given == 0 ? 0 : (recall - recallBefore) * hits / given;
            recallBefore = recall;
        }
        return sum;
    }
}
