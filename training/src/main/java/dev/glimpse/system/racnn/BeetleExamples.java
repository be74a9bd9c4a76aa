package dev.glimpse.system.racnn;

import dev.glimpse.data.Examples;
import dev.glimpse.system.racnn.Beetles.Beetle;
import dev.glimpse.system.racnn.Beetles.Half;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Generated beetles as a network is fed them; their target is the species, then left, top, width and height of the mark. */
record BeetleExamples(Beetles beetles, Half half) implements Examples {
    /** Of every channel, black being 0 and white 1. */
    static final float MEAN = 0.5f;
    static final float DEVIATION = 0.25f;
    /** Numbers of a target. */
    static final int TARGET = 5;

    @Override
    public int size() {
        return beetles.count(half);
    }

    @Override
    public String name(int index) {
        return "beetle " + index;
    }

    @Override
    public Shape shape() {
        return new Shape(new long[]{3, beetles.size(), beetles.size()}, ScalarType.Long, new long[]{TARGET});
    }

    @Override
    public Writer writer() {
        return new Writer() {
            @Override
            public void write(int index, RandomGenerator random, MemorySegment image, MemorySegment target) {
                Beetle beetle = beetles.beetle(half, index);
                float[] floats = planes(beetle.picture().rgb());
                MemorySegment.copy(floats, 0, image, ValueLayout.JAVA_FLOAT, 0, floats.length);
                long[] truth = {beetle.species(), beetle.left(), beetle.top(), beetles.mark(), beetles.mark()};
                MemorySegment.copy(truth, 0, target, ValueLayout.JAVA_LONG, 0, truth.length);
            }

            @Override
            public void close() {
                // It holds nothing.
            }
        };
    }

    private static float[] planes(byte[] rgb) {
        float[] planes = new float[rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            planes[i % 3 * (rgb.length / 3) + i / 3] = ((rgb[i] & 0xff) / 255f - MEAN) / DEVIATION;
        }
        return planes;
    }
}
