package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.io.StateDict;
import dev.glimpse.kernel.Kernels;
import dev.glimpse.kernel.Kernels.Choice;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CrissCrossTest {
    private static final long CHANNELS = 16;
    private final CrissCross.Affinity affinity = new CrissCross.Affinity();
    private final CrissCross.Aggregation aggregation = new CrissCross.Aggregation();
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 4", "4, 1", "3, 5", "5, 3"})
    void affinitiesAreThoseOfTheRowThenOfTheColumnWithoutThePosition(int height, int width) {
        Tensor query = random(1, ScalarType.Float, 2, 3, height, width);
        Tensor key = random(2, ScalarType.Float, 2, 3, height, width);
        Tensor weights = affinity.forward(query, key);
        assertThat(Tensors.shape(weights)).containsExactly(2, height + width - 1, height, width);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                List<int[]> seen = crossOf(y, x, height, width);
                for (int j = 0; j < seen.size(); j++) {
                    Tensor product = at(query, y, x).mul(at(key, seen.get(j)[0], seen.get(j)[1])).sum(1);
                    Tensor ours = at(weights, y, x).select(1, j);
                    assertThat(magnitude(ours.sub(product))).isLessThan(1e-5);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 4", "4, 1", "3, 5", "5, 3"})
    void theAggregationMixesWhatTheAffinitiesCompared(int height, int width) {
        Tensor weights = random(1, ScalarType.Float, 2, height + width - 1, height, width);
        Tensor value = random(2, ScalarType.Float, 2, 3, height, width);
        Tensor mixed = aggregation.forward(weights, value);
        assertThat(Tensors.shape(mixed)).containsExactly(2, 3, height, width);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                List<int[]> seen = crossOf(y, x, height, width);
                Tensor sum = Tensors.zeros(ScalarType.Float, 2, 3);
                for (int j = 0; j < seen.size(); j++) {
                    Tensor weight = at(weights, y, x).narrow(1, j, 1); // (B, 1)
                    sum = sum.add(weight.mul(at(value, seen.get(j)[0], seen.get(j)[1])));
                }
                assertThat(magnitude(at(mixed, y, x).sub(sum))).isLessThan(1e-5);
            }
        }
    }

    /** The last two maps are computed in several strips, of which the last is lower. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1, 2", "1, 7, 2, 2", "7, 1, 2, 2", "9, 7, 3, 3", "160, 120, 1, 1", "80, 90, 4, 2"})
    void theWholeIsItsHalvesWithASoftmaxBetween(int height, int width, int images, int recurrence) {
        CrissCross module = build(ScalarType.Double, recurrence);
        Map<String, Tensor> variables = variables(module, random(1, ScalarType.Double, images, CHANNELS, height,
                width));
        Tensor x = variables.get("input");
        Tensor cotangent = random(2, ScalarType.Double, images, CHANNELS, height, width);
        Tensor output = module.forward(x);
        Map<String, Tensor> gradients = gradients(output, cotangent, variables);
        Tensor expected = x;
        for (int i = 0; i < recurrence; i++) {
            Tensor weights = affinity.forward(project(module, "query", expected), project(module, "key", expected));
            Tensor mixed = aggregation.forward(weights.softmax(1), project(module, "value", expected));
            expected = variables.get("gamma").mul(mixed).add(expected);
        }
        assertThat(magnitude(output.sub(expected))).isLessThan(1e-12 * magnitude(expected));
        Map<String, Tensor> expectedGradients = gradients(expected, cotangent, variables);
        double largest = expectedGradients.values().stream().mapToDouble(CrissCrossTest::size).max().orElseThrow();
        expectedGradients.forEach((name, gradient) -> assertThat(magnitude(gradients.get(name).sub(gradient))).as(name)
                .isLessThan(1e-11 * largest));
    }

    @ParameterizedTest
    @CsvSource({"16, 12", "1, 1", "1, 7", "7, 1"})
    void itRunsInShortTypes(int height, int width) {
        for (ScalarType type : List.of(ScalarType.BFloat16, ScalarType.Half)) {
            double bound = type == ScalarType.BFloat16 ? 0.04 : 0.005; // some ten roundings
            CrissCross module = build(type, 2);
            CrissCross exact = new CrissCross(CHANNELS, new CrissCross.Config(2));
            exact.to(ScalarType.Double, false);
            StateDict.load(exact, StateDict.of(module));
            Tensor x = random(1, type, 2, CHANNELS, height, width);
            Tensor cotangent = random(2, type, 2, CHANNELS, height, width);
            Map<String, Tensor> variables = variables(module, x);
            Map<String, Tensor> exactVariables = variables(exact, x.detach().to(ScalarType.Double));
            Tensor output = module.forward(variables.get("input"));
            Tensor expected = exact.forward(exactVariables.get("input"));
            assertThat(output.scalar_type().intern()).isEqualTo(type);
            assertClose(output, expected, bound * size(expected), type + " output");
            Map<String, Tensor> gradients = gradients(output, cotangent, variables);
            Map<String, Tensor> expectedGradients = gradients(expected, cotangent.to(ScalarType.Double),
                    exactVariables);
            double largest = expectedGradients.values().stream().mapToDouble(CrissCrossTest::size).max().orElseThrow();
            expectedGradients.forEach((name, gradient) -> assertClose(gradients.get(name), gradient,
                    bound * Math.max(size(gradient), largest / 5), type + " " + name));
        }
    }

    @ParameterizedTest
    @CsvSource({"Float", "Double", "BFloat16", "Half"})
    void itStandsEnergiesOfTenThousand(ScalarType type) {
        CrissCross module = build(type, 1);
        Tensor x = random(1, type, 2, CHANNELS, 16, 12);
        Tensor query = project(module, "query", x);
        Tensor key = project(module, "key", x);
        Tensor energies = affinity.forward(query.to(ScalarType.Double), key.to(ScalarType.Double));
        Scopes.noGrad(() -> {
            Scalar factor = new Scalar(1e4 / size(energies));
            StateDict.parameters(module).forEach((name, parameter) -> {
                if (name.startsWith("query")) {
                    parameter.mul_(factor);
                }
            });
            return null;
        });
        assertThat(size(affinity.forward(project(module, "query", x).to(ScalarType.Double),
                key.to(ScalarType.Double)))).isBetween(0.9e4, 1.1e4);
        Map<String, Tensor> variables = variables(module, x);
        Tensor output = module.forward(variables.get("input"));
        assertThat(size(output)).isFinite().isPositive();
        gradients(output, random(2, type, 2, CHANNELS, 16, 12), variables)
                .forEach((name, gradient) -> assertThat(size(gradient)).as(name).isFinite());
    }

    @Test
    void everyRunGivesTheSameBits() {
        CrissCross module = build(ScalarType.Float, 2);
        List<Map<String, Tensor>> runs = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Map<String, Tensor> variables = variables(module, random(1, ScalarType.Float, 1, CHANNELS, 160, 120));
            Tensor output = module.forward(variables.get("input"));
            Map<String, Tensor> run = gradients(output, random(2, ScalarType.Float, 1, CHANNELS, 160, 120), variables);
            run.put("output", output);
            runs.add(run);
        }
        runs.getFirst().forEach((name, tensor) -> runs.forEach(
                run -> assertThat(run.get(name).equal(tensor)).as(name).isTrue()));
    }

    @Test
    void aSecondBackwardIsPossible() {
        CrissCross module = build(ScalarType.Double, 2);
        Map<String, Tensor> variables = variables(module, random(1, ScalarType.Double, 2, CHANNELS, 5, 4));
        Tensor cotangent = random(2, ScalarType.Double, 2, CHANNELS, 5, 4);
        Tensor output = module.forward(variables.get("input"));
        Tensor once = output.mul(cotangent).sum();
        once.backward(new Tensor(), new BoolOptional(true), false,
                new TensorArrayRefOptional());
        Tensor first = variables.get("input").grad().clone();
        once.backward();
        assertThat(magnitude(variables.get("input").grad().sub(first.add(first)))).isLessThan(1e-12 * size(first));
    }

    @Test
    void itStartsAsTheIdentity() {
        Tensor x = random(1, ScalarType.Float, 2, 64, 9, 7);
        assertThat(new CrissCross(64).forward(x).equal(x)).isTrue();
        assertThat(CrissCross.Config.DEFAULT.recurrence()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"32, 1321", "64, 5201", "128, 20641", "256, 82241", "512, 328321", "1024, 1312001", "2048, 5245441",
        "7, 73"})
    void itHasTheAuthorsNumberOfParameters(long channels, long count) {
        assertThat(StateDict.parameterCount(new CrissCross(channels))).isEqualTo(count);
    }

    @Test
    void eachPassIsShownAsTheDistributionItMixesBy() {
        CrissCross module = build(ScalarType.Float, 2);
        Tensor x = random(1, ScalarType.Float, 2, CHANNELS, 9, 7);
        List<Tensor> outputs = new ArrayList<>();
        List<AttentionMap> maps = AttentionMaps.during(() -> outputs.add(module.forward(x)));
        assertThat(maps).extracting(AttentionMap::kind).containsExactly(Kind.CROSS, Kind.CROSS);
        Tensor y = x;
        for (AttentionMap map : maps) {
            assertThat(map.source()).isSameAs(module);
            assertThat(Tensors.shape(map.values())).containsExactly(2, 15, 9, 7);
            assertThat(magnitude(map.values().sum(1).sub(Tensors.of(new float[]{1}, 1)))).isLessThan(1e-5);
            Tensor mixed = aggregation.forward(map.values(), project(module, "value", y));
            y = y.add(StateDict.parameters(module).get("gamma").mul(mixed));
        }
        assertThat(magnitude(outputs.getFirst().sub(y))).isLessThan(1e-4 * magnitude(y));
        assertThat(Kernels.with(Choice.COMPOSED, () -> module.forward(x)).equal(outputs.getFirst())).isTrue();
        assertThat(magnitude(module.forward(x).sub(y))).isLessThan(1e-4 * magnitude(y));
    }

    @Test
    void aPositionReceivesWhatItsRowAndColumnGive() {
        Tensor weights = random(1, ScalarType.Double, 2, 7, 3, 5).softmax(1);
        Tensor expected = Tensors.zeros(ScalarType.Double, 2, 3, 5);
        for (int y = 0; y < 3; y++) {
            for (int x = 0; x < 5; x++) {
                List<int[]> seen = crossOf(y, x, 3, 5);
                for (int j = 0; j < seen.size(); j++) {
                    at(expected, seen.get(j)[0], seen.get(j)[1]).add_(at(weights, y, x).select(1, j).div(
                            new Scalar(15)));
                }
            }
        }
        assertThat(magnitude(CrissCross.received(weights).sub(expected))).isLessThan(1e-15);
    }

    @Test
    void whatDoesNotFitIsNamed() {
        Tensor map = random(1, ScalarType.Float, 2, 6, 5, 7);
        assertMessage(() -> new CrissCross(6).forward(map.narrow(1, 0, 4)), "cc: ", "6", "2x4x5x7");
        assertMessage(() -> new CrissCross(6).forward(map.select(0, 0)), "cc: ", "6x5x7");
        assertMessage(() -> new CrissCross(6).forward(map.narrow(0, 0, 0)), "cc: ", "0x6x5x7");
        assertMessage(
                () -> new CrissCross(1).forward(map.narrow(0, 0, 1).narrow(1, 0, 1).narrow(2, 0, 1).narrow(3, 0, 1)
                        .expand(1, 1, 30_000, 30_000)),
                "cc: this input needs ", " GiB", "use a smaller map");
        assertMessage(() -> new CrissCross(6, new CrissCross.Config(0)), "cc: recurrence is 0, must be at least 1");
        assertMessage(() -> affinity.forward(map, map.narrow(3, 0, 5)), "ca_weight: ", "2x6x5x7", "2x6x5x5");
        assertMessage(() -> affinity.forward(map.select(0, 0), map.select(0, 0)), "ca_weight: ", "6x5x7");
        assertMessage(() -> aggregation.forward(map, map), "ca_map: ", "2x6x5x7");
        assertMessage(() -> aggregation.forward(map, map.select(0, 0)), "ca_map: ", "6x5x7");
    }

    private static void assertMessage(Runnable work, String... parts) {
        assertThatThrownBy(work::run).isInstanceOf(IllegalArgumentException.class).hasMessageContainingAll(parts)
                .message().doesNotContain("\n");
    }

    /** Row by row and column by column, as the paper's picture draws it. */
    private static List<int[]> crossOf(int y, int x, int height, int width) {
        List<int[]> cross = new ArrayList<>();
        for (int j = 0; j < width; j++) {
            cross.add(new int[]{y, j});
        }
        for (int i = 0; i < height; i++) {
            if (i != y) {
                cross.add(new int[]{i, x});
            }
        }
        return cross;
    }

    private static Tensor at(Tensor map, int y, int x) {
        return map.select(-1, x).select(-1, y);
    }

    private static CrissCross build(ScalarType type, long recurrence) {
        CrissCross module = new CrissCross(CHANNELS, new CrissCross.Config(recurrence));
        randomise(module, 3);
        module.to(type, false);
        return module;
    }

    /** A 1x1 convolution by its definition. */
    private static Tensor project(CrissCross module, String which, Tensor x) {
        Map<String, Tensor> parameters = StateDict.parameters(module);
        Tensor weight = parameters.get(which + "_conv.weight").flatten(1, 3); // (C', C)
        Tensor projected = weight.matmul(x.flatten(2, 3)); // (B, C', N)
        return projected.add(parameters.get(which + "_conv.bias").unsqueeze(1))
                .view(x.size(0), weight.size(0), x.size(2), x.size(3));
    }

    private static Map<String, Tensor> variables(CrissCross module, Tensor x) {
        Map<String, Tensor> variables = new LinkedHashMap<>(StateDict.parameters(module));
        variables.put("input", x.set_requires_grad(true));
        return variables;
    }

    private static Map<String, Tensor> gradients(Tensor output, Tensor cotangent, Map<String, Tensor> variables) {
        output.mul(cotangent).sum().backward();
        Map<String, Tensor> gradients = new LinkedHashMap<>();
        variables.forEach((name, variable) -> {
            gradients.put(name, variable.grad().clone());
            variable.grad().zero_();
        });
        return gradients;
    }

    private static void assertClose(Tensor ours, Tensor expected, double bound, String name) {
        assertThat(magnitude(ours.to(ScalarType.Double).sub(expected))).as(name).isLessThan(bound);
    }

    private static double size(Tensor tensor) {
        return magnitude(tensor.to(ScalarType.Double));
    }
}
