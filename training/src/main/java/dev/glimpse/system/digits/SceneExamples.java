package dev.glimpse.system.digits;

import dev.glimpse.data.Dataset;
import dev.glimpse.data.Examples;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Images made of digits, one for each.
 *
 * @param fixed whether an image is always the same, as a test's is, and not another in each epoch
 */
record SceneExamples(Dataset digits, Scene scene, boolean fixed) implements Examples {
    @Override
    public int size() {
        return digits.size();
    }

    @Override
    public String name(int index) {
        return digits.name(index);
    }

    @Override
    public Shape shape() {
        return new Shape(new long[]{1, scene.side(), scene.side()}, ScalarType.Long,
                scene.facts() == 1 ? new long[0] : new long[]{scene.facts()});
    }

    @Override
    public Writer writer() {
        return new Writer() {
            @Override
            public void write(int index, RandomGenerator random, MemorySegment image, MemorySegment target)
                    throws IOException {
                Grey drawn = Grey.black(scene.side());
                long[] facts = scene.draw(digits, index, fixed ? fixed(index) : random, drawn);
                MemorySegment.copy(drawn.pixels(), 0, image, ValueLayout.JAVA_FLOAT, 0, drawn.pixels().length);
                MemorySegment.copy(facts, 0, target, ValueLayout.JAVA_LONG, 0, facts.length);
            }

            @Override
            public void close() {
                // nothing is held
            }
        };
    }

    /** The chance that a test image is made by. */
    static RandomGenerator fixed(int index) {
        return new SplittableRandom(index);
    }
}
