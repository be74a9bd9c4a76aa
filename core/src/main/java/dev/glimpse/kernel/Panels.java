package dev.glimpse.kernel;

import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.getFloat;
import static dev.glimpse.kernel.Vectors.setFloat;

import dev.glimpse.kernel.LineProducts.Left;
import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A matrix (K, N) of float32 numbers as panels of a few columns each, so that the product with it reads memory in order; the
 * last panel is filled up with zeros.
 */
final class Panels {
    private static final int SIZE = Float.BYTES;
    private static final int WIDTH = 3 * LANES;
    /** So many rows of a panel stay in the fast caches, with as many numbers of four rows of the other matrix. */
    private static final int DEPTH = 256;

    private final Tensor held;
    private final int rows;
    private final int cols;

    /**
     * @param address of the first number
     * @param row numbers from one k to the next
     * @param step numbers from one n to the next
     */
    Panels(long address, int rows, int cols, int row, int step) {
        this.rows = rows;
        this.cols = cols;
        int panels = Math.ceilDiv(cols, WIDTH);
        held = Tensors.zeros(ScalarType.Float, panels, rows, WIDTH);
        long to = held.data_ptr().address();
        Team.forEach(panels, panel -> {
            int first = panel * WIDTH;
            for (int k = 0; k < rows; k++) {
                long out = to + ((long) panel * rows + k) * WIDTH * SIZE;
                for (int n = first; n < Math.min(cols, first + WIDTH); n++) {
                    setFloat(out + (long) (n - first) * SIZE,
                            getFloat(address + ((long) k * row + (long) n * step) * SIZE));
                }
            }
        });
    }

    /**
     * The product of a with this matrix.
     *
     * @param a rows m
     * @param count how many m; as many rows are computed as fill them up
     * @param out rows m, filled up
     * @param outRow numbers from one of them to the next
     */
    void multiply(Left a, int count, long out, int outRow) {
        long panel = held.data_ptr().address();
        for (int first = 0; first < cols; first += WIDTH) {
            int wide = Math.min(WIDTH, cols - first);
            for (int k = 0; k < rows; k += DEPTH) {
                Left part = new Left(a.address() + (long) k * a.step() * SIZE, a.row(), a.step());
                LineProducts.multiply(part, panel + (long) k * WIDTH * SIZE, WIDTH, Math.min(DEPTH, rows - k), count,
                        wide,
                        out + (long) first * SIZE, outRow, k > 0);
            }
            panel += (long) rows * WIDTH * SIZE;
        }
    }
}
