package dev.glimpse.train.loss;

import static dev.glimpse.train.loss.PlainLosses.dice;
import static dev.glimpse.train.loss.PlainLosses.jaccard;
import static dev.glimpse.train.loss.PlainLosses.tversky;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.nn.Tensors;
import dev.glimpse.train.loss.Losses.Settings;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LossesTest {
    private static final int IMAGES = 3;
    private static final int HEIGHT = 2;
    private static final int WIDTH = 5;
    private static final int POSITIONS = HEIGHT * WIDTH;
    private static final long IGNORED = 255;
    private static final List<Double> WEIGHTS = List.of(0.5, 2.0, 1.25);
    private static final double[] THREE = {0.5, 2, 1.25};
    private static final double[] ONES = {1, 1, 1};

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /** What kind of truth a loss is told. */
    private enum Truth {
        CLASSES(3), SHARES(3), YES_OR_NO(1), LABELS(3);

        private final int classes;

        Truth(int classes) {
            this.classes = classes;
        }
    }

    /** A loss as text and as a formula; weights for the losses that are given some. */
    private record Case(String text, Truth truth, List<Double> weights, ToDoubleFunction<PlainLosses> formula) {
        Case(String text, Truth truth, ToDoubleFunction<PlainLosses> formula) {
            this(text, truth, List.of(), formula);
        }

        Loss loss() {
            return Losses.parse(text, new Settings(weights, IGNORED, truth == Truth.LABELS));
        }
    }

    private static Stream<Case> cases() {
        return Stream.of(
                new Case("ce", Truth.CLASSES, p -> p.crossEntropy(0, ONES, false)),
                new Case("ce:smoothing=0.1", Truth.CLASSES, p -> p.crossEntropy(0.1, ONES, false)),
                new Case("ce", Truth.CLASSES, WEIGHTS, p -> p.crossEntropy(0, THREE, false)),
                new Case("ce:smoothing=0.2", Truth.CLASSES, WEIGHTS, p -> p.crossEntropy(0.2, THREE, false)),
                new Case("ce", Truth.SHARES, p -> p.crossEntropy(0, ONES, true)),
                new Case("ce:smoothing=0.1", Truth.SHARES, WEIGHTS, p -> p.crossEntropy(0.1, THREE, true)),
                new Case("ce", Truth.YES_OR_NO, p -> p.binaryCrossEntropy(0, ONES)),
                new Case("ce:smoothing=0.1", Truth.YES_OR_NO, p -> p.binaryCrossEntropy(0.1, ONES)),
                new Case("bce", Truth.YES_OR_NO, List.of(3.0), p -> p.binaryCrossEntropy(0, new double[]{3})),
                new Case("bce", Truth.CLASSES, p -> p.binaryCrossEntropy(0, ONES)),
                new Case("bce:smoothing=0.1", Truth.LABELS, p -> p.binaryCrossEntropy(0.1, ONES)),
                new Case("bce", Truth.LABELS, WEIGHTS, p -> p.binaryCrossEntropy(0, THREE)),
                new Case("focal", Truth.CLASSES, p -> p.focalOfClasses(2, ONES)),
                new Case("focal:gamma=0.5", Truth.CLASSES, WEIGHTS, p -> p.focalOfClasses(0.5, THREE)),
                new Case("focal:gamma=1.5", Truth.SHARES, p -> p.focalOfClasses(1.5, ONES)),
                new Case("focal:gamma=0", Truth.CLASSES, p -> p.crossEntropy(0, ONES, false)),
                new Case("focal:sigmoid=true,alpha=0.25", Truth.CLASSES, p -> p.focalOfYesOrNo(2, 0.25, 0.75)),
                new Case("focal:alpha=0.25", Truth.YES_OR_NO, p -> p.focalOfYesOrNo(2, 0.25, 0.75)),
                new Case("focal:gamma=0", Truth.YES_OR_NO, p -> p.binaryCrossEntropy(0, ONES)),
                new Case("focal:gamma=3", Truth.LABELS, p -> p.focalOfYesOrNo(3, 1, 1)),
                new Case("dice", Truth.CLASSES, p -> p.overlap(dice(1), 1, false, 0, false, ONES)),
                new Case("dice:smooth=0.1,per_image=true", Truth.CLASSES, WEIGHTS,
                        p -> p.overlap(dice(0.1), 1, true, 0, false, THREE)),
                new Case("dice:background=false", Truth.CLASSES, WEIGHTS,
                        p -> p.overlap(dice(1), 1, false, 1, false, THREE)),
                new Case("dice", Truth.SHARES, p -> p.overlap(dice(1), 1, false, 0, false, ONES)),
                new Case("dice", Truth.YES_OR_NO, p -> p.overlap(dice(1), 1, false, 0, true, ONES)),
                new Case("dice:per_image=true", Truth.LABELS, p -> p.overlap(dice(1), 1, true, 0, true, ONES)),
                new Case("jaccard", Truth.CLASSES, p -> p.overlap(jaccard(1), 1, false, 0, false, ONES)),
                new Case("jaccard:smooth=2", Truth.YES_OR_NO, p -> p.overlap(jaccard(2), 1, false, 0, true, ONES)),
                new Case("tversky", Truth.CLASSES, p -> p.overlap(tversky(0.3, 0.7, 1), 1, false, 0, false, ONES)),
                new Case("tversky:alpha=0.8,beta=0.1,gamma=0.75,smooth=0.5", Truth.YES_OR_NO,
                        p -> p.overlap(tversky(0.8, 0.1, 0.5), 0.75, false, 0, true, ONES)),
                new Case("tversky:alpha=0.5,beta=0.5,smooth=0.5", Truth.CLASSES,
                        p -> p.overlap(dice(1), 1, false, 0, false, ONES)),
                new Case("0.5*focal:gamma=1 + 2*dice+ce", Truth.CLASSES,
                        p -> 0.5 * p.focalOfClasses(1, ONES) + 2 * p.overlap(dice(1), 1, false, 0, false, ONES)
                                + p.crossEntropy(0, ONES, false)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyLossIsItsFormulaAndSoIsItsGradient(Case example) {
        Example data = new Example(example.truth, 7);
        Tensor scores = data.scores(ScalarType.Double).set_requires_grad(true);
        Tensor loss = example.loss().of(scores, data.target());
        double plain = example.formula.applyAsDouble(data.plain());
        assertThat(loss.dim()).isZero();
        assertThat(loss.item_double()).isPositive().isCloseTo(plain, within(1e-6 * plain));
        double[] gradient = doubles(Tensors.gradient(loss, scores));
        double step = 1e-5;
        for (int i = 0; i < gradient.length; i++) {
            double slope = (example.formula.applyAsDouble(data.moved(i, step).plain())
                    - example.formula.applyAsDouble(data.moved(i, -step).plain())) / (2 * step);
            assertThat(gradient[i]).as("score %d", i).isCloseTo(slope, within(1e-7));
        }
    }

    /** Half-precision scores, as mixed precision gives them, are summed in 32 bits. */
    @ParameterizedTest
    @MethodSource("cases")
    void roundedScoresGiveTheirOwnLossUnrounded(Case example) {
        Example data = new Example(example.truth, 8);
        Tensor rounded = data.scores(ScalarType.BFloat16).set_requires_grad(true);
        Tensor loss = example.loss().of(rounded, data.target());
        double exact = example.loss().of(rounded.detach().to(ScalarType.Double), data.target()).item_double();
        assertThat(loss.scalar_type().intern()).isEqualTo(ScalarType.Float);
        assertThat(loss.item_double()).isCloseTo(exact, within(1e-5 * exact));
        loss.backward();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ce", "ce:smoothing=0.1", "bce", "focal", "focal:gamma=0.5", "dice", "jaccard", "tversky",
        "tversky:gamma=0.75", "ce+dice"})
    void whereNothingIsKnownNothingIsLearnt(String text) {
        for (int classes : new int[]{1, 3}) {
            Tensor scores = new Example(classes == 1 ? Truth.YES_OR_NO : Truth.CLASSES, 9).scores(ScalarType.Float)
                    .set_requires_grad(true);
            Tensor target = longs(IGNORED);
            Tensor loss = Losses.parse(text, new Settings(List.of(), IGNORED, false)).of(scores, target);
            assertThat(loss.item_double()).isCloseTo(0, within(1e-6));
            loss.backward();
            assertThat(scores.grad().abs().max().item_double()).isZero();
        }
    }

    /** Where a network is wholly sure, rightly or wrongly, no gradient is lost to infinities. */
    @ParameterizedTest
    @ValueSource(strings = {"ce", "bce", "focal", "focal:gamma=0.5", "focal:sigmoid=true", "dice", "jaccard",
        "tversky:gamma=0.75"})
    void certaintyKeepsGradientsFinite(String text) {
        for (int classes : new int[]{1, 3}) {
            for (float size : new float[]{200, -200}) {
                float[] values = new float[IMAGES * classes * POSITIONS];
                Arrays.fill(values, 0, values.length / 2, size);
                Tensor scores = Tensors.of(values, IMAGES, classes, HEIGHT, WIDTH).set_requires_grad(true);
                Tensor loss = Losses.parse(text, Settings.DEFAULT).of(scores, longs(0));
                loss.backward();
                assertThat(loss.item_double()).isFinite();
                assertThat(scores.grad().isfinite().all().item_bool()).isTrue();
            }
        }
    }

    @Test
    void aPictureHasNoPositions() {
        Tensor scores = Tensors.of(new float[]{1, 2, 3, 0, 0, 0}, 2, 3);
        Tensor target = Tensors.zeros(ScalarType.Long, 2);
        double expected = (Math.log(1 + Math.E + Math.E * Math.E) + Math.log(3)) / 2;
        assertThat(Losses.parse("ce", Settings.DEFAULT).of(scores, target).item_double())
                .isCloseTo(expected, within(1e-6));
        assertThat(Losses.parse("dice+focal", Settings.DEFAULT).of(scores, target).item_double()).isPositive();
    }

    @Test
    void misspeltLossesAreOneLine() {
        refused("cross", "none is called 'cross'; known: ce, bce, focal, dice, jaccard, tversky");
        refused("ce+", "none is called ''");
        refused("half*ce", "'half' is not a number");
        refused("-1*ce", "factor is -1.0, must be above 0");
        refused("dice:smoth=1", "dice has no argument 'smoth'; it has smooth, gamma, per_image, background, sigmoid");
        refused("focal:gamma=-1", "gamma is -1.0, must be at least 0");
        refused("focal:alpha=2", "alpha is 2.0, must be 0 to 1");
        refused("ce:smoothing=1", "smoothing is 1.0, must be at least 0 and below 1");
        refused("dice:smooth=0", "smooth is 0.0, must be above 0");
        refused("tversky:beta=-1", "missed counts -1.0");
        assertThatThrownBy(() -> Losses.parse("ce", new Settings(List.of(), -100, true)))
                .hasMessageContaining("several labels need bce");
        assertThatThrownBy(() -> new Settings(List.of(1.0, -2.0), -100, false))
                .hasMessage("class weights are [1.0, -2.0], must be at least 0 and not all 0");
    }

    private static void refused(String text, String reason) {
        assertThatThrownBy(() -> Losses.parse(text, Settings.DEFAULT)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason).hasMessageNotContaining("\n");
    }

    @Test
    void whatDoesNotFitIsRefused() {
        Tensor scores = Tensors.zeros(ScalarType.Float, 2, 3, 4, 4);
        for (String text : Losses.table().keySet()) {
            Loss loss = Losses.parse(text, Settings.DEFAULT);
            assertThatThrownBy(() -> loss.of(scores, Tensors.zeros(ScalarType.Long, 2, 4, 5)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a target of 2x4x5 does not fit scores of 2x3x4x4; expected a class for each image and "
                            + "position");
            assertThatThrownBy(() -> loss.of(scores, Tensors.zeros(ScalarType.Float, 2, 4, 4)))
                    .hasMessageContaining("expected the same shape");
        }
        assertThatThrownBy(() -> Losses.parse("ce", new Settings(List.of(1.0, 2.0), -100, false)).of(scores,
                Tensors.zeros(ScalarType.Long, 2, 4, 4))).hasMessage(
                        "2 class weights for 3 classes; give one for each");
        assertThatThrownBy(() -> Losses.parse("focal:alpha=0.5", Settings.DEFAULT).of(scores,
                Tensors.zeros(ScalarType.Long, 2, 4, 4))).hasMessageContaining("give class weights");
    }

    private static Tensor longs(long value) {
        Tensor target = Tensors.zeros(ScalarType.Long, IMAGES, HEIGHT, WIDTH);
        long[] values = new long[IMAGES * POSITIONS];
        Arrays.fill(values, value);
        Tensors.memory(target).copyFrom(MemorySegment.ofArray(values));
        return target;
    }

    private static double[] doubles(Tensor tensor) {
        return Tensors.memory(tensor.contiguous()).toArray(ValueLayout.JAVA_DOUBLE);
    }

    /** Random scores and truth, as tensors and as arrays. */
    private record Example(Truth truth, double[] scores, double[] shares, long[] classes) {
        Example(Truth truth, long seed) {
            this(truth, new double[IMAGES * truth.classes * POSITIONS], new double[IMAGES * truth.classes * POSITIONS],
                    new long[IMAGES * POSITIONS]);
            Random random = new Random(seed);
            Arrays.setAll(scores, _ -> 2 * random.nextGaussian());
            int options = Math.max(2, truth.classes);
            Arrays.setAll(classes, i -> i % 7 == 3 ? IGNORED : random.nextInt(options));
            Arrays.setAll(shares, i -> i % 5 == 2 && truth == Truth.LABELS ? -1 : random.nextInt(2));
            for (int i = 0; i < classes.length && truth == Truth.SHARES; i++) {
                double left = 1;
                for (int c = 0; c < truth.classes; c++) {
                    double share = c == truth.classes - 1 ? left : left * random.nextDouble();
                    shares[(i / POSITIONS * truth.classes + c) * POSITIONS + i % POSITIONS] = share;
                    left -= share;
                }
            }
        }

        Example moved(int score, double by) {
            double[] moved = scores.clone();
            moved[score] += by;
            return new Example(truth, moved, shares, classes);
        }

        Tensor scores(ScalarType type) {
            return tensor(scores).to(type);
        }

        Tensor target() {
            if (truth == Truth.SHARES || truth == Truth.LABELS) {
                return tensor(shares).to(ScalarType.Float);
            }
            Tensor target = Tensors.empty(ScalarType.Long, IMAGES, HEIGHT, WIDTH);
            Tensors.memory(target).copyFrom(MemorySegment.ofArray(classes));
            return target;
        }

        private Tensor tensor(double[] values) {
            Tensor tensor = Tensors.empty(ScalarType.Double, IMAGES, truth.classes, HEIGHT, WIDTH);
            Tensors.memory(tensor).copyFrom(MemorySegment.ofArray(values));
            return tensor;
        }

        PlainLosses plain() {
            double[][][] z = new double[IMAGES][truth.classes][POSITIONS];
            double[][][] t = new double[IMAGES][truth.classes][POSITIONS];
            boolean[][][] known = new boolean[IMAGES][truth.classes][POSITIONS];
            for (int b = 0; b < IMAGES; b++) {
                for (int c = 0; c < truth.classes; c++) {
                    for (int n = 0; n < POSITIONS; n++) {
                        int i = (b * truth.classes + c) * POSITIONS + n;
                        long label = classes[b * POSITIONS + n];
                        z[b][c][n] = scores[i];
                        t[b][c][n] = switch (truth) {
                            case CLASSES -> label == c ? 1 : 0;
                            case YES_OR_NO -> label == 1 ? 1 : 0;
                            case SHARES, LABELS -> Math.max(0, (float) shares[i]);
                        };
                        known[b][c][n] = switch (truth) {
                            case CLASSES, YES_OR_NO -> label != IGNORED;
                            case SHARES -> true;
                            case LABELS -> shares[i] >= 0;
                        };
                    }
                }
            }
            return new PlainLosses(z, t, known);
        }
    }
}
