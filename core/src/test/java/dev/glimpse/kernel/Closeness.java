package dev.glimpse.kernel;

import static dev.glimpse.Support.magnitude;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.nn.Tensors;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * How far two runs of one computation may be apart.
 *
 * <p>
 * Each tensor's largest error is held against the largest magnitude among the tensors of its kind: results, gradients of
 * maps, gradients of small parts. The kind is the name up to its colon. In float32, sums of thousands of numbers in
 * another order differ by a few units in the sixth digit; a bfloat16 has eight binary digits.
 */
final class Closeness {
    static final double FLOAT32 = 1e-5;
    /** Several roundings, each by half a unit in the last of eight binary digits; {@link Errors} looks closer. */
    static final double BFLOAT16 = 8.0 / (1 << 8);

    private Closeness() {}

    /** The errors of two forms over many runs, both held against what is right, of each kind of tensor. */
    static final class Errors {
        /** By how much a mean error may be larger, since it is one of some runs. */
        private static final double NO_WORSE = 1.25;

        private final Map<String, Double> own = new TreeMap<>();
        private final Map<String, Double> composedOnes = new TreeMap<>();

        void add(Map<String, Tensor> got, Map<String, Tensor> composed, Map<String, Tensor> right) {
            Map<String, Double> largest = largest(right);
            right.forEach((name, tensor) -> {
                double unit = largest.get(kind(name));
                own.merge(kind(name), meanSquare(difference(got.get(name), tensor)) / (unit * unit), Double::sum);
                composedOnes.merge(kind(name), meanSquare(difference(composed.get(name), tensor)) / (unit * unit),
                        Double::sum);
            });
        }

        void requireNoWorse() {
            own.forEach((kind, error) -> assertThat(Math.sqrt(error)).as(kind)
                    .isLessThanOrEqualTo(NO_WORSE * Math.sqrt(composedOnes.get(kind))));
        }
    }

    static void require(Map<String, Tensor> got, Map<String, Tensor> expected, double precision) {
        Map<String, Double> largest = largest(expected);
        assertThat(got.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, tensor) -> {
            requireAlike(name, got.get(name), tensor);
            if (tensor.defined()) {
                assertThat(magnitude(difference(got.get(name), tensor))).as(name)
                        .isLessThanOrEqualTo(precision * largest.get(kind(name)));
            }
        });
    }

    /** All bits are the same. */
    static void requireSame(Map<String, Tensor> got, Map<String, Tensor> expected) {
        assertThat(got.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, tensor) -> assertThat(got.get(name).equal(tensor)).as(name).isTrue());
    }

    /** The same numbers that are none, and the same infinities, in the same places. */
    static void requireSameOutliers(String what, Tensor got, Tensor expected) {
        assertThat(got.isnan().equal(expected.isnan())).as(what + ": no number").isTrue();
        assertThat(got.isposinf().equal(expected.isposinf())).as(what + ": infinite").isTrue();
        assertThat(got.isneginf().equal(expected.isneginf())).as(what + ": minus infinite").isTrue();
    }

    private static void requireAlike(String name, Tensor got, Tensor expected) {
        assertThat(got.defined()).as(name + " is there").isEqualTo(expected.defined());
        if (got.defined()) {
            assertThat(got.scalar_type().intern()).as(name).isEqualTo(expected.scalar_type().intern());
            assertThat(Tensors.shape(got)).as(name).isEqualTo(Tensors.shape(expected));
        }
    }

    private static Map<String, Double> largest(Map<String, Tensor> tensors) {
        Map<String, Double> largest = new HashMap<>();
        tensors.forEach((name, tensor) -> largest.merge(kind(name), magnitude(tensor), Math::max));
        return largest;
    }

    private static String kind(String name) {
        return name.split(":")[0];
    }

    private static Tensor difference(Tensor a, Tensor b) {
        return a.detach().to(ScalarType.Double).sub(b.detach().to(ScalarType.Double));
    }

    private static double meanSquare(Tensor tensor) {
        return tensor.square().mean().item_double();
    }
}
