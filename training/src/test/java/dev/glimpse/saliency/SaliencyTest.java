package dev.glimpse.saliency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.data.Image;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SaliencyTest {
    private static final int[] GREY = {110, 110, 110};

    static Stream<Arguments> colours() {
        return Stream.of(Normalisation.values()).flatMap(norm -> Stream
                .of(new int[]{210, 60, 60}, new int[]{60, 210, 60}, new int[]{60, 60, 210}, new int[]{160, 160, 10},
                        new int[]{250, 250, 250}, new int[]{10, 10, 10})
                .map(colour -> Arguments.of(norm, colour)));
    }

    /** Red and green, blue and yellow, bright and dark: none is lost. */
    @ParameterizedTest
    @MethodSource("colours")
    void whateverDiffersStandsOut(Normalisation norm, int[] colour) {
        Image image = square(320, 240, 200, 80, colour);
        Saliency saliency = Saliency.of(image, norm);
        assertThat(List.of(saliency.map().width(), saliency.map().height())).containsExactly(20, 15);
        Fixation first = WinnerTakeAll.forPicture(320, 240).scan(saliency.map(), 320, 240, 1).getFirst();
        assertThat(Math.hypot(first.x() - 212, first.y() - 92)).isLessThan(24);
    }

    @Test
    void eachChannelSeesItsFeatureAlone() {
        Saliency red = Saliency.of(square(320, 240, 200, 80, new int[]{210, 60, 60}), Normalisation.LOCAL_MAX);
        assertThat(red.colour().greatest()).isPositive();
        assertThat(red.intensity().greatest()).as("it is as bright as its ground").isZero();
        assertThat(red.orientation().greatest()).isZero();
        Saliency white = Saliency.of(square(320, 240, 200, 80, new int[]{250, 250, 250}), Normalisation.LOCAL_MAX);
        assertThat(white.intensity().greatest()).isPositive();
        assertThat(white.orientation().greatest()).isPositive();
        assertThat(white.colour().greatest()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void anEvenPictureHasNoSaliency(Normalisation norm) {
        Saliency saliency = Saliency.of(square(200, 150, 0, 0, GREY), norm);
        assertThat(saliency.map().values()).containsOnly(0);
        assertThat(WinnerTakeAll.forPicture(200, 150).scan(saliency.map(), 200, 150, 3)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"128, 128", "129, 500", "641, 479", "1000, 131"})
    void anySizeFromTheLeastOn(int width, int height) {
        Saliency saliency = Saliency.of(square(width, height, width / 2, height / 2, new int[]{0, 0, 0}),
                Normalisation.LOCAL_MAX);
        assertThat(saliency.map().width()).isBetween(width / 16, width / 16 + 1);
        assertThat(saliency.map().height()).isBetween(height / 16, height / 16 + 1);
        assertThat(saliency.map().values()).doesNotContain(Float.NaN);
    }

    @Test
    void aPictureThatIsTooSmallIsRefused() {
        assertThatThrownBy(() -> Saliency.of(square(300, 127, 0, 0, GREY), Normalisation.LOCAL_MAX))
                .isInstanceOf(IllegalArgumentException.class).hasMessage(
                        "the picture has 300x127 pixels; a pyramid of nine levels takes at least 128x128");
    }

    /** Stripes along an angle are answered by its filter most, by that across hardly, and wherever they lie alike. */
    @ParameterizedTest
    @CsvSource({"0, 1, 0", "2, 0, 1"})
    void aGaborFilterAnswersItsOwnAngle(int own, int dy, int dx) {
        try (PointerScope _ = new PointerScope()) {
            float[] stripes = new float[40 * 40];
            for (int i = 0; i < stripes.length; i++) {
                stripes[i] = (float) Math.cos(2 * Math.PI * (i % 40 * dx + i / 40 * dy) / 7);
            }
            Mat map = new Plane(40, 40, stripes).mat();
            float[] along = Plane.of(Gabor.FOUR.get(own).answer(map)).values();
            float[] across = Plane.of(Gabor.FOUR.get((own + 2) % 4).answer(map)).values();
            for (int i = 15 * 40 + 15; i < 15 * 40 + 25; i++) {
                assertThat(along[i]).isBetween(0.9f * along[615], 1.1f * along[615]).isGreaterThan(1);
                assertThat(across[i]).isLessThan(0.1f * along[i]);
            }
        }
    }

    /** A square of 24 pixels on grey. */
    private static Image square(int width, int height, int left, int top, int[] colour) {
        byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < rgb.length; i++) {
            int x = i / 3 % width - left;
            int y = i / 3 / width - top;
            boolean inside = x >= 0 && x < 24 && y >= 0 && y < 24;
            rgb[i] = (byte) (inside ? colour : GREY)[i % 3];
        }
        return new Image(width, height, rgb);
    }
}
