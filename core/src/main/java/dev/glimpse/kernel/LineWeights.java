package dev.glimpse.kernel;

import static dev.glimpse.kernel.Vectors.FLOATS;
import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.load;
import static dev.glimpse.kernel.Vectors.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The softmax of a line's affinities, (keys, queries): down the columns, so that a vector holds as many queries.
 *
 * <p>
 * Every argument that is a {@code long} is an address; rows have {@code width} numbers, whole vectors of them.
 */
final class LineWeights {
    private static final int SIZE = Float.BYTES;
    /** Adding it to a small number and taking it off again rounds to a whole one, which its last bits then hold. */
    private static final float ROUNDER = 3 << 22;
    private static final int EXPONENT_AT = 23;
    private static final int BIAS = 127;
    /** Below it the exponential is no normal number: 0 here. */
    private static final float LEAST = -87.3f;
    private static final float LOG2_E = 1.44269504f;
    /** ln 2 in two parts, the first of so few digits that its products with exponents are exact. */
    private static final float LN2 = 0.693359375f;
    private static final float LN2_REST = -2.12194440e-4f;

    private LineWeights() {}

    /** {@code e^x} for x up to 0, within two units in the last place. */
    static FloatVector exp(FloatVector x) {
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        FloatVector shifted = x.fma(FloatVector.broadcast(FLOATS, LOG2_E), rounder);
        FloatVector n = shifted.sub(rounder);
        FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -LN2), x);
        r = n.fma(FloatVector.broadcast(FLOATS, -LN2_REST), r); // at most ln 2 / 2: eight terms of the series are enough
        FloatVector one = FloatVector.broadcast(FLOATS, 1f);
        FloatVector p = r.fma(FloatVector.broadcast(FLOATS, 1f / 5040), FloatVector.broadcast(FLOATS, 1f / 720));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 120));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 24));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 6));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 0.5f));
        p = p.fma(r, one).fma(r, one);
        FloatVector power = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, EXPONENT_AT)
                .add(BIAS << EXPONENT_AT).reinterpretAsFloats();
        return p.mul(power).blend(0f, x.compare(VectorOperators.LT, LEAST));
    }

    /** Each column's largest number; what is no number is passed over. */
    static void maxima(long x, int rows, int width, long maxima) {
        for (int j = 0; j < width; j += LANES) {
            long at = x + (long) j * SIZE;
            FloatVector max = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
            for (int i = 0; i < rows; i++) {
                FloatVector v = load(at);
                max = max.blend(v, v.compare(VectorOperators.GT, max));
                at += (long) width * SIZE;
            }
            store(max, maxima + (long) j * SIZE);
        }
    }

    /** {@code e^(x - largest)} in place, and each column's sum of them. */
    static void exponentials(long x, int rows, int width, long largest, long sums) {
        for (int j = 0; j < width; j += LANES) {
            long at = x + (long) j * SIZE;
            FloatVector max = load(largest + (long) j * SIZE);
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int i = 0; i < rows; i++) {
                FloatVector v = exp(load(at).sub(max));
                store(v, at);
                sum = sum.add(v);
                at += (long) width * SIZE;
            }
            store(sum, sums + (long) j * SIZE);
        }
    }

    /** {@code factor e^(x - largest)} in place, a factor a column. */
    static void weights(long x, int rows, int width, long largest, long factors) {
        for (int j = 0; j < width; j += LANES) {
            long at = x + (long) j * SIZE;
            FloatVector max = load(largest + (long) j * SIZE);
            FloatVector factor = load(factors + (long) j * SIZE);
            for (int i = 0; i < rows; i++) {
                store(exp(load(at).sub(max)).mul(factor), at);
                at += (long) width * SIZE;
            }
        }
    }

    /** The gradients of affinities from those of weights, in place: {@code weights (gradients - mean)}, a mean a column. */
    static void gradients(long gradients, long weights, int rows, int width, long means) {
        for (int j = 0; j < width; j += LANES) {
            long at = (long) j * SIZE;
            FloatVector mean = load(means + at);
            for (int i = 0; i < rows; i++) {
                store(load(gradients + at).sub(mean).mul(load(weights + at)), gradients + at);
                at += (long) width * SIZE;
            }
        }
    }

    /** {@code x = p x + q y} in place for matrices with {@code row} numbers from one row to the next, a p and a q a row. */
    static void mix(long x, long y, int rows, int row, int cols, long p, long q) {
        for (int i = 0; i < rows; i++) {
            FloatVector first = FloatVector.broadcast(FLOATS, Vectors.getFloat(p + (long) i * SIZE));
            FloatVector second = FloatVector.broadcast(FLOATS, Vectors.getFloat(q + (long) i * SIZE));
            for (int j = 0; j < cols; j += LANES) {
                long at = ((long) i * row + j) * SIZE;
                store(load(x + at).mul(first).add(load(y + at).mul(second)), x + at);
            }
        }
    }

    /**
     * What becomes of two parts of a softmax, each with the exponentials of its own largest number taken off.
     *
     * @param largest the first part's; receives that of both
     * @param sums the first part's; receives one over the whole sum
     * @param otherLargest the second part's; receives the factor for what the first part mixed
     * @param otherSums the second part's; receives the factor for what the second part mixed
     */
    static void join(int width, long largest, long sums, long otherLargest, long otherSums) {
        for (int j = 0; j < width; j += LANES) {
            long at = (long) j * SIZE;
            FloatVector a = load(largest + at);
            FloatVector b = load(otherLargest + at);
            FloatVector max = a.blend(b, b.compare(VectorOperators.GT, a));
            FloatVector first = exp(a.sub(max));
            FloatVector second = exp(b.sub(max));
            FloatVector sum = first.mul(load(sums + at)).add(second.mul(load(otherSums + at)));
            FloatVector whole = FloatVector.broadcast(FLOATS, 1f).div(sum);
            store(max, largest + at);
            store(whole, sums + at);
            store(first.mul(whole), otherLargest + at);
            store(second.mul(whole), otherSums + at);
        }
    }

    /** {@code x = x + factor y} in place. */
    static void addScaled(long x, long y, int count, float factor) {
        FloatVector f = FloatVector.broadcast(FLOATS, factor);
        for (int i = 0; i < count; i += LANES) {
            long at = (long) i * SIZE;
            store(load(x + at).add(load(y + at).mul(f)), x + at);
        }
    }

    /** Adds the products of two matrices, number by number, to the sums of the rows. */
    static void addProducts(long x, long y, int rows, int row, int cols, long sums) {
        VectorMask<Float> tail = Vectors.tail(cols);
        int whole = cols - cols % LANES;
        for (int i = 0; i < rows; i++) {
            long from = (long) i * row * SIZE;
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int j = 0; j < whole; j += LANES) {
                long at = from + (long) j * SIZE;
                sum = load(x + at).fma(load(y + at), sum);
            }
            if (whole < cols) {
                long at = from + (long) whole * SIZE;
                sum = load(x + at, tail).fma(load(y + at, tail), sum);
            }
            Vectors.addFloat(sums + (long) i * SIZE, Vectors.sum(sum));
        }
    }
}
