package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(20)
class LoaderTest {
    private static final float[] ZERO = {0, 0, 0};
    private static final float[] ONE = {1, 1, 1};
    private static final Transform PLAIN = new Transform(8, ZERO, ONE, false);
    private static final Transform AUGMENTED = new Transform(8, ZERO, ONE, true);

    /** Image i is filled with i. */
    private static Dataset data(int count) {
        List<Image> images = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] rgb = new byte[3 * 64];
            Arrays.fill(rgb, (byte) i);
            rgb[0] = (byte) 200;
            images.add(new Image(8, 8, rgb));
        }
        return new ListDataset(images);
    }

    private static List<float[]> read(Dataset data, Transform transform, Loader.Options options, int epoch) {
        List<float[]> all = new ArrayList<>();
        try (Loader loader = new Loader(data, transform, options); Loader.Epoch batches = loader.epoch(epoch)) {
            while (batches.hasNext()) {
                try (PointerScope _ = new PointerScope(); Batch batch = batches.next()) {
                    all.add(floats(batch.images()));
                }
            }
        }
        return all;
    }

    private static float[] floats(Tensor tensor) {
        return Slot.memory(tensor).toArray(ValueLayout.JAVA_FLOAT);
    }

    @Test
    void everyImageComesOnceWithItsLabel() {
        try (Loader loader = new Loader(data(21), PLAIN, new Loader.Options(4, true, false, 2, 5))) {
            assertThat(loader.batches()).isEqualTo(6);
            List<Integer> seen = new ArrayList<>();
            for (Loader.Epoch batches = loader.epoch(0); batches.hasNext();) {
                try (Batch batch = batches.next()) {
                    assertThat(batch.images().shape()).containsExactly(batch.size(), 3, 8, 8);
                    assertThat(batch.labels().shape()).containsExactly(batch.size());
                    float[] images = floats(batch.images());
                    long[] labels = Slot.memory(batch.labels()).toArray(ValueLayout.JAVA_LONG);
                    for (int i = 0; i < batch.size(); i++) {
                        seen.add(batch.indices()[i]);
                        assertThat(images[i * 192 + 7]).isEqualTo(batch.indices()[i] / 255f, within(1e-6f));
                        assertThat(labels[i]).isEqualTo(batch.indices()[i] % 2);
                    }
                }
            }
            assertThat(seen).hasSize(21).containsExactlyInAnyOrderElementsOf(IntStream.range(0, 21).boxed().toList())
                    .isNotEqualTo(IntStream.range(0, 21).boxed().toList());
        }
    }

    @Test
    void theNumberOfThreadsChangesNothing() {
        List<float[]> one = read(data(50), AUGMENTED, new Loader.Options(8, true, true, 1, 5), 3);
        List<float[]> four = read(data(50), AUGMENTED, new Loader.Options(8, true, true, 4, 5), 3);
        assertThat(one).hasSize(6);
        assertThat(four).containsExactlyElementsOf(one);
        assertThat(read(data(50), AUGMENTED, new Loader.Options(8, true, true, 4, 5), 4).getFirst())
                .isNotEqualTo(one.getFirst());
        assertThat(read(data(50), AUGMENTED, new Loader.Options(8, true, true, 4, 6), 3).getFirst())
                .isNotEqualTo(one.getFirst());
    }

    @Test
    void augmentationDependsOnTheEpochAlsoWithoutShuffling() {
        Loader.Options options = new Loader.Options(50, false, false, 2, 5);
        assertThat(read(data(50), AUGMENTED, options, 1).getFirst())
                .isNotEqualTo(read(data(50), AUGMENTED, options, 2).getFirst());
    }

    @Test
    void aScopeOfTheConsumersFreesNothing() {
        try (PointerScope _ = new PointerScope();
                Loader loader = new Loader(data(40), PLAIN, new Loader.Options(4, false, false, 2, 5))) {
            Loader.Epoch batches;
            Batch first;
            try (PointerScope _ = new PointerScope()) {
                batches = loader.epoch(0);
                first = batches.next();
            }
            assertThat(first.images().isNull()).isFalse();
            assertThat(floats(first.images())[192 + 1]).isEqualTo(1 / 255f, within(1e-6f));
            first.close();
            for (int i = 1; i < 10; i++) {
                try (PointerScope _ = new PointerScope(); Batch batch = batches.next()) {
                    assertThat(batch.images().mean().item_float()).isGreaterThan(0);
                    assertThat(floats(batch.images())[1]).isEqualTo(4 * i / 255f, within(1e-6f));
                }
            }
            assertThat(batches.hasNext()).isFalse();
        }
    }

    @Test
    void anOpenBatchOutlivesTheLoader() {
        Batch batch;
        try (Loader loader = new Loader(data(40), PLAIN, new Loader.Options(4, false, false, 2, 5))) {
            batch = loader.epoch(0).next();
        }
        assertThat(floats(batch.images())[192 + 1]).isEqualTo(1 / 255f, within(1e-6f));
        batch.close();
        batch.close();
    }

    @Test
    void brokenImagesAreLeftOutAndRemembered() {
        List<Image> images = new ArrayList<>(((ListDataset) data(12)).images());
        for (int i : new int[]{1, 4, 5, 6, 7}) {
            images.set(i, null);
        }
        try (Loader loader = new Loader(new ListDataset(images), PLAIN,
                new Loader.Options(4, false, false, 2, 5, false, 0.5))) {
            List<Integer> sizes = new ArrayList<>();
            for (Loader.Epoch batches = loader.epoch(0); batches.hasNext();) {
                try (Batch batch = batches.next()) {
                    sizes.add(batch.size());
                    assertThat(batch.images().size(0)).isEqualTo(batch.size());
                }
            }
            assertThat(sizes).containsExactly(3, 4); // of the second batch nothing is left
            assertThat(loader.skipped()).hasSize(5).containsAllEntriesOf(Map.of("image 1", "image 1: broken"));
            assertThat(loader.waitSeconds()).isPositive();
        }
    }

    @Test
    void otherErrorsReachTheConsumer() {
        Dataset failing = new ListDataset(new java.util.AbstractList<>() {
            @Override
            public Image get(int index) {
                throw new IllegalArgumentException("out of ideas");
            }

            @Override
            public int size() {
                return 10;
            }
        });
        try (Loader loader = new Loader(failing, PLAIN, new Loader.Options(4, false, false, 2, 5))) {
            for (int epoch = 0; epoch < 9; epoch++) {
                Loader.Epoch batches = loader.epoch(epoch);
                assertThatThrownBy(batches::next).isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("out of ideas").hasCauseInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void noThreadIsLeftBehind(int workers) {
        Loader loader = new Loader(data(200), PLAIN, new Loader.Options(2, true, false, workers, 5));
        loader.epoch(0).next().close();
        loader.epoch(1).next();
        loader.epoch(2).hasNext();
        assertThat(threads()).isLessThanOrEqualTo(workers);
        loader.close();
        loader.close();
        assertThat(threads()).isZero();
        assertThatThrownBy(() -> loader.epoch(3)).hasMessage("the loader is closed");
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream().filter(t -> t.getName().startsWith("glimpse-loader-"))
                .count();
    }

    @Test
    void batchesThatAreNeverClosedAreAnErrorNotAHang() {
        try (Loader loader = new Loader(data(40), PLAIN, new Loader.Options(4, false, false, 1, 5))) {
            Loader.Epoch batches = loader.epoch(0);
            for (int i = 0; i < 3; i++) {
                batches.next();
            }
            assertThatThrownBy(batches::next).hasMessageStartingWith("all 3 batches are in use");
        }
    }

    @Test
    void impossibleOptions() {
        assertThatThrownBy(() -> new Loader.Options(0, true, true, 1, 1)).hasMessageStartingWith("batch 0, workers 1");
        assertThatThrownBy(() -> new Loader(data(3), PLAIN, new Loader.Options(4, true, true, 1, 1)))
                .hasMessage("3 images do not fill a batch of 4");
    }
}
