package dev.glimpse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.OptimizerSettings.Rule;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clipping, averaging, freezing, smoothing, accumulating, and modes. */
class SteadyTrainingTest {
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
        torch.manual_seed(1);
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static Sequential network() {
        return new Sequential(Layers.conv2d(3, 4, 3), Layers.batchNorm2d(4), Layers.conv2d(4, 2, 1));
    }

    private static Recipe recipe(Regularisation regularisation, Mode mode) {
        return new Recipe(1, 4, 1, OptimizerSettings.of(Rule.SGD, 0.1, 0), Schedule.of(Schedule.Kind.CONSTANT, 0),
                regularisation, List.of(), mode, 0, 0, 1);
    }

    private static Task squares() {
        return new ForwardTask() {
            @Override
            public Tensor loss(Tensor output, Tensor target) {
                return output.sub(target).square().mean();
            }

            @Override
            public Tally tally() {
                throw new UnsupportedOperationException();
            }

            @Override
            public String best() {
                return "loss";
            }
        };
    }

    private static Map<String, float[]> gradients(Layer network) {
        Map<String, float[]> gradients = new LinkedHashMap<>();
        StateDict.parameters(network).forEach((key, p) -> gradients.put(key, Tensors.toFloats(p.grad())));
        return gradients;
    }

    @Test
    void theNormOfAllGradientsIsClipped() {
        Layer network = network();
        Step step = new Step(network, squares(), recipe(new Regularisation(0, List.of(), 0.01, 0, 0), Mode.PLAIN));
        step.begin();
        step.run(torch.randn(4, 3, 5, 5), torch.randn(4, 2, 3, 3), 1, null);
        Map<String, float[]> before = gradients(network);
        step.finish(0.1);
        double norm = Math.sqrt(before.values().stream().mapToDouble(SteadyTrainingTest::squares).sum());
        assertThat(norm).isGreaterThan(0.01);
        gradients(network).forEach((key, after) -> {
            for (int i = 0; i < after.length; i++) {
                assertThat(after[i]).as(key).isCloseTo((float) (before.get(key)[i] * 0.01 / norm), within(1e-6f));
            }
        });
    }

    private static double squares(float... values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return sum;
    }

    /** Unit by unit in plain Java; the last layer is spared. */
    @Test
    void aUnitsGradientIsClippedByTheUnit() {
        Layer network = network();
        double share = 0.02;
        Step step = new Step(network, squares(), recipe(new Regularisation(0, List.of(), 0, share, 0), Mode.PLAIN));
        step.begin();
        step.run(torch.randn(4, 3, 5, 5), torch.randn(4, 2, 3, 3).mul(new Scalar(9)), 1, null);
        Map<String, float[]> before = gradients(network);
        Map<String, float[]> weights = new LinkedHashMap<>();
        StateDict.parameters(network).forEach((key, p) -> weights.put(key, Tensors.toFloats(p)));
        step.finish(0.1);
        int clipped = 0;
        for (Map.Entry<String, float[]> entry : gradients(network).entrySet()) {
            String key = entry.getKey();
            int unit = key.equals("0.weight") ? 3 * 9 : before.get(key).length;
            for (int from = 0; from < before.get(key).length; from += unit) {
                double g = 0;
                double w = 0;
                for (int i = from; i < from + unit; i++) {
                    g += Math.pow(before.get(key)[i], 2);
                    w += Math.pow(weights.get(key)[i], 2);
                }
                double most = share * Math.max(Math.sqrt(w), 1e-3);
                double factor = key.startsWith("2.") ? 1 : Math.min(1, most / Math.max(Math.sqrt(g), 1e-6));
                clipped += factor < 1 ? 1 : 0;
                for (int i = from; i < from + unit; i++) {
                    assertThat(entry.getValue()[i]).as(key).isCloseTo((float) (before.get(key)[i] * factor),
                            within(1e-6f));
                }
            }
        }
        assertThat(clipped).isPositive();
    }

    /** Two halves of a batch, each counted half: the gradient of the whole. */
    @Test
    void gradientsAddUpToTheWholeBatchs() {
        Layer network = new Sequential(Layers.conv2d(3, 2, 3));
        Step step = new Step(network, squares(), recipe(Regularisation.NONE, Mode.PLAIN));
        Tensor images = torch.randn(4, 3, 5, 5);
        Tensor target = torch.randn(4, 2, 3, 3);
        step.begin();
        step.run(images, target, 1, null);
        Map<String, float[]> whole = gradients(network);
        step.begin();
        step.run(images.narrow(0, 0, 2), target.narrow(0, 0, 2), 0.5, null);
        step.run(images.narrow(0, 2, 2), target.narrow(0, 2, 2), 0.5, null);
        gradients(network)
                .forEach((key, sum) -> assertThat(sum).as(key).containsExactly(whole.get(key), within(1e-5f)));
    }

    @Test
    void theAverageFollowsTheWeightsAndTakesTheirPlace() {
        Sequential network = network();
        MovingAverage average = new MovingAverage(network, 0.5);
        Map<String, Tensor> own = StateDict.of(network);
        double expected = own.get("0.bias").get(0).item_double();
        double mean = 0;
        for (int step = 0; step < 9; step++) {
            own.get("0.bias").set_data(torch.full(new long[]{4}, new Scalar(step + 1.0)));
            own.get("1.running_mean").fill_(new Scalar(step + 1.0));
            own.get("1.num_batches_tracked").fill_(new Scalar(step + 1));
            average.update(step);
            double stays = Math.min(0.5, (1.0 + step) / (10 + step));
            expected = stays * expected + (1 - stays) * (step + 1);
            mean = stays * mean + (1 - stays) * (step + 1);
        }
        average.swap();
        assertThat(own.get("0.bias").get(0).item_double()).isCloseTo(expected, within(1e-5));
        assertThat(own.get("1.running_mean").get(0).item_double()).isCloseTo(mean, within(1e-5));
        assertThat(own.get("1.num_batches_tracked").item_double()).isEqualTo(9);
        assertThat(average.state().get("0.bias").get(0).item_double()).isEqualTo(9);
        average.swap();
        assertThat(own.get("0.bias").get(0).item_double()).isEqualTo(9);
    }

    @Test
    void whatIsFrozenLearnsNothingAndItsNormsStay() {
        Sequential network = new Sequential(network(), network());
        Freeze freeze = new Freeze(network, List.of("0", "1.0.bia?"));
        assertThat(StateDict.parameters(network).entrySet().stream().filter(e -> !e.getValue().requires_grad())
                .map(Map.Entry::getKey)).containsExactlyInAnyOrder("0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias",
                        "0.2.weight", "0.2.bias", "1.0.bias");
        freeze.train();
        assertThat(network.walk().get("0.1").is_training()).isFalse();
        assertThat(network.walk().get("1.1").is_training()).isTrue();
        assertThatThrownBy(() -> new Freeze(network(), List.of("conv*"))).hasMessageContaining("'conv*'");
        assertThatThrownBy(() -> new Freeze(network(), List.of("*"))).hasMessageContaining("no parameter to train");
    }

    @Test
    void classesAreSmoothedAndWeighted() {
        Tensor scores = Tensors.of(new float[]{1, 2, 0, 0, 0, 3}, 2, 3);
        Tensor labels = Tensors.of(new float[]{1, 2}, 2).to(torch.ScalarType.Long);
        Classification task = new Classification(new Regularisation(0.3, List.of(1.0, 2.0, 0.5), 0, 0, 0));
        double[][] logs = {logSoftmax(1, 2, 0), logSoftmax(0, 0, 3)};
        double[] weights = {1, 2, 0.5};
        double sum = 0;
        int[] truth = {1, 2};
        for (int i = 0; i < 2; i++) {
            sum -= 0.7 * weights[truth[i]] * logs[i][truth[i]];
            for (int c = 0; c < 3; c++) {
                sum -= 0.1 * weights[c] * logs[i][c];
            }
        }
        assertThat(task.loss(scores, labels).item_double()).isCloseTo(sum / 2.5, within(1e-5));
        assertThat(task.testLoss(scores, labels).item_double()).isCloseTo(-(logs[0][1] + logs[1][2]) / 2, within(1e-5));
        Tally tally = task.tally();
        tally.add(scores, labels, 0.5);
        Tally other = task.tally();
        other.restore(tally.state());
        assertThat(other.values()).isEqualTo(Map.of("loss", 0.5, "accuracy", 1.0));
        assertThat(other.images()).isEqualTo(2);
    }

    private static double[] logSoftmax(double... x) {
        double sum = 0;
        for (double value : x) {
            sum += Math.exp(value);
        }
        double log = Math.log(sum);
        return Arrays.stream(x).map(value -> value - log).toArray();
    }

    /** Whatever the mode: float32 out, about the same numbers, and the weights of now, not of the step before. */
    @ParameterizedTest
    @ValueSource(strings = {"fp32 nchw", "fp32 nhwc", "bf16 nchw", "bf16 nhwc"})
    void aModeChangesHowNotWhat(String text) {
        Mode mode = Mode.parse(text);
        assertThat(mode).hasToString(text);
        Layer network = network();
        Layer plain = network();
        StateDict.load(plain, StateDict.of(network));
        mode.prepare(network);
        Step ours = new Step(network, squares(), recipe(Regularisation.NONE, mode));
        Step theirs = new Step(plain, squares(), recipe(Regularisation.NONE, Mode.PLAIN));
        for (int i = 0; i < 5; i++) {
            Tensor images = torch.randn(4, 3, 9, 9);
            Tensor target = torch.randn(4, 2, 7, 7);
            assertThat(mode.forward(network, images).scalar_type().intern()).isEqualTo(torch.ScalarType.Float);
            ours.begin();
            theirs.begin();
            assertThat(ours.run(images, target, 1, null)).isCloseTo(theirs.run(images, target, 1, null), within(0.02));
            ours.finish(0.5);
            theirs.finish(0.5);
        }
        StateDict.parameters(network).forEach((key, p) -> {
            assertThat(p.scalar_type().intern()).isEqualTo(torch.ScalarType.Float);
            assertThat(Tensors.toFloats(p)).as(key).containsExactly(Tensors.toFloats(StateDict.of(plain).get(key)),
                    within(mode.precision() == Mode.Precision.FP32 ? 1e-4f : 0.05f));
        });
    }

    @ParameterizedTest
    @EnumSource(Rule.class)
    void settingsAreReadAsTheyAreTyped(Rule rule) {
        String name = rule.name().toLowerCase(Locale.ROOT);
        assertThat(OptimizerSettings.parse(name, null, 0.1).rule()).isEqualTo(rule);
        assertThat(OptimizerSettings.parse(name, 0.25, 0.1))
                .isEqualTo(OptimizerSettings.of(rule, 0.25, 0.1));
    }
}
