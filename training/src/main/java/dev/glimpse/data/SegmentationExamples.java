package dev.glimpse.data;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Images with a class for each pixel. */
record SegmentationExamples(SegmentationFolder data, SegmentationTransform transform) implements Examples {
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
        if (options.balanced()) {
            throw new IllegalArgumentException("images with a class a pixel cannot be drawn by their classes");
        }
        return Order.of(size(), options, epoch);
    }

    @Override
    public Shape shape() {
        return new Shape(transform.imageShape(), ScalarType.Long, transform.maskShape());
    }

    @Override
    public Writer writer() {
        return new Writer() {
            @Override
            public void write(int index, RandomGenerator random, MemorySegment image, MemorySegment target)
                    throws IOException {
                SegmentationFolder.Example example = data.example(index);
                try {
                    transform.write(example.image(), example.mask(), random, image, target);
                } catch (IOException e) {
                    throw new IOException(data.name(index) + ": " + e.getMessage(), e);
                }
            }

            @Override
            public void close() {
                // it holds nothing
            }
        };
    }
}
