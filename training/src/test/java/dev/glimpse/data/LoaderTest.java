package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
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

    /** However far an epoch has come, the rest of it can be had alone: broken images and all. */
    @Test
    void anEpochGoesOnFromAnyBatch() {
        List<float[]> whole = read(data(21), AUGMENTED, new Loader.Options(4, true, false, 2, 5), 3);
        try (Loader loader = new Loader(data(21), AUGMENTED, new Loader.Options(4, true, false, 3, 5))) {
            for (int first = 0; first <= 6; first++) {
                Loader.Epoch batches = loader.epoch(3, first);
                for (int i = first; i < 6; i++) {
                    assertThat(batches.hasNext()).isTrue();
                    assertThat(batches.position()).isEqualTo(i);
                    try (PointerScope _ = new PointerScope(); Batch batch = batches.next()) {
                        assertThat(floats(batch.images())).isEqualTo(whole.get(i));
                    }
                    assertThat(batches.position()).isEqualTo(i + 1);
                }
                assertThat(batches.hasNext()).isFalse();
            }
            assertThatThrownBy(() -> loader.epoch(3, 7)).hasMessage("batch 7; expected 0 to 6");
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
        }
    }

    @Test
    void waitingIsCounted() {
        Thread consumer = Thread.currentThread();
        AbstractList<Image> slow = new AbstractList<>() {
            private final List<Image> images = ((ListDataset) data(2)).images();

            @Override
            public Image get(int index) {
                while (consumer.getState() != Thread.State.WAITING) {
                    Thread.onSpinWait();
                }
                return images.get(index);
            }

            @Override
            public int size() {
                return images.size();
            }
        };
        try (Loader loader = new Loader(new ListDataset(slow), PLAIN, new Loader.Options(2, false, false, 1, 5))) {
            assertThat(loader.waitSeconds()).isZero();
            loader.epoch(0).next().close();
            assertThat(loader.waitSeconds()).isPositive();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void anEpochMayStartLater(int workers) {
        Loader.Options options = new Loader.Options(8, true, false, workers, 5);
        List<float[]> all = read(data(50), AUGMENTED, options, 3);
        try (Loader loader = new Loader(data(50), AUGMENTED, options)) {
            for (int first = 0; first <= 7; first++) {
                List<float[]> rest = new ArrayList<>();
                for (Loader.Epoch batches = loader.epoch(3, first); batches.hasNext();) {
                    try (Batch batch = batches.next()) {
                        rest.add(floats(batch.images()));
                    }
                }
                assertThat(rest).containsExactlyElementsOf(all.subList(first, 7));
            }
            assertThatThrownBy(() -> loader.epoch(3, 8)).hasMessage("batch 8; expected 0 to 7");
        }
    }

    @Test
    void tooManyBrokenImagesStopTheReading() {
        List<Image> images = new ArrayList<>(((ListDataset) data(200)).images());
        for (int i = 0; i < 44; i += 4) {
            images.set(i, null);
        }
        Dataset broken = new ListDataset(images); // 11 of 200
        for (double share : new double[]{0.05, 0.054, 0}) {
            Loader.Options options = new Loader.Options(10, false, false, 2, 5, false, share);
            assertThatThrownBy(() -> read(broken, PLAIN, options, 0)).isInstanceOf(UncheckedIOException.class)
                    .hasMessageMatching("\\d+ of 200 images cannot be read, more than [\\d.]+ %: "
                            + "image \\d+: broken.*"); // whichever the faster worker met
        }
        assertThat(read(broken, PLAIN, new Loader.Options(10, false, false, 2, 5, false, 0.055), 0)).hasSize(20);
    }

    @Test
    void aFewBrokenImagesOfAFewArePutUpWith() {
        List<Image> images = new ArrayList<>(((ListDataset) data(12)).images());
        for (int i = 0; i < 5; i++) {
            images.set(i, null);
        }
        assertThat(read(new ListDataset(images), PLAIN, new Loader.Options(12, false, false, 2, 5), 0)).hasSize(1);
        images.set(5, null);
        assertThatThrownBy(
                () -> read(new ListDataset(images), PLAIN, new Loader.Options(12, false, false, 2, 5), 0))
                .hasMessage("6 of 12 images cannot be read, more than 5.0 %: image 0: broken; "
                        + "image 1: broken; image 2: broken; ...");
    }

    @Test
    void filesThatGoOrChangeWhileTheyAreReadAreSkipped(@TempDir Path folder) throws IOException {
        for (int i = 0; i < 40; i++) {
            Pictures.write(folder, (i % 2 == 0 ? "even/" : "odd/") + i + ".png",
                    Pictures.encode("png", Pictures.gradient(9, 8)));
        }
        ImageFolder data = ImageFolder.open(folder);
        try (Loader loader = new Loader(data, PLAIN, new Loader.Options(10, false, false, 2, 5))) {
            int images = 0;
            for (int epoch = 0; epoch < 2; epoch++) {
                for (Loader.Epoch batches = loader.epoch(epoch); batches.hasNext();) {
                    try (Batch batch = batches.next()) {
                        images += batch.size();
                    }
                }
                if (epoch == 0) {
                    Files.delete(Path.of(data.name(3)));
                    Files.writeString(Path.of(data.name(7)), "no longer a picture");
                    Files.write(Path.of(data.name(8)), Pictures.encode("jpg", Pictures.gradient(60, 50)));
                }
            }
            assertThat(images).isEqualTo(78);
            assertThat(loader.skipped()).containsOnlyKeys(data.name(3), data.name(7)).containsEntry(data.name(3),
                    data.name(3) + ": no such file");
        }
    }

    /** Three of four images are of class 0; class 2 has one image; some data sets' images are of two classes. */
    private record Uneven(Dataset images, boolean multiLabel) implements Dataset {
        @Override
        public int size() {
            return images.size();
        }

        @Override
        public List<String> classes() {
            return List.of("a", "b", "c");
        }

        @Override
        public int label(int index) {
            return index == 0 ? 2 : index % 4 == 0 ? 1 : 0;
        }

        @Override
        public Target target(int index) {
            float[] shares = {label(index) == 0 || index % 8 == 0 ? 1 : 0, label(index) == 1 ? 1 : 0,
                label(index) == 2 ? 1 : 0};
            return multiLabel ? new Target.Labels(shares) : new Target.Label(label(index));
        }

        @Override
        public Image image(int index) throws IOException {
            return images.image(index);
        }

        @Override
        public String name(int index) {
            return images.name(index);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void balancedClassesComeEquallyOften(int workers) {
        Loader.Options options = new Loader.Options(30, true, false, workers, 5, true, 0.05);
        int[] counts = new int[3];
        List<int[]> orders = new ArrayList<>();
        try (Loader loader = new Loader(new Uneven(data(120), false), AUGMENTED, options)) {
            for (int epoch = 0; epoch < 10; epoch++) {
                float[] firstOfRare = null;
                boolean differ = false;
                for (Loader.Epoch batches = loader.epoch(epoch); batches.hasNext();) {
                    try (Batch batch = batches.next()) {
                        orders.add(batch.indices());
                        float[] images = floats(batch.images());
                        for (int i = 0; i < batch.size(); i++) {
                            int index = batch.indices()[i];
                            counts[index == 0 ? 2 : index % 4 == 0 ? 1 : 0]++;
                            if (index == 0) {
                                float[] image = Arrays.copyOfRange(images, 192 * i, 192 * i + 192);
                                differ |= firstOfRare != null && !Arrays.equals(image, firstOfRare);
                                firstOfRare = firstOfRare == null ? image : firstOfRare;
                            }
                        }
                    }
                }
                assertThat(differ).as("an image drawn again is augmented anew").isTrue();
            }
        }
        for (int count : counts) {
            assertThat(count).isBetween(340, 460);
        }
        assertThat(orders.get(0)).isNotEqualTo(orders.get(4));
        try (Loader other = new Loader(new Uneven(data(120), false), AUGMENTED, options);
                Batch batch = other.epoch(0).next()) {
            assertThat(batch.indices()).isEqualTo(orders.getFirst());
        }
    }

    @Test
    void severalLabelsComeAsShares() {
        List<Image> images = new ArrayList<>(((ListDataset) data(12)).images());
        images.set(1, null);
        try (Loader loader = new Loader(new Uneven(new ListDataset(images), true), PLAIN,
                new Loader.Options(12, false, false, 2, 5)); Batch batch = loader.epoch(0).next()) {
            assertThat(batch.labels().shape()).containsExactly(11, 3);
            assertThat(Arrays.copyOf(floats(batch.labels()), 12)).containsExactly(1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0);
            assertThat(batch.indices()).startsWith(0, 2, 3, 4);
        }
        Loader.Options balanced = new Loader.Options(60, true, false, 2, 5, true, 0.05);
        try (Loader loader = new Loader(new Uneven(data(60), true), PLAIN, balanced);
                Batch batch = loader.epoch(0).next()) {
            assertThat(batch.size()).isEqualTo(60);
        }
        assertThatThrownBy(() -> new Loader.Options(8, false, false, 2, 5, true, 0.05))
                .hasMessage("balanced classes come in a random order; shuffle them");
    }

    @Test
    void greyImagesHaveOneChannel() {
        Transform grey = new Transform(8, new float[]{0}, new float[]{1}, false);
        try (Loader loader = new Loader(data(40), grey, new Loader.Options(4, false, false, 2, 5));
                Batch batch = loader.epoch(0).next()) {
            assertThat(batch.images().shape()).containsExactly(4, 1, 8, 8);
            assertThat(floats(batch.images())[64 + 1]).isEqualTo(1 / 255f, within(1e-6f));
            assertThat(floats(batch.images())[0]).isEqualTo(60 / 255f, within(1e-6f));
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
