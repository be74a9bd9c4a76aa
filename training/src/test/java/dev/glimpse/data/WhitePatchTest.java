package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WhitePatchTest {
    private static final int PLANE = 96 * 96;

    @TempDir
    Path folder;

    private static float[] floats(WhitePatch.Split split, int... indices) {
        try (PointerScope _ = new PointerScope()) {
            Tensor batch = split.batch(indices);
            assertThat(batch.shape()).containsExactly(indices.length, 3, 96, 96);
            return Slot.memory(batch).toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    @Test
    void halfOfTheImagesHaveAPatchOfOnes() throws IOException {
        WhitePatch data = WhitePatch.create(Backgrounds.deadLeaves(), 7, 40, 20);
        assertThat(data.images()).isEqualTo("generated dead leaves");
        for (WhitePatch.Split split : new WhitePatch.Split[]{data.train(), data.test()}) {
            assertThat(IntStream.range(0, split.size()).filter(split::hasPatch).count()).isEqualTo(split.size() / 2);
            for (int i = 0; i < split.size(); i++) {
                checkImage(split, i);
            }
        }
        assertThat(data.train().size()).isEqualTo(40);
        assertThat(data.test().size()).isEqualTo(20);
    }

    private static void checkImage(WhitePatch.Split split, int index) {
        float[] floats = floats(split, index);
        byte[] rgb = split.image(index).rgb();
        int ones = 0;
        for (int i = 0; i < floats.length; i++) {
            int x = i % 96 - split.patchX(index);
            int y = i % PLANE / 96 - split.patchY(index);
            int shown = rgb[3 * (i % PLANE) + i / PLANE] & 0xff;
            if (split.hasPatch(index) && x >= 0 && x < 16 && y >= 0 && y < 16) {
                assertThat(shown).isEqualTo(255);
                assertThat(floats[i]).isEqualTo(1);
            } else if (floats[i] != (shown - 128) / 128f) {
                assertThat(floats[i]).isEqualTo((shown - 128) / 128f);
            }
            ones += floats[i] == 1 ? 1 : 0;
        }
        assertThat(ones).as("127/128 is the most outside of the patch").isEqualTo(split.hasPatch(index) ? 768 : 0);
    }

    @Test
    void labelsFollowTheIndices() throws IOException {
        WhitePatch.Split split = WhitePatch.create(Backgrounds.deadLeaves(), 7, 10, 2).train();
        int[] indices = {3, 9, 0, 4};
        try (PointerScope _ = new PointerScope()) {
            float[] labels = Slot.memory(split.labels(indices)).toArray(ValueLayout.JAVA_FLOAT);
            for (int i = 0; i < 4; i++) {
                assertThat(labels[i]).isEqualTo(split.hasPatch(indices[i]) ? 1 : 0);
                assertThat(split.patchX(indices[i]) >= 0).isEqualTo(split.hasPatch(indices[i]));
            }
        }
        float[] two = floats(split, 3, 9);
        assertThat(Arrays.copyOfRange(two, 3 * PLANE, 6 * PLANE)).isEqualTo(floats(split, 9));
    }

    @Test
    void aSeedGivesTheSameBits() throws IOException {
        int[] all = IntStream.range(0, 12).toArray();
        float[] first = floats(WhitePatch.create(Backgrounds.deadLeaves(), 7, 12, 12).train(), all);
        assertThat(floats(WhitePatch.create(Backgrounds.deadLeaves(), 7, 12, 12).train(), all)).isEqualTo(first);
        assertThat(floats(WhitePatch.create(Backgrounds.deadLeaves(), 8, 12, 12).train(), all)).isNotEqualTo(first);
        assertThat(floats(WhitePatch.create(Backgrounds.deadLeaves(), 7, 12, 12).test(), all)).isNotEqualTo(first);
    }

    @Test
    void aPatchMayBeAnywhere() throws IOException {
        Backgrounds black = new Backgrounds() {
            @Override
            public String title() {
                return "black";
            }

            @Override
            public Split split(long seed, int train, int test) {
                Source source = _ -> new Image(96, 96, new byte[3 * PLANE]);
                return new Split(source, source);
            }
        };
        WhitePatch.Split split = WhitePatch.create(black, 1, 4000, 2).train();
        Set<Integer> lefts = new HashSet<>();
        Set<Integer> tops = new HashSet<>();
        for (int i = 0; i < split.size(); i++) {
            lefts.add(split.patchX(i));
            tops.add(split.patchY(i));
        }
        assertThat(lefts).hasSize(82).contains(-1, 0, 80); // 81 places, and nowhere
        assertThat(tops).hasSize(82).contains(-1, 0, 80);
    }

    @Test
    void filesAreDividedBetweenTrainingAndTest() throws IOException {
        for (int i = 0; i < 10; i++) { // of one grey each; sizes below, at and above a square
            byte[] rgb = new byte[3 * 300 * (40 + 40 * i)];
            Arrays.fill(rgb, (byte) (20 * i));
            Pictures.write(folder, "sub/" + i + ".png", Pictures.encode("png", new Image(300, 40 + 40 * i, rgb)));
        }
        WhitePatch data = WhitePatch.create(Backgrounds.pictures(folder), 3, 40, 10);
        Set<Integer> train = greys(data.train());
        Set<Integer> test = greys(data.test());
        assertThat(train).hasSize(8).doesNotContainAnyElementsOf(test);
        assertThat(test).hasSize(2);
        assertThat(greys(WhitePatch.create(Backgrounds.pictures(folder), 3, 40, 10).test())).isEqualTo(test);
        Pictures.write(folder, "broken.png", new byte[9]);
        assertThat(WhitePatch.create(Backgrounds.pictures(folder), 3, 40, 10).train().size()).isEqualTo(40);
    }

    /** The greys at the images' corners that are no patch's. */
    private static Set<Integer> greys(WhitePatch.Split split) {
        Set<Integer> greys = new HashSet<>();
        for (int i = 0; i < split.size(); i++) {
            byte[] rgb = split.image(i).rgb();
            greys.add(rgb[0] & 0xff);
            greys.add(rgb[rgb.length - 1] & 0xff);
        }
        greys.remove(255);
        return greys;
    }

    @Test
    void mistakesAreNamed() throws IOException {
        assertThatThrownBy(() -> WhitePatch.create(Backgrounds.deadLeaves(), 1, 5, 4))
                .hasMessageStartingWith("5 training and 4 test images; expected even numbers");
        assertThatThrownBy(() -> WhitePatch.create(Backgrounds.pictures(folder.resolve("none")), 1, 4, 4))
                .hasMessageEndingWith("none: no such folder");
        Files.createDirectories(folder);
        assertThatThrownBy(() -> WhitePatch.create(Backgrounds.pictures(folder), 1, 4, 4))
                .hasMessageStartingWith(folder + ": no pictures; expected at least two");
        Pictures.write(folder, "a.png", new byte[9]);
        assertThatThrownBy(() -> WhitePatch.create(Backgrounds.pictures(folder), 1, 4, 4))
                .hasMessageStartingWith(folder + ": only one picture; expected at least two");
        Pictures.write(folder, "b.png", new byte[9]);
        assertThatThrownBy(() -> WhitePatch.create(Backgrounds.pictures(folder), 1, 4, 4))
                .isInstanceOf(IOException.class).hasMessageStartingWith("none of 1 pictures can be read; the last: ");
    }
}
