package dev.glimpse.data;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Images with a class each, or with several. */
record LabelledExamples(Dataset data, Transform transform) implements Examples {
    @Override
    public int size() {
        return data.size();
    }

    @Override
    public String name(int index) {
        return data.name(index);
    }

    @Override
    public Order order(Loader.Options options, int epoch) {
        return Order.of(data, options, epoch);
    }

    @Override
    public Shape shape() {
        long[] image = {transform.channels(), transform.size(), transform.size()};
        return data.multiLabel()
                ? new Shape(image, ScalarType.Float, new long[]{data.classes().size()})
                : new Shape(image, ScalarType.Long, new long[]{});
    }

    @Override
    public Writer writer() {
        TransformWorker worker = new TransformWorker(transform);
        return new Writer() {
            @Override
            public void write(int index, RandomGenerator random, MemorySegment image, MemorySegment target)
                    throws IOException {
                data.load(index, worker.picture());
                worker.write(random, image);
                put(data.target(index), target);
            }

            @Override
            public void close() {
                worker.close();
            }
        };
    }

    private static void put(Target target, MemorySegment to) {
        switch (target) {
            case Target.Label(int index) -> to.set(ValueLayout.JAVA_LONG, 0, index);
            case Target.Labels(float[] shares) -> {
                if (4L * shares.length != to.byteSize()) {
                    throw new IllegalArgumentException(
                            shares.length + " classes of an image, and " + to.byteSize() / 4 + " of the data set");
                }
                MemorySegment.copy(shares, 0, to, ValueLayout.JAVA_FLOAT, 0, shares.length);
            }
        }
    }
}
