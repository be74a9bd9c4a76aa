package dev.glimpse.golden;

import dev.glimpse.nn.Tensors;
import java.nio.charset.StandardCharsets;
import org.bytedeco.pytorch.Tensor;

/**
 * Tensors whose elements follow from a key alone, so that a network's golden file need not store its weights: FNV-1a over
 * the key seeds splitmix64.
 */
final class HashedTensors {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
    private static final float UNIT = 1 << 24;

    private HashedTensors() {}

    /** Values for a state's tensor: norms near one, small biases, weights scaled by their fan-in. */
    static Tensor state(String key, long[] shape) {
        if (key.endsWith("running_var")) {
            return fill(key, shape, 1, 0.5f);
        }
        if (shape.length >= 2) {
            long fanIn = 1;
            for (int i = 1; i < shape.length; i++) {
                fanIn *= shape[i];
            }
            float scale = (float) Math.sqrt(3.0 / fanIn);
            return scaled(key, shape, scale);
        }
        return key.endsWith("weight") ? fill(key, shape, 0.5f, 0.75f) : centred(key, shape);
    }

    /** Values in [-1, 1), for inputs and cotangents. */
    static Tensor signal(String key, long[] shape) {
        return scaled(key, shape, 1);
    }

    private static Tensor scaled(String key, long[] shape, float scale) {
        float[] values = uniform(key, shape);
        for (int i = 0; i < values.length; i++) {
            values[i] = (2 * values[i] - 1) * scale;
        }
        return Tensors.of(values, shape);
    }

    private static Tensor fill(String key, long[] shape, float factor, float offset) {
        float[] values = uniform(key, shape);
        for (int i = 0; i < values.length; i++) {
            values[i] = offset + factor * values[i];
        }
        return Tensors.of(values, shape);
    }

    private static Tensor centred(String key, long[] shape) {
        float[] values = uniform(key, shape);
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.2f * (values[i] - 0.5f);
        }
        return Tensors.of(values, shape);
    }

    private static float[] uniform(String key, long[] shape) {
        long count = 1;
        for (long size : shape) {
            count = Math.multiplyExact(count, size);
        }
        long hash = FNV_OFFSET;
        for (byte b : key.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xff)) * FNV_PRIME;
        }
        float[] values = new float[Math.toIntExact(count)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (mix(hash + (i + 1) * GOLDEN_GAMMA) >>> 40) / UNIT;
        }
        return values;
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
