package dev.glimpse.kernel;

import static dev.glimpse.kernel.Vectors.FLOATS;
import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.MEMORY;
import static dev.glimpse.kernel.Vectors.load;
import static dev.glimpse.kernel.Vectors.store;
import static dev.glimpse.kernel.Vectors.tail;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Square kernels over single planes of float32 numbers that stand in a margin of zeros.
 *
 * @param kernel the kernel's side, odd
 */
record PlaneRows(int height, int width, int kernel) {
    private static final int SIZE = Float.BYTES;
    /** Output vectors that share one reading of a weight. */
    private static final int SIDE_BY_SIDE = 4;

    private int margin() {
        return kernel / 2;
    }

    /** Numbers from one row to the next; vectors that start in a row's last column stay within it. */
    private int stride() {
        return Math.ceilDiv(width, SIDE_BY_SIDE * LANES) * SIDE_BY_SIDE * LANES + 2 * margin();
    }

    /** Numbers of a plane with its margins. */
    int size() {
        return stride() * (height + 2 * margin());
    }

    /** Copies a plane into the middle of zeros. */
    void pad(long plane, long padded) {
        Rows.fill(padded, size(), 0);
        for (int h = 0; h < height; h++) {
            MemorySegment.copy(MEMORY, plane + (long) h * width * SIZE, MEMORY,
                    padded + ((long) (h + margin()) * stride() + margin()) * SIZE, (long) width * SIZE);
        }
    }

    /**
     * The sum over planes of each plane's correlation with its kernel.
     *
     * @param padded the planes, one behind the other
     * @param weights theirs, (planes, kernel, kernel)
     * @param out the sums: {@code height * width} numbers
     */
    void correlate(long padded, int planes, float[] weights, float bias, long out) {
        VectorMask<Float> tail = tail(width);
        for (int h = 0; h < height; h++) {
            for (int w = 0; w < width; w += SIDE_BY_SIDE * LANES) {
                FloatVector a = FloatVector.broadcast(FLOATS, bias);
                FloatVector b = a;
                FloatVector c = a;
                FloatVector d = a;
                int weight = 0;
                for (int plane = 0; plane < planes; plane++) {
                    for (int i = 0; i < kernel; i++) {
                        long row = padded + ((long) plane * size() + (long) (h + i) * stride() + w) * SIZE;
                        for (int j = 0; j < kernel; j++) {
                            FloatVector f = FloatVector.broadcast(FLOATS, weights[weight++]);
                            long at = row + (long) j * SIZE;
                            a = load(at).fma(f, a);
                            b = load(at + (long) LANES * SIZE).fma(f, b);
                            c = load(at + 2L * LANES * SIZE).fma(f, c);
                            d = load(at + 3L * LANES * SIZE).fma(f, d);
                        }
                    }
                }
                long at = out + ((long) h * width + w) * SIZE;
                int left = width - w;
                put(a, at, left, tail);
                put(b, at + (long) LANES * SIZE, left - LANES, tail);
                put(c, at + 2L * LANES * SIZE, left - 2 * LANES, tail);
                put(d, at + 3L * LANES * SIZE, left - 3 * LANES, tail);
            }
        }
    }

    private static void put(FloatVector v, long at, int left, VectorMask<Float> tail) {
        if (left >= LANES) {
            store(v, at);
        } else if (left > 0) {
            store(v, at, tail);
        }
    }

    /**
     * The gradient of one plane's kernel: for each of its places the sum over the plane of gradient times number there.
     *
     * @param paddedGradient of the correlation's result
     * @param weights receives {@code kernel * kernel} numbers
     */
    void weightGradient(long padded, long paddedGradient, long weights) {
        for (int i = 0; i < kernel; i++) {
            int j = 0;
            for (; j <= kernel - 4; j += 4) {
                fourWeightGradients(padded + ((long) i * stride() + j) * SIZE, paddedGradient,
                        weights + ((long) i * kernel + j) * SIZE);
            }
            for (; j < kernel; j++) {
                weightGradientAt(padded + ((long) i * stride() + j) * SIZE, paddedGradient,
                        weights + ((long) i * kernel + j) * SIZE);
            }
        }
    }

    /** Of four places side by side: the gradient is read once for all. */
    private void fourWeightGradients(long from, long paddedGradient, long weights) {
        FloatVector a = FloatVector.zero(FLOATS);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int h = 0; h < height; h++) {
            long row = from + (long) h * stride() * SIZE;
            long gradient = paddedGradient + ((long) (h + margin()) * stride() + margin()) * SIZE;
            for (int w = 0; w < width; w += LANES) {
                long at = row + (long) w * SIZE;
                FloatVector g = load(gradient + (long) w * SIZE);
                a = load(at).fma(g, a);
                b = load(at + SIZE).fma(g, b);
                c = load(at + 2 * SIZE).fma(g, c);
                d = load(at + 3 * SIZE).fma(g, d);
            }
        }
        Vectors.setFloat(weights, Vectors.sum(a));
        Vectors.setFloat(weights + SIZE, Vectors.sum(b));
        Vectors.setFloat(weights + 2 * SIZE, Vectors.sum(c));
        Vectors.setFloat(weights + 3 * SIZE, Vectors.sum(d));
    }

    private void weightGradientAt(long from, long paddedGradient, long weights) {
        FloatVector a = FloatVector.zero(FLOATS);
        for (int h = 0; h < height; h++) {
            long row = from + (long) h * stride() * SIZE;
            long gradient = paddedGradient + ((long) (h + margin()) * stride() + margin()) * SIZE;
            for (int w = 0; w < width; w += LANES) {
                a = load(row + (long) w * SIZE).fma(load(gradient + (long) w * SIZE), a);
            }
        }
        Vectors.setFloat(weights, Vectors.sum(a));
    }
}
