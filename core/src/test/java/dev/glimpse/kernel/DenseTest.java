package dev.glimpse.kernel;

import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.nn.Tensors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("widths")
class DenseTest {
    /** Sizes beside those of vectors and of blocks of rows; and what libtorch computes. */
    @ParameterizedTest
    @CsvSource({"1, 1, 1", "2, 64, 4", "3, 207, 13", "5, 4, 64", "4, 16, 16", "9, 33, 65", "64, 130, 17", "7, 1021, 6",
        "64, 512, 128", "33, 1024, 129"})
    void productsAreThoseOfMatrices(int rows, int inner, int cols) {
        try (PointerScope _ = new PointerScope()) {
            Tensor a = random(1, ScalarType.Float, rows, inner);
            Tensor w = random(2, ScalarType.Float, inner, cols);
            Tensor turnedA = a.t().contiguous();
            Tensor turnedW = w.t().contiguous();
            Tensor expected = a.to(ScalarType.Double).mm(w.to(ScalarType.Double));
            Tensor y = Tensors.empty(ScalarType.Float, rows, cols);
            long to = Numbers.of(y).address();

            Dense.dots(Numbers.of(a).address(), rows, inner, Numbers.of(turnedW).address(), cols, to);
            requireClose(y, expected, inner);
            y.fill_(new Scalar(Float.NaN));
            Dense.combine(Numbers.of(a).address(), rows, inner, Numbers.of(w).address(), cols, to);
            requireClose(y, expected, inner);
            y.fill_(new Scalar(Float.NaN));
            Dense.combineColumns(Numbers.of(turnedA).address(), rows, inner, Numbers.of(w).address(), cols, to);
            requireClose(y, expected, inner);
        }
    }

    private static void requireClose(Tensor actual, Tensor expected, int inner) {
        double error = actual.to(ScalarType.Double).sub(expected).abs().max().item_double();
        assertThat(error).isLessThan(2e-7 * inner + 1e-6);
    }
}
