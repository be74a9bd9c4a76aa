package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SegmentationTransformTest {
    private static final float[] ZERO = {0, 0, 0};
    private static final float[] ONE = {1, 1, 1};

    /** What a transform makes of a picture. */
    private record Made(float[] image, long[] mask) {
        static Made by(SegmentationTransform transform, Image image, Mask mask, long seed) throws IOException {
            try (Arena arena = Arena.ofConfined()) {
                long pixels = transform.maskShape()[0] * transform.maskShape()[1];
                MemorySegment floats = arena.allocate(4 * pixels * transform.imageShape()[0], 4);
                MemorySegment longs = arena.allocate(8 * pixels, 8);
                transform.write(image, mask, new Random(seed), floats, longs);
                return new Made(floats.toArray(ValueLayout.JAVA_FLOAT), longs.toArray(ValueLayout.JAVA_LONG));
            }
        }
    }

    /** A picture in which each pixel has a class, and red and green say where it is. */
    private static Image places(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < width * height; i++) {
            rgb[3 * i] = (byte) (i % width);
            rgb[3 * i + 1] = (byte) (i / width);
        }
        return new Image(width, height, rgb);
    }

    private static Mask squares(int width, int height) {
        byte[] classes = new byte[width * height];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = (byte) ((i % width / 8 + i / width / 8) % 3);
        }
        return new Mask(width, height, classes);
    }

    @Test
    void aWholePictureLiesInTheCornerAndNothingIsKnownBeyond() throws IOException {
        SegmentationTransform transform = new SegmentationTransform(4, 5, new float[]{0.5f, 0, 0},
                new float[]{0.25f, 1, 1}, null);
        Image image = places(3, 2);
        Mask mask = new Mask(3, 2, new byte[]{0, 1, 2, Mask.IGNORED, 1, 0});
        Made made = Made.by(transform, image, mask, 0);
        assertThat(made.mask).containsExactly(0, 1, 2, -100, -100, -100, 1, 0, -100, -100, -100, -100, -100, -100, -100,
                -100, -100, -100, -100, -100);
        assertThat(transform.imageShape()).containsExactly(3, 4, 5);
        int[] mirrored = {0, 1, 2, 1, 0};
        for (int x = 0; x < 5; x++) {
            assertThat(made.image[x]).isCloseTo((mirrored[x] / 255f - 0.5f) / 0.25f, within(1e-5f));
            assertThat(made.image[20 + 5 * 2 + x]).isCloseTo(0, within(1e-6f));
            assertThat(made.image[20 + 5 + x]).isCloseTo(1 / 255f, within(1e-6f));
        }
        assertThatThrownBy(() -> Made.by(transform, places(6, 2), squares(6, 2), 0)).isInstanceOf(IOException.class)
                .hasMessage("the image has 6x2 pixels, more than the 5x4 there is room for");
    }

    /** Unscaled, every pixel comes with its own class, wherever it goes to. */
    @ParameterizedTest
    @CsvSource({"false, false", "true, false", "true, true"})
    void pixelsKeepTheirClasses(boolean mirror, boolean turn) throws IOException {
        SegmentationTransform transform = new SegmentationTransform(16, 16, ZERO, ONE,
                new Deformation(1, 1, mirror, turn, 0, 0));
        Mask mask = squares(50, 40);
        Set<Integer> corners = new HashSet<>();
        Set<Integer> directions = new HashSet<>();
        for (int seed = 0; seed < 60; seed++) {
            Made made = Made.by(transform, places(50, 40), mask, seed);
            int[] from = new int[256];
            for (int i = 0; i < 256; i++) {
                int x = Math.round(255 * made.image[i]);
                int y = Math.round(255 * made.image[256 + i]);
                from[i] = y * 50 + x;
                assertThat(made.mask[i]).isEqualTo(mask.classes()[from[i]]);
            }
            corners.add(from[0]);
            directions.add(from[1] - from[0]);
        }
        assertThat(corners).hasSizeGreaterThan(30);
        assertThat(directions).hasSize(turn ? 4 : mirror ? 2 : 1);
    }

    /** Under any change a pixel's class is that of the place which its colours show, but near borders of classes. */
    @ParameterizedTest
    @CsvSource({"0.5, 2, 0", "1, 1, 6", "0.8, 1.3, 4"})
    void imageAndMaskAreChangedAlike(double least, double most, double elastic) throws IOException {
        SegmentationTransform transform = new SegmentationTransform(48, 48, ZERO, ONE,
                new Deformation(least, most, true, true, elastic, 0));
        Mask mask = squares(100, 90);
        int same = 0;
        int all = 0;
        for (int seed = 0; seed < 20; seed++) {
            Made made = Made.by(transform, places(100, 90), mask, seed);
            for (int i = 0; i < 48 * 48; i++) {
                int x = Math.round(255 * made.image[i]);
                int y = Math.round(255 * made.image[48 * 48 + i]);
                all++;
                same += made.mask[i] == mask.classes()[y * 100 + x] ? 1 : 0;
            }
        }
        assertThat((double) same / all).isGreaterThan(0.95);
    }

    /** The shifts of the elastic deformation are smooth, and as large as they are said to be. */
    @Test
    void elasticShiftsAreSmooth() {
        double squares = 0;
        int count = 0;
        for (int seed = 0; seed < 100; seed++) {
            PixelMap map =
                    PixelMap.random(new Deformation(1, 1, false, false, 10, 0), 64, 64, 64, 64, new Random(seed));
            for (int i = 0; i < 64 * 64; i++) {
                double shift = map.x()[i] - i % 64;
                squares += shift * shift;
                count++;
                if (i % 64 > 0) {
                    assertThat(Math.abs(map.x()[i] - map.x()[i - 1] - 1)).isLessThan(3);
                }
            }
        }
        assertThat(Math.sqrt(squares / count)).isBetween(5.0, 12.0);
    }

    @Test
    void smallPicturesGoOnMirrored() throws IOException {
        SegmentationTransform transform = new SegmentationTransform(16, 16, ZERO, ONE, Deformation.PART);
        Made made = Made.by(transform, places(10, 10), squares(10, 10), 3);
        Made other = Made.by(transform, places(10, 10), squares(10, 10), 4);
        assertThat(made.mask).doesNotContain(-100).isEqualTo(other.mask); // in the middle, where there is no choice
        assertThat(Math.round(255 * made.image[0])).isEqualTo(3);
        assertThat(Math.round(255 * made.image[3])).isZero();
        assertThat(Math.round(255 * made.image[15])).isEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theSeedDecidesAll(boolean grey) throws IOException {
        SegmentationTransform transform = new SegmentationTransform(16, 16, grey ? new float[]{0.5f} : ZERO,
                grey ? new float[]{0.5f} : ONE, Deformation.MICROSCOPE);
        Made first = Made.by(transform, places(64, 64), squares(64, 64), 5);
        Made again = Made.by(transform, places(64, 64), squares(64, 64), 5);
        Made other = Made.by(transform, places(64, 64), squares(64, 64), 6);
        assertThat(first.image).hasSize(grey ? 256 : 768).isEqualTo(again.image).isNotEqualTo(other.image);
        assertThat(first.mask).isEqualTo(again.mask);
    }

    @Test
    void aMaskGrowsByWholePixels() {
        Mask mask = new Mask(3, 2, new byte[]{0, 0, 1, 0, 2, Mask.IGNORED});
        assertThat(mask.scaled(6, 2).classes())
                .containsExactly(0, 0, 0, 0, 1, 1, 0, 0, 2, 2, Mask.IGNORED, Mask.IGNORED);
        assertThat(mask.scaled(9, 8).scaled(3, 2)).usingRecursiveComparison().isEqualTo(mask);
    }

    @Test
    void greyIsBrightness() throws IOException {
        SegmentationTransform transform = new SegmentationTransform(1, 2, new float[]{0}, new float[]{1}, null);
        Made made = Made.by(transform, new Image(2, 1, Pictures.bytes(7, 7, 7, 255, 0, 0)),
                new Mask(2, 1, new byte[2]), 0);
        assertThat(made.image[0]).isCloseTo(7 / 255f, within(1e-6f));
        assertThat(made.image[1]).isCloseTo(76 / 255f, within(1e-6f));
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        assertThatThrownBy(() -> new SegmentationTransform(4, 5, ZERO, ONE, Deformation.MICROSCOPE))
                .hasMessage("parts that are turned are to be square, not 5x4");
        assertThatThrownBy(() -> new SegmentationTransform(0, 5, ZERO, ONE, null)).hasMessageContaining("5x0 pixels");
        assertThatThrownBy(() -> new SegmentationTransform(4, 5, ZERO, ZERO, null))
                .hasMessage("standard deviation 0.0; expected more than 0");
        assertThatThrownBy(() -> new Deformation(0, 1, false, false, 0, 0))
                .hasMessageContaining("scales are 0.0 to 1.0");
        assertThatThrownBy(() -> new Deformation(1, 1, false, false, -1, 0)).hasMessageContaining("elastic is -1.0");
        assertThatThrownBy(() -> new Mask(2, 2, new byte[3])).hasMessage("2x2 pixels do not fit 3 classes");
    }
}
