package dev.glimpse.kernel;

import static dev.glimpse.kernel.Rows.SIZE;
import static dev.glimpse.kernel.Vectors.FLOATS;
import static dev.glimpse.kernel.Vectors.LANES;
import static dev.glimpse.kernel.Vectors.lanes;
import static dev.glimpse.kernel.Vectors.load;
import static dev.glimpse.kernel.Vectors.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** A gate's way from what goes into its sigmoid and back, over a line of float32 numbers. Arguments that are longs are addresses. */
final class Logits {
    private Logits() {}

    /** {@code gate_i = sigmoid(scale z_i + shift)} */
    static void squash(long z, int count, float scale, float shift, long gate) {
        for (int i = 0; i < count; i += LANES) {
            long at = (long) i * SIZE;
            VectorMask<Float> lanes = lanes(count - i);
            store(Vectors.sigmoid(load(z + at, lanes).mul(scale).add(shift)), gate + at, lanes);
        }
    }

    /** {@code z_i = z_i + times b_i}, in place. */
    static void add(long z, int count, long b, float times) {
        for (int i = 0; i < count; i += LANES) {
            long at = (long) i * SIZE;
            VectorMask<Float> lanes = lanes(count - i);
            store(load(b + at, lanes).mul(times).add(load(z + at, lanes)), z + at, lanes);
        }
    }

    /** The gradient of what the sigmoid was taken of, in its place: {@code d_i = d_i gate_i (1 - gate_i)}. */
    static void unsquash(long d, int count, long gate) {
        for (int i = 0; i < count; i += LANES) {
            long at = (long) i * SIZE;
            VectorMask<Float> lanes = lanes(count - i);
            FloatVector g = load(gate + at, lanes);
            store(load(d + at, lanes).mul(g).mul(g.neg().add(1)), d + at, lanes);
        }
    }

    /** {@code sum over i of d_i (z_i - mean)} */
    static float product(long d, long z, int count, float mean) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < count; i += LANES) {
            long at = (long) i * SIZE;
            VectorMask<Float> lanes = lanes(count - i);
            sum = load(d + at, lanes).fma(load(z + at, lanes).sub(mean), sum);
        }
        return Vectors.sum(sum);
    }

    /** {@code d_i = scale (d_i - shift - slope (z_i - mean))}, in place. */
    static void unnorm(long d, long z, int count, float scale, float shift, float slope, float mean) {
        for (int i = 0; i < count; i += LANES) {
            long at = (long) i * SIZE;
            VectorMask<Float> lanes = lanes(count - i);
            FloatVector centred = load(z + at, lanes).sub(mean);
            store(load(d + at, lanes).sub(shift).sub(centred.mul(slope)).mul(scale), d + at, lanes);
        }
    }

    /** Weights that sum to one, in place of their logarithms: {@code z_i = exp(z_i - max z) / sum of the same}. */
    static void softmax(long z, int count) {
        FloatVector most = FloatVector.broadcast(FLOATS, Vectors.getFloat(z));
        for (int i = 0; i < count; i += LANES) {
            VectorMask<Float> lanes = lanes(count - i);
            most = most.lanewise(VectorOperators.MAX, load(z + (long) i * SIZE, lanes), lanes);
        }
        float largest = most.reduceLanes(VectorOperators.MAX);
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < count; i += LANES) {
            long at = z + (long) i * SIZE;
            VectorMask<Float> lanes = lanes(count - i);
            FloatVector v = LineWeights.exp(load(at, lanes).sub(largest));
            store(v, at, lanes);
            sum = sum.add(v, lanes);
        }
        Rows.scale(z, count, 1 / Vectors.sum(sum));
    }

    /** The gradient of what a softmax was taken of, in its weights' gradient's place: {@code d_i = w_i (d_i - sum over j of w_j d_j)}. */
    static void unsoftmax(long d, int count, long weights) {
        float mean = product(d, weights, count, 0);
        for (int i = 0; i < count; i += LANES) {
            long at = (long) i * SIZE;
            VectorMask<Float> lanes = lanes(count - i);
            store(load(d + at, lanes).sub(mean).mul(load(weights + at, lanes)), d + at, lanes);
        }
    }
}
