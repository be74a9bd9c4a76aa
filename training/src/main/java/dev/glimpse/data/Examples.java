package dev.glimpse.data;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What a loader fills batches with: images, each with what a network is to say of it. */
public interface Examples {
    int size();

    /** What messages call an example. */
    String name(int index);

    /** Which come in an epoch, one after the other. */
    default Order order(Loader.Options options, int epoch) {
        return Order.of(size(), options, epoch);
    }

    /**
     * How large what a batch holds is.
     *
     * @param image (C, H, W), 32-bit floats
     * @param type of what is to be said of an image
     * @param target an image's: none of a single number
     */
    record Shape(long[] image, ScalarType type, long[] target) {}

    /** How large they are. */
    Shape shape();

    /** Writes for one thread. */
    Writer writer();

    /** One thread's means to read and write one example after another. */
    interface Writer extends AutoCloseable {
        /**
         * Reads an example, and changes it at random where that is wanted.
         *
         * @param image native memory for its floats
         * @param target native memory for what is to be said of it
         * @throws IOException of one line that names the example and what is wrong with it
         */
        void write(int index, RandomGenerator random, MemorySegment image, MemorySegment target) throws IOException;

        @Override
        void close();
    }
}
