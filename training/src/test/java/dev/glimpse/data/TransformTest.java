package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TransformTest {
    private static final float[] MEAN = {0.5f, 0.4f, 0.3f};
    private static final float[] STD = {0.2f, 0.3f, 0.4f};

    private static float[] apply(Transform transform, Image image, long seed) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment to = arena.allocate(4L * transform.elements(), 4);
            transform.write(image, Seeds.random(seed), to);
            return to.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    @Test
    void coloursAreNormalisedPlaneByPlane() {
        Image image = Pictures.gradient(8, 8);
        float[] floats = apply(new Transform(8, MEAN, STD, false), image, 1);
        for (int c = 0; c < 3; c++) {
            for (int i = 0; i < 64; i++) {
                assertThat(floats[c * 64 + i]).isEqualTo(((image.rgb()[3 * i + c] & 0xff) / 255f - MEAN[c]) / STD[c],
                        within(1e-5f));
            }
        }
    }

    @Test
    void theCentralSquareIsScaled() {
        Transform transform = new Transform(16, MEAN, STD, false);
        assertThat(transform.square(Pictures.gradient(16, 16)).rgb()).isEqualTo(Pictures.gradient(16, 16).rgb());
        Image wide = transform.square(Pictures.gradient(96, 32));
        assertThat(wide.width()).isEqualTo(16);
        assertThat(wide.height()).isEqualTo(16);
        assertThat(wide.rgb()[0] & 0xff).as("a third of the way through red").isBetween(82, 92);
        assertThat(transform.square(Pictures.gradient(5, 9)).rgb()).hasSize(768);
        assertThat(transform.square(Pictures.gradient(1, 1)).rgb()).hasSize(768);
        assertThat(transform.square(Pictures.gradient(1, 30_000)).rgb()).hasSize(768);
    }

    @Test
    void augmentingShiftsMirrorsAndPadsWithTheMean() {
        byte[] rgb = new byte[3 * 256];
        Arrays.fill(rgb, (byte) 255);
        rgb[3 * (8 * 16 + 5)] = 0; // one dark spot, left of the middle
        Transform transform = new Transform(16, MEAN, STD, true);
        Set<Integer> spots = new HashSet<>();
        float white = (1 - MEAN[0]) / STD[0];
        for (int seed = 0; seed < 500; seed++) {
            float[] red = Arrays.copyOf(apply(transform, new Image(16, 16, rgb), seed), 256);
            for (int i = 0; i < 256; i++) {
                if (red[i] < -1) {
                    spots.add(i);
                } else {
                    assertThat(Math.min(Math.abs(red[i]), Math.abs(red[i] - white)))
                            .as("mean or white, in steps of 8-bit colours")
                            .isLessThan(0.6f / 255 / STD[0]);
                }
            }
        }
        assertThat(spots).as("5 x 5 shifts, mirrored or not").hasSize(50);
    }

    @Test
    void impossibleSettings() {
        assertThatThrownBy(() -> new Transform(0, MEAN, STD, false)).hasMessageStartingWith("size 0");
        assertThatThrownBy(() -> new Transform(8, MEAN, new float[]{1, 0, 1}, false))
                .hasMessageStartingWith("standard deviation 0.0");
    }

    @Test
    void statistics() throws IOException {
        Image black = new Image(1, 1, new byte[3]);
        Image white = new Image(1, 1, Pictures.bytes(255, 255, 255));
        ChannelStatistics both = ChannelStatistics.of(new ListDataset(Arrays.asList(black, null, white)));
        assertThat(both.mean()).containsExactly(0.5f, 0.5f, 0.5f);
        assertThat(both.std()).containsExactly(0.5f, 0.5f, 0.5f);
        assertThat(ChannelStatistics.of(new ListDataset(List.of(white))).std()[0]).isPositive();
        assertThatThrownBy(() -> ChannelStatistics.of(new ListDataset(Arrays.asList(null, null))))
                .hasMessage("none of 2 images can be read; the last: image 1: broken");
    }
}
