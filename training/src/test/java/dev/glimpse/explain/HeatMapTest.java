package dev.glimpse.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.data.Image;
import dev.glimpse.explain.HeatMap.Box;
import dev.glimpse.explain.HeatMap.Cell;
import dev.glimpse.explain.HeatMap.Palette;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class HeatMapTest {
    private static final float NAN = Float.NaN;
    private static final float INF = Float.POSITIVE_INFINITY;

    @Test
    void normalisesToZeroToOne() {
        assertThat(map(2, 2, -3, 1, 5, 1).normalised().values()).containsExactly(0, 0.5f, 1, 0.5f);
        assertThat(map(2, 1, -Float.MAX_VALUE, Float.MAX_VALUE).normalised().values()).containsExactly(0, 1);
    }

    @Test
    void normalisesAConstantMapToZero() {
        assertThat(map(3, 1, 7, 7, 7).normalised().values()).containsExactly(0, 0, 0);
        assertThat(map(2, 1, NAN, INF).normalised().values()).containsExactly(0, 0);
    }

    @Test
    void takesWhatIsNotFiniteAsTheLeastValue() {
        assertThat(map(5, 1, NAN, 2, INF, 4, -INF).normalised().values()).containsExactly(0, 0, 0, 1, 0);
        assertThat(map(3, 1, INF, NAN, 2).peak()).isEqualTo(new Cell(0, 0));
        assertThat(map(3, 1, NAN, 3, 2).peak()).isEqualTo(new Cell(1, 0));
        assertThat(map(2, 2, NAN, 1, 2, 3).scaled(4, 4, Scaling.LINEAR).values()).doesNotContain(NAN);
    }

    @Test
    void findsTheFirstPeakInRowMajorOrder() {
        assertThat(map(3, 2, 0, 1, 4, 4, 0, 4).peak()).isEqualTo(new Cell(2, 0));
        assertThat(map(2, 2, -5, -4, -3, -9).peak()).isEqualTo(new Cell(0, 1));
    }

    @Test
    void hitsWhereThePeaksCentreIs() {
        HeatMap map = map(3, 3, 0, 0, 0, 0, 0, 9, 0, 0, 0); // cell (2, 1) of a 96x96 picture: centre (80, 48)
        assertThat(map.peaksIn(new Box(80, 48, 16, 16), 96, 96)).isTrue();
        assertThat(map.peaksIn(new Box(65, 33, 16, 16), 96, 96)).isTrue();
        assertThat(map.peaksIn(new Box(64, 32, 16, 16), 96, 96)).isFalse();
        assertThat(map.peaksIn(new Box(81, 48, 15, 16), 96, 96)).isFalse();
    }

    @Test
    void anEvenMapHasTheBoxsShareOfTheAreaInside() {
        double chance = 16.0 * 16 / (96 * 96);
        for (int cells : new int[]{1, 3, 7, 24, 96, 207}) {
            float[] even = new float[cells * cells];
            Arrays.fill(even, 0.25f);
            assertThat(new HeatMap(cells, cells, even).massIn(new Box(13, 71, 16, 16), 96, 96)).isCloseTo(chance,
                    within(1e-9));
        }
    }

    @Test
    void weighsCellsByTheAreaInside() {
        HeatMap map = map(2, 2, 1, 3, 0, -8); // each cell 4x4 pixels of an 8x8 picture
        assertThat(map.massIn(new Box(0, 0, 4, 4), 8, 8)).isEqualTo(0.25);
        assertThat(map.massIn(new Box(2, 0, 4, 4), 8, 8)).isCloseTo((0.5 + 1.5) / 4, within(1e-12));
        assertThat(map.massIn(new Box(3, 3, 2, 2), 8, 8)).isCloseTo((1 + 3) / 16.0 / 4, within(1e-12));
        assertThat(map.massIn(new Box(0, 0, 8, 8), 8, 8)).isEqualTo(1);
        assertThat(map.massIn(new Box(-4, -4, 8, 8), 8, 8)).isEqualTo(0.25);
        assertThat(map(2, 1, 0, -1).massIn(new Box(0, 0, 8, 8), 8, 8)).isZero();
    }

    @Test
    void areaWeightingIsWhatCountingPixelsGives() {
        Random random = new Random(1);
        float[] values = new float[24 * 24];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        HeatMap map = new HeatMap(24, 24, values);
        HeatMap pixels = map.scaled(96, 96, Scaling.NEAREST);
        double inside = 0;
        double all = 0;
        for (int y = 0; y < 96; y++) {
            for (int x = 0; x < 96; x++) {
                float value = pixels.values()[y * 96 + x];
                all += value;
                inside += x >= 5 && x < 21 && y >= 42 && y < 58 ? value : 0;
            }
        }
        assertThat(map.massIn(new Box(5, 42, 16, 16), 96, 96)).isCloseTo(inside / all, within(1e-9));
    }

    @Test
    void scalesAsPyTorchsBilinearDoes() {
        // F.interpolate(torch.tensor([[[[0., 4.]]]]), size=(1, 4), mode="bilinear", align_corners=False)
        assertThat(map(2, 1, 0, 4).scaled(4, 1, Scaling.LINEAR).values()).containsExactly(0, 1, 3, 4);
    }

    @Test
    void laysColoursOverThePicture() {
        Image grey = new Image(4, 2, filled(24, 100));
        HeatMap map = map(2, 1, 0, 1);
        assertThat(map.over(grey, 0).rgb()).isEqualTo(grey.rgb());
        Image colours = map.over(grey, 1, Palette.INFERNO);
        assertThat(brightness(colours, 0)).isLessThan(brightness(colours, 3));
        assertThat(Byte.toUnsignedInt(map.over(grey, 0.5, Palette.INFERNO).rgb()[9]))
                .isEqualTo(Math.round((100 + Byte.toUnsignedInt(colours.rgb()[9])) / 2f));
        assertThatThrownBy(() -> map.over(grey, 1.5)).hasMessage("opacity is 1.5, must be 0 to 1");
        assertThatThrownBy(() -> map.over(grey, Double.NaN)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void turboRunsFromBlueToRed() {
        byte[] rgb = map(2, 1, 0, 1).coloured(Palette.TURBO).rgb();
        assertThat(Byte.toUnsignedInt(rgb[3])).isGreaterThan(2 * Byte.toUnsignedInt(rgb[5]));
        assertThat(Byte.toUnsignedInt(rgb[2])).isGreaterThan(Byte.toUnsignedInt(rgb[0]));
    }

    @Test
    void refusesValuesThatDoNotFit() {
        assertThatThrownBy(() -> map(2, 2, 1, 2, 3)).hasMessage("2x2 cells do not fit 3 values");
    }

    private static HeatMap map(int width, int height, float... values) {
        return new HeatMap(width, height, values);
    }

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static int brightness(Image image, int pixel) {
        int sum = 0;
        for (int i = 0; i < 3; i++) {
            sum += Byte.toUnsignedInt(image.rgb()[3 * pixel + i]);
        }
        return sum;
    }
}
