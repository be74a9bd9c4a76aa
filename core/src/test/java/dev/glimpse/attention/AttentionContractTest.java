package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.attention.Attentions.Entry;
import dev.glimpse.attention.Attentions.Size;
import dev.glimpse.io.SafeTensors;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What every row of the table keeps to, those to come included. */
class AttentionContractTest {
    private static final long CHANNELS = 128; // enough hidden units behind a reduction of 16 that not all are dead
    private static final long BATCH = 3;
    private static final List<long[]> MAPS = List.of(new long[]{1, 1}, new long[]{7, 7}, new long[]{9, 7},
            new long[]{13, 1});
    private static final Size SIZE = new Size(BATCH, CHANNELS, 9, 7);
    /**
     * Of finite differences, each tried when the one before fails: a ReLU or a maximum that turns between the two points
     * spoils a difference, and a smaller step leaves it outside. A wrong gradient is wrong at every step.
     */
    private static final double[] STEPS = {1e-6, 1e-7, 1e-8, 1e-9};
    /**
     * Parameters, each a row's name and a key, without effect on the output: moving every key by one vector adds the same
     * number to all of a query's scores, and the bias of what becomes a map adds it to all positions; a softmax ignores it.
     */
    private static final Predicate<String> WITHOUT_EFFECT = Pattern.compile(String.join("|", List.of(
            "conv1d-mha layers\\.\\d+\\.key\\.bias", "nonlocal phi\\.0\\.bias", "pam key_conv\\.bias",
            "danet sa\\.key_conv\\.bias", "a2 convB\\.bias", "cc key_conv\\.bias", "gc conv_mask\\.bias",
            "gc-timm conv_attn\\.bias", "(iau SIAU\\.|stiau )module_w\\.relation\\.[01]\\.bias")))
            .asMatchPredicate();
    /**
     * The same in evaluation alone: the softmax ignores what moves all scores of an image alike, but in training the
     * scores' batch norm sees that it moves other images otherwise.
     */
    private static final Predicate<String> WITHOUT_EFFECT_IN_EVALUATION = Pattern.compile("stiau input\\.1")
            .asMatchPredicate();

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    static Stream<Arguments> rows() {
        return Attentions.table().values().stream().map(entry -> Arguments.of(Named.of(entry.name(), entry)));
    }

    static Stream<Arguments> slotRows() {
        return rows().filter(row -> entry(row).slotKey().isPresent());
    }

    static Stream<Arguments> slotRowsAndMaps() {
        return slotRows().flatMap(row -> MAPS.stream().map(map -> Arguments.of(row.get()[0], map[0], map[1])));
    }

    @SuppressWarnings("unchecked")
    private static Entry entry(Arguments row) {
        return ((Named<Entry>) row.get()[0]).getPayload();
    }

    @ParameterizedTest
    @MethodSource("slotRows")
    void aSlotModuleKeepsTheShapeOfMapsOfAnySize(Entry entry) {
        Module module = build(entry, ScalarType.Float);
        for (long[] map : MAPS) {
            if (!entry.anySize()) {
                module = entry
                        .create(new Args(entry.name(),
                                entry.exampleArgs().apply(new Size(1, CHANNELS, map[0], map[1]))));
                randomise(module, 7);
            }
            for (long batch : new long[]{1, BATCH}) {
                module.train(batch > 1);
                Tensor x = random(1, ScalarType.Float, batch, CHANNELS, map[0], map[1]);
                Tensor y = entry.call().apply(module, List.of(x)).getFirst();
                assertThat(Tensors.shape(y)).containsExactly(batch, CHANNELS, map[0], map[1]);
                assertThat(magnitude(y)).isFinite().isPositive();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("slotRowsAndMaps")
    void aLoneImageTrainsOrTheMessageSaysWhyNot(Entry entry, long height, long width) {
        Module module = entry.create(new Args(entry.name(), entry.exampleArgs()
                .apply(new Size(1, CHANNELS, height, width))));
        randomise(module, 7);
        module.train(true);
        List<Tensor> image = List.of(random(1, ScalarType.Float, 1, CHANNELS, height, width));
        try {
            assertThat(magnitude(entry.call().apply(module, image).getFirst())).isFinite();
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage()).startsWith(entry.name() + ":").contains("batch norm", "eval()")
                    .doesNotContain("\n");
        }
    }

    @ParameterizedTest
    @MethodSource("slotRows")
    void aModuleForOneSizeNamesItAndTheOneThatCame(Entry entry) {
        if (entry.anySize()) {
            return;
        }
        Module module = build(entry, ScalarType.Float);
        assertThatThrownBy(
                () -> entry.call().apply(module, List.of(random(1, ScalarType.Float, BATCH, CHANNELS, 8, 6))))
                .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith(entry.name() + ":")
                .hasMessageContainingAll("9x7", "8x6");
    }

    @ParameterizedTest
    @MethodSource("rows")
    void gradientsReachInputsAndParameters(Entry entry) {
        for (boolean training : new boolean[]{false, true}) {
            Module module = build(entry, ScalarType.Double);
            module.train(training);
            Map<String, Tensor> variables = variables(entry, module);
            objective(entry, module, variables).backward();
            double largest = variables.values().stream().mapToDouble(v -> magnitude(v.grad())).max().orElseThrow();
            assertThat(largest).isFinite();
            variables.forEach((name, variable) -> {
                double gradient = magnitude(variable.grad());
                assertThat(gradient).as(name).isFinite();
                String variableOfRow = entry.name() + " " + name;
                if (WITHOUT_EFFECT.test(variableOfRow)
                        || !training && WITHOUT_EFFECT_IN_EVALUATION.test(variableOfRow)) {
                    assertThat(gradient).as(name).isLessThan(1e-12 * largest);
                } else if (!training) { // before a batch norm in training, a bias has no effect
                    assertThat(gradient).as(name).isGreaterThan(1e-9 * largest);
                }
            });
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void gradientsAreThoseOfFiniteDifferences(Entry entry) {
        for (boolean training : new boolean[]{false, true}) {
            Module module = build(entry, ScalarType.Double);
            module.train(training);
            Map<String, Tensor> variables = variables(entry, module);
            objective(entry, module, variables).backward();
            for (int direction = 0; direction < 3; direction++) {
                List<Tensor> moves = new ArrayList<>();
                double expected = 0;
                for (Tensor variable : variables.values()) {
                    Tensor move = random(100 * direction + moves.size(), ScalarType.Double, Tensors.shape(variable));
                    expected += variable.grad().mul(move).sum().item_double();
                    moves.add(move);
                }
                double found = Double.NaN;
                for (double step : STEPS) {
                    double above = moved(entry, module, variables, moves, step);
                    double below = moved(entry, module, variables, moves, -step);
                    found = (above - below) / (2 * step);
                    if (Math.abs(found - expected) <= 1e-6 * Math.abs(expected)) {
                        break;
                    }
                }
                assertThat(found).as(training ? "training" : "evaluation").isCloseTo(expected,
                        within(1e-6 * Math.abs(expected)));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void evaluationIsDeterministicAndKeepsTheStatistics(Entry entry) {
        Module module = build(entry, ScalarType.Float);
        List<Tensor> inputs = inputs(entry, ScalarType.Float);
        module.eval();
        Map<String, Tensor> before = copies(StateDict.buffers(module));
        List<Tensor> first = entry.call().apply(module, inputs);
        torch.manual_seed(99);
        assertThat(identical(first, entry.call().apply(module, inputs))).isTrue();
        StateDict.buffers(module).forEach((key, buffer) -> assertThat(before.get(key).equal(buffer)).as(key).isTrue());
    }

    @ParameterizedTest
    @MethodSource("rows")
    void trainingTakesInTheStatistics(Entry entry) {
        Module module = build(entry, ScalarType.Float);
        module.train(true);
        Map<String, Tensor> before = copies(StateDict.buffers(module));
        entry.call().apply(module, inputs(entry, ScalarType.Float));
        StateDict.buffers(module).forEach((key, buffer) -> {
            if (key.contains("running_")) {
                assertThat(before.get(key).equal(buffer)).as(key).isFalse();
            }
        });
    }

    @ParameterizedTest
    @MethodSource("rows")
    void savedWeightsGiveTheSameBitsInAFreshModule(Entry entry, @TempDir Path folder) throws IOException {
        Module module = build(entry, ScalarType.Float);
        module.eval();
        Path file = folder.resolve("weights.safetensors");
        SafeTensors.write(file, StateDict.of(module), Map.of());
        Module fresh = entry.create(new Args(entry.name(), entry.exampleArgs().apply(SIZE)));
        fresh.eval();
        List<Tensor> inputs = inputs(entry, ScalarType.Float);
        List<Tensor> expected = entry.call().apply(module, inputs);
        assertThat(identical(expected, entry.call().apply(fresh, inputs))).as("unless there is nothing to save")
                .isEqualTo(StateDict.of(module).isEmpty());
        try (SafeTensors saved = SafeTensors.open(file)) {
            StateDict.load(fresh, saved.tensors());
        }
        assertThat(identical(expected, entry.call().apply(fresh, inputs))).isTrue();
    }

    @ParameterizedTest
    @MethodSource("rows")
    void anImageDoesNotSeeItsBatchInEvaluation(Entry entry) {
        Module module = build(entry, ScalarType.Double);
        module.eval();
        List<Tensor> inputs = inputs(entry, ScalarType.Double);
        List<Tensor> together = entry.call().apply(module, inputs);
        for (int i = 0; i < BATCH; i++) {
            int row = i;
            List<Tensor> alone = entry.call().apply(module, inputs.stream().map(x -> x.narrow(0, row, 1)).toList());
            for (int o = 0; o < together.size(); o++) {
                Tensor expected = together.get(o).narrow(0, row, 1);
                assertThat(magnitude(alone.get(o).sub(expected))).isLessThan(1e-6 * magnitude(expected));
            }
        }
    }

    private static Module build(Entry entry, ScalarType type) {
        Module module = entry.create(new Args(entry.name(), entry.exampleArgs().apply(SIZE)));
        module.to(type, false);
        randomise(module, 7);
        return module;
    }

    private static List<Tensor> inputs(Entry entry, ScalarType type) {
        List<Tensor> inputs = new ArrayList<>();
        for (long[] shape : entry.exampleInputs().apply(SIZE)) {
            inputs.add(random(inputs.size(), type, shape));
        }
        return inputs;
    }

    /** The module's inputs ({@code input.0}) and parameters, all of which get a gradient. */
    private static Map<String, Tensor> variables(Entry entry, Module module) {
        Map<String, Tensor> variables = new LinkedHashMap<>();
        inputs(entry, ScalarType.Double)
                .forEach(x -> variables.put("input." + variables.size(), x.set_requires_grad(true)));
        variables.putAll(StateDict.parameters(module));
        return variables;
    }

    /** One number from all outputs; dropout falls the same way each time. */
    private static Tensor objective(Entry entry, Module module, Map<String, Tensor> variables) {
        List<Tensor> inputs = variables.entrySet().stream().filter(v -> v.getKey().startsWith("input."))
                .map(Map.Entry::getValue).toList();
        torch.manual_seed(3);
        Tensor sum = Tensors.zeros(ScalarType.Double);
        for (Tensor output : entry.call().apply(module, inputs)) {
            sum = sum.add(output.mul(random(output.dim(), ScalarType.Double, Tensors.shape(output))).sum());
        }
        return sum;
    }

    private static double moved(Entry entry, Module module, Map<String, Tensor> variables, List<Tensor> moves,
            double step) {
        return Scopes.noGrad(() -> {
            List<Tensor> values = List.copyOf(variables.values());
            for (int i = 0; i < values.size(); i++) {
                values.get(i).add_(moves.get(i), new Scalar(step));
            }
            double there = objective(entry, module, variables).item_double();
            for (int i = 0; i < values.size(); i++) {
                values.get(i).add_(moves.get(i), new Scalar(-step));
            }
            return there;
        });
    }

    private static Map<String, Tensor> copies(Map<String, Tensor> tensors) {
        Map<String, Tensor> copies = new LinkedHashMap<>();
        tensors.forEach((key, tensor) -> copies.put(key, tensor.clone()));
        return copies;
    }

    private static boolean identical(List<Tensor> a, List<Tensor> b) {
        return a.size() == b.size() && Stream.iterate(0, i -> i < a.size(), i -> i + 1)
                .allMatch(i -> a.get(i).equal(b.get(i)));
    }
}
