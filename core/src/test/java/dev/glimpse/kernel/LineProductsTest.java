package dev.glimpse.kernel;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.kernel.LineProducts.Left;
import dev.glimpse.nn.Tensors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Small products and turned matrices are what libtorch makes of them. */
class LineProductsTest {
    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /** One, two, three and more vectors of columns in each width, rows of the first factor lying either way. */
    @Tag("widths")
    @ParameterizedTest
    @CsvSource({"1, 1, 1", "3, 5, 4", "4, 7, 16", "7, 16, 17", "13, 3, 33", "8, 65, 49", "65, 9, 65", "97, 97, 112",
        "2, 130, 81"})
    void aProduct(int rows, int steps, int cols) {
        int filledRows = LineProducts.filled(rows);
        int filledCols = MapLines.filled(cols);
        Tensor a = random(1, ScalarType.Float, filledRows, steps);
        Tensor b = random(2, ScalarType.Float, steps, filledCols + 16);
        Tensor out = random(3, ScalarType.Float, filledRows, filledCols + 16);
        Tensor expected = a.matmul(b).narrow(0, 0, rows).narrow(1, 0, cols);
        Tensor sum = expected.add(out.narrow(0, 0, rows).narrow(1, 0, cols));
        Tensor beyond = out.narrow(1, filledCols, 16).clone();
        Tensor turned = a.t().contiguous();
        LineProducts.multiply(new Left(a.data_ptr().address(), steps, 1), b.data_ptr().address(), filledCols + 16,
                steps, rows, cols, out.data_ptr().address(), filledCols + 16, true);
        requireClose(out.narrow(0, 0, rows).narrow(1, 0, cols), sum);
        LineProducts.multiply(new Left(turned.data_ptr().address(), 1, filledRows), b.data_ptr().address(),
                filledCols + 16, steps, rows, cols, out.data_ptr().address(), filledCols + 16, false);
        requireClose(out.narrow(0, 0, rows).narrow(1, 0, cols), expected);
        assertThat(out.narrow(1, filledCols, 16).equal(beyond)).isTrue();
    }

    private static void requireClose(Tensor got, Tensor expected) {
        assertThat(magnitude(got.sub(expected))).isLessThanOrEqualTo(1e-5 * magnitude(expected));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 5", "4, 4", "5, 3", "8, 13", "17, 16", "65, 33"})
    void rowsBecomeColumns(int rows, int cols) {
        Tensor from = random(1, ScalarType.Float, rows, cols + 2);
        Tensor to = Tensors.zeros(ScalarType.Float, cols, rows + 3);
        Turn.turn(from.data_ptr().address(), cols + 2, rows, cols, to.data_ptr().address(), rows + 3);
        assertThat(to.narrow(1, 0, rows).equal(from.narrow(1, 0, cols).t())).isTrue();
        assertThat(magnitude(to.narrow(1, rows, 3))).isZero();
    }
}
