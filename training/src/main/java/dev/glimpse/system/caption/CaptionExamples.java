package dev.glimpse.system.caption;

import dev.glimpse.data.Examples;
import dev.glimpse.data.Transform;
import dev.glimpse.sequence.Vocabulary;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Pictures with what is to be said of them, as {@link CaptionTarget} has it: in training one of the captions, drawn at
 * random, in a test all of them and the things.
 *
 * @param length of a target's rows
 */
record CaptionExamples(CaptionedImages images, Vocabulary words, Transform transform, int length,
        boolean training) implements Examples {
    @Override
    public int size() {
        return images.size();
    }

    @Override
    public String name(int index) {
        return images.name(index);
    }

    @Override
    public Shape shape() {
        return new Shape(new long[]{transform.channels(), transform.size(), transform.size()}, ScalarType.Long,
                new long[]{rows(), length});
    }

    private int rows() {
        if (training) {
            return 1;
        }
        int most = 1;
        for (int i = 0; i < images.size(); i++) {
            most = Math.max(most, images.captions(i).size() + images.things(i).size());
        }
        return most;
    }

    @Override
    public Writer writer() {
        return new Writer() {
            @Override
            public void write(int index, RandomGenerator random, MemorySegment image, MemorySegment target)
                    throws IOException {
                transform.write(images.image(index), random, image);
                long[] numbers = target(index, random).rows((int) (target.byteSize() / Long.BYTES / length), length);
                MemorySegment.copy(numbers, 0, target, ValueLayout.JAVA_LONG, 0, numbers.length);
            }

            @Override
            public void close() {
                // it holds nothing
            }
        };
    }

    /** What is to be said of a picture. */
    CaptionTarget target(int index, RandomGenerator random) {
        List<List<String>> captions = images.captions(index);
        if (training) {
            List<String> drawn = captions.get(random.nextInt(captions.size()));
            return new CaptionTarget(List.of(words.encode(drawn)), List.of());
        }
        Map<String, Long> strange = new HashMap<>();
        List<CaptionTarget.Named> things = new ArrayList<>();
        for (Scene.Thing thing : images.things(index)) {
            long[] name = words.encode(List.of(thing.colour().word(), thing.shape().word()));
            things.add(new CaptionTarget.Named(name[1], name[2], thing.box()));
        }
        return new CaptionTarget(captions.stream().map(caption -> reference(caption, strange)).toList(), things);
    }

    private long[] reference(List<String> caption, Map<String, Long> strange) {
        long[] encoded = words.encode(caption);
        for (int i = 0; i < caption.size(); i++) {
            if (encoded[i + 1] == Vocabulary.UNKNOWN) {
                encoded[i + 1] = strange.computeIfAbsent(caption.get(i), _ -> (long) words.size() + strange.size());
            }
        }
        return encoded;
    }
}
