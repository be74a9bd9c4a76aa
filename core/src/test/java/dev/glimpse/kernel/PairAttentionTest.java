package dev.glimpse.kernel;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The fused form computes what the composed one does, forward and backward. */
class PairAttentionTest {
    private static final long[] HEAD_SIZES = {1, 4, 13, 32};

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    static Stream<Arguments> sizes() {
        return Stream.of(ScalarType.Float, ScalarType.Double).flatMap(type -> Stream.of(
                new long[]{1, 1, 1, 1}, new long[]{2, 3, 207, 49}, new long[]{1, 1, 1021, 1021},
                new long[]{1, 1, 1026, 13}, new long[]{3, 2, 1, 207})
                .flatMap(shape -> IntStream.range(0, HEAD_SIZES.length).boxed().flatMap(i -> Stream.of(
                        Arguments.of(type, shape, HEAD_SIZES[i], HEAD_SIZES[i]),
                        Arguments.of(type, shape, HEAD_SIZES[i], HEAD_SIZES[(i + 1) % HEAD_SIZES.length])))));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void fusedIsComposed(ScalarType type, long[] shape, long d, long e) {
        List<Tensor> inputs = inputs(type, shape, d, e);
        double scale = 0.7;
        List<Tensor> expected = run(inputs, x -> PairAttention.composed(x.get(0), x.get(1), x.get(2), scale));
        for (int threads : new int[]{1, 2, 3, 64}) {
            List<Tensor> got = run(inputs, x -> PairAttention.fused(x.get(0), x.get(1), x.get(2), scale, threads));
            requireClose(got, expected, type);
        }
        requireClose(run(inputs, x -> PairAttention.attend(x.get(0), x.get(1), x.get(2), scale)), expected, type);
    }

    /** Which form runs where, and that they are the same on both sides of where it changes. */
    @ParameterizedTest
    @CsvSource({"4095, 4096, 0", "4096, 4096, 1"})
    void manyWeightsAreNotHeld(long queries, long keys, long fusedRuns) {
        List<Tensor> inputs = inputs(ScalarType.Float, new long[]{1, 1, queries, keys}, 4, 7);
        long runs = Kernels.fusedRuns();
        List<Tensor> got = run(inputs, x -> PairAttention.attend(x.get(0), x.get(1), x.get(2), 1));
        assertThat(Kernels.fusedRuns() - runs).isEqualTo(fusedRuns);
        requireClose(got, run(inputs, x -> PairAttention.composed(x.get(0), x.get(1), x.get(2), 1)), ScalarType.Float);
    }

    /** What is forced runs, whatever the size; forced or not, bfloat16 is rounded at the end alone. */
    @ParameterizedTest
    @CsvSource({"FUSED, 1", "COMPOSED, 0", "COMPOSED_AMAX, 0", "AUTO, 0", "LIBTORCH, 0"})
    void whatIsForcedRuns(Kernels.Choice choice, long fusedRuns) {
        for (ScalarType type : List.of(ScalarType.Float, ScalarType.BFloat16)) {
            List<Tensor> inputs = inputs(ScalarType.Float, new long[]{2, 2, 30, 20}, 4, 7).stream()
                    .map(x -> x.to(ScalarType.BFloat16)).toList();
            long runs = Kernels.fusedRuns();
            List<Tensor> got = run(inputs.stream().map(x -> x.to(type)).toList(), x -> Kernels.with(choice,
                    () -> PairAttention.attend(x.get(0), x.get(1), x.get(2), 0.7)).to(ScalarType.Float));
            assertThat(Kernels.fusedRuns() - runs).isEqualTo(fusedRuns);
            assertThat(got.subList(1, 4)).allMatch(tensor -> tensor.scalar_type().intern() == type);
            List<Tensor> expected = run(inputs.stream().map(x -> x.to(ScalarType.Double)).toList(),
                    x -> PairAttention.composed(x.get(0), x.get(1), x.get(2), 0.7).to(ScalarType.Float));
            for (int i = 0; i < got.size(); i++) {
                assertThat(magnitude(got.get(i).to(ScalarType.Double).sub(expected.get(i))))
                        .isLessThan((type == ScalarType.Float ? 1e-5 : 0.02) * magnitude(expected.get(i)));
            }
        }
    }

    /** The composed form has gradients of gradients; libtorch's fused operation says that it has none. */
    @Test
    void gradientsOfGradientsAreComposed() {
        for (Kernels.Choice choice : List.of(Kernels.Choice.COMPOSED, Kernels.Choice.FUSED)) {
            Tensor q = random(1, ScalarType.Double, 1, 1, 5, 4).set_requires_grad(true);
            Tensor sum = Kernels.with(choice, () -> PairAttention.attend(q, q, q, 0.7)).square().sum();
            sum.backward(new Tensor(), new BoolOptional(true), true, new TensorArrayRefOptional());
            Tensor again = q.grad().square().sum();
            if (choice == Kernels.Choice.COMPOSED) {
                again.backward();
                assertThat(magnitude(q.grad())).isPositive();
            } else {
                assertThatThrownBy(again::backward).isInstanceOf(RuntimeException.class)
                        .hasMessageContaining("is not implemented");
            }
        }
    }

    /** Inputs without memory of their own, whose weights no machine can hold. */
    @Test
    void weightsThatCannotFitAreRefusedWhereTheyAreForced() {
        Tensor x = random(1, ScalarType.Float, 1, 1, 1, 8).expand(1, 1, 3_000_000, 8);
        assertThatThrownBy(() -> Kernels.with(Kernels.Choice.COMPOSED, () -> PairAttention.attend(x, x, x, 1)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("attention: this input needs ")
                .hasMessageContaining("do not force composed kernels").message().doesNotContain("\n");
    }

    /** Scores so far apart that exponentials overflow unless the greatest is taken off first. */
    @Test
    void largeScoresStayFinite() {
        List<Tensor> inputs = inputs(ScalarType.Double, new long[]{1, 1, 300, 300}, 32, 32);
        List<Tensor> got = run(inputs, x -> PairAttention.fused(x.get(0), x.get(1), x.get(2), 1000));
        Tensor expected = PairAttention.composed(inputs.get(0), inputs.get(1), inputs.get(2), 1000);
        assertThat(got).allMatch(tensor -> Double.isFinite(magnitude(tensor)));
        assertThat(magnitude(got.getFirst().sub(expected))).isLessThan(1e-9);
    }

    /** Positions as a map has them, whose numbers lie a map apart, and inference. */
    @ParameterizedTest
    @CsvSource({"1, 1", "4, 4", "4, 13"})
    void layoutAndGradientModeChangeNothing(long d, long e) {
        Tensor q = random(1, ScalarType.Double, 2, d, 300).transpose(1, 2).unsqueeze(1);
        Tensor k = random(2, ScalarType.Double, 2, d, 77).transpose(1, 2).unsqueeze(1);
        Tensor v = random(3, ScalarType.Double, 2, e, 77).transpose(1, 2).unsqueeze(1);
        Tensor expected = PairAttention.weights(q, k, 1).matmul(v);
        assertThat(magnitude(PairAttention.fused(q, k, v, 1).sub(expected))).isLessThan(1e-13);
        Tensor inferred = Scopes.noGrad(() -> PairAttention.fused(q, k, v, 1));
        assertThat(magnitude(inferred.sub(expected))).isLessThan(1e-13);
    }

    @Test
    void theComposedFormIsTheFormula() {
        Tensor q = random(1, ScalarType.Float, 1, 1, 3, 2);
        Tensor k = random(2, ScalarType.Float, 1, 1, 5, 2);
        Tensor v = random(3, ScalarType.Float, 1, 1, 5, 4);
        float[] queries = Tensors.toFloats(q);
        float[] keys = Tensors.toFloats(k);
        float[] values = Tensors.toFloats(v);
        float[] mixed = Tensors.toFloats(PairAttention.composed(q, k, v, 0.5));
        for (int i = 0; i < 3; i++) {
            double[] sums = new double[4];
            double all = 0;
            for (int j = 0; j < 5; j++) {
                double weight = Math.exp(
                        0.5 * (queries[2 * i] * keys[2 * j] + queries[2 * i + 1] * keys[2 * j + 1]));
                all += weight;
                for (int c = 0; c < 4; c++) {
                    sums[c] += weight * values[4 * j + c];
                }
            }
            for (int c = 0; c < 4; c++) {
                assertThat((double) mixed[4 * i + c]).isCloseTo(sums[c] / all, within(1e-5));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"16384, 2, 2", "16384, 16, 8", "16384, 3, 2", "16384, 1, 1", "16384, 0, 1", "1021, 8, 1", "1026, 8, 3",
        "300, 8, 1", "1, 8, 1"})
    void queriesAreDealtOutEvenly(long queries, long wanted, long parts) {
        assertThat(PairAttention.parts(queries, wanted)).isEqualTo(parts);
    }

    private static List<Tensor> inputs(ScalarType type, long[] shape, long d, long e) {
        return List.of(random(1, type, shape[0], shape[1], shape[2], d),
                random(2, type, shape[0], shape[1], shape[3], d), random(3, type, shape[0], shape[1], shape[3], e));
    }

    /** The output, then the gradients of queries, keys and values. */
    private static List<Tensor> run(List<Tensor> inputs, Function<List<Tensor>, Tensor> attention) {
        List<Tensor> leaves = inputs.stream().map(x -> x.clone().set_requires_grad(true)).toList();
        Tensor y = attention.apply(leaves);
        y.mul(random(4, y.scalar_type().intern(), Tensors.shape(y))).sum().backward();
        return Stream.concat(Stream.of(y), leaves.stream().map(Tensor::grad)).toList();
    }

    private static void requireClose(List<Tensor> got, List<Tensor> expected, ScalarType type) {
        double precision = type == ScalarType.Float ? 1e-5 : 1e-13;
        double largest = expected.stream().mapToDouble(tensor -> magnitude(tensor)).max().orElseThrow();
        for (int i = 0; i < got.size(); i++) {
            assertThat(Tensors.shape(got.get(i))).isEqualTo(Tensors.shape(expected.get(i)));
            assertThat(magnitude(got.get(i).sub(expected.get(i)))).as("tensor " + i)
                    .isLessThan(precision * largest);
        }
    }
}
