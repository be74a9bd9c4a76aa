package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.opencv.global.opencv_core;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentationLoaderTest {
    private static final float[] ZERO = {0, 0, 0};
    private static final float[] ONE = {1, 1, 1};

    @TempDir
    Path folder;

    /** Fifteen pictures of 20 x 14 pixels, of which the right half is of class 1. */
    @BeforeEach
    void write() throws IOException {
        byte[] mask = new byte[20 * 14];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = (byte) (i % 20 < 10 ? 0 : 255);
        }
        for (int i = 0; i < 15; i++) {
            Pictures.write(folder, "images/" + i + ".png", Pictures.encode("png", Pictures.gradient(20, 14)));
            Pictures.write(folder, "masks/" + i + ".png", Pictures.encode("png", 20, 14, opencv_core.CV_8UC1, mask));
        }
    }

    private static List<float[]> images(SegmentationFolder data, int workers, int epoch) {
        SegmentationTransform transform = new SegmentationTransform(8, 8, ZERO, ONE, Deformation.MICROSCOPE);
        List<float[]> all = new ArrayList<>();
        try (Loader loader = new Loader(data, transform, new Loader.Options(4, true, false, workers, 3));
                Loader.Epoch batches = loader.epoch(epoch)) {
            while (batches.hasNext()) {
                try (Batch batch = batches.next()) {
                    all.add(Slot.memory(batch.images()).toArray(ValueLayout.JAVA_FLOAT));
                    long[] classes = Slot.memory(batch.labels()).toArray(ValueLayout.JAVA_LONG);
                    assertThat(batch.labels().shape()).containsExactly(batch.size(), 8, 8);
                    assertThat(classes).contains(0, 1).doesNotContain(-100);
                }
            }
        }
        return all;
    }

    @Test
    void theNumberOfThreadsChangesNothing() throws IOException {
        SegmentationFolder train = SegmentationFolder.splits(folder).train();
        List<float[]> one = images(train, 1, 2);
        assertThat(one).hasSize(3);
        assertThat(images(train, 4, 2)).containsExactlyElementsOf(one);
        assertThat(images(train, 4, 3).getFirst()).isNotEqualTo(one.getFirst());
    }

    @Test
    void wholeImagesComeWithTheirMasks() throws IOException {
        Pictures.write(folder, "masks/13.png", new byte[7]);
        SegmentationFolder test = SegmentationFolder.splits(folder).test();
        SegmentationTransform transform = new SegmentationTransform(14, 20, new float[]{0.5f}, new float[]{0.5f}, null);
        try (Loader loader = new Loader(test, transform, new Loader.Options(3, false, false, 2, 3));
                Loader.Epoch batches = loader.epoch(0)) {
            try (Batch batch = batches.next()) {
                assertThat(batch.indices()).containsExactly(0, 2);
                assertThat(batch.images().shape()).containsExactly(2, 1, 14, 20);
                long[] classes = Slot.memory(batch.labels()).toArray(ValueLayout.JAVA_LONG);
                for (int i = 0; i < classes.length; i++) {
                    assertThat(classes[i]).isEqualTo(i % 20 < 10 ? 0 : 1);
                }
            }
            assertThat(loader.skipped()).hasSize(1);
            assertThat(loader.skipped().values().iterator().next()).contains("13.png: ");
        }
    }

    @Test
    void coloursAreThoseOfTheImages() throws IOException {
        SegmentationFolder train = SegmentationFolder.splits(folder).train();
        ChannelStatistics colours = ChannelStatistics.of(train);
        assertThat(colours.mean()[2]).isCloseTo(40 / 255f, within(1e-4f));
        assertThat(colours.mean()[0]).isCloseTo(0.5f, within(0.01f));
    }

    @Test
    void classesOfPixelsAreNotDrawnFrom() throws IOException {
        SegmentationFolder train = SegmentationFolder.splits(folder).train();
        try (Loader loader = new Loader(train, new SegmentationTransform(8, 8, ZERO, ONE, null),
                new Loader.Options(4, true, false, 1, 3, true, 0))) {
            assertThatThrownBy(() -> loader.epoch(0)).hasMessageContaining("cannot be drawn by their classes");
        }
    }
}
