package dev.glimpse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.data.Image;
import dev.glimpse.data.TestTimeAugmentation;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.api.Test;

class SegmenterTest {
    private static final float[] ZERO = {0, 0, 0};
    private static final float[] ONE = {1, 1, 1};

    /** Says which of three colours is the brightest in the mean over the 5 x 5 pixels around each. */
    private static final class Brightest extends Layer {
        private final List<String> seen = new ArrayList<>();

        @Override
        public Tensor forward(Tensor images) {
            seen.add(Tensors.shapeText(Tensors.shape(images)));
            return Tensors.windowMean(images, 5, 1, 2);
        }
    }

    /** Yes where the grey is above a half: one score a pixel. */
    private static final class Bright extends Layer {
        @Override
        public Tensor forward(Tensor images) {
            return images.sub(new Scalar(0.5));
        }
    }

    private static Image picture(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(4).nextBytes(rgb);
        return new Image(width, height, rgb);
    }

    /** Whatever the tiles, the answer is that of the whole. */
    @ParameterizedTest
    @CsvSource({"1000, 0, 1", "16, 2, 8", "7, 3, 40", "50, 2, 1", "40, 2, 2", "30, 5, 4"})
    void tilesWithMarginsAreTheWhole(int tile, int margin, int tiles) {
        Image picture = picture(50, 31);
        Segmenter whole = new Segmenter(new Brightest(), ZERO, ONE, 0, 1);
        Brightest network = new Brightest();
        Segmenter inTiles = new Segmenter(network, ZERO, ONE, 0, 1, tile, margin);
        byte[] expected = whole.segment(picture).classes();
        assertThat(inTiles.segment(picture).classes()).isEqualTo(expected).contains(0, 1, 2);
        assertThat(network.seen).hasSize(tiles);
    }

    @Test
    void smallPicturesAreFilledUpAndCutAgain() {
        Brightest network = new Brightest();
        Segmenter segmenter = new Segmenter(network, ZERO, ONE, 0, 16);
        assertThat(segmenter.segment(picture(20, 9)).classes()).hasSize(180);
        assertThat(network.seen).containsExactly("1x3x16x20");
    }

    @Test
    void aScaledPicturesMaskHasThePicturesSize() {
        Brightest network = new Brightest();
        Segmenter segmenter = new Segmenter(network, ZERO, ONE, 8, 1);
        assertThat(segmenter.segment(picture(40, 16)).classes()).hasSize(640);
        assertThat(network.seen).containsExactly("1x3x8x20");
    }

    /** Surer of its colours the farther to the right they stand. */
    private static final class Lopsided extends Layer {
        @Override
        public Tensor forward(Tensor images) {
            return images.mul(Tensors.of(new float[]{0.1f, 1, 8, 20}, 4));
        }
    }

    @Test
    void aMirrorImageIsLookedAtToo() {
        byte[] rgb = {(byte) 200, 0, 100, 0, (byte) 200, 10, 0, 0, (byte) 250, 5, 90, 80};
        Image picture = new Image(4, 1, rgb);
        Segmenter plain = new Segmenter(new Lopsided(), ZERO, ONE, 0, 1);
        Segmenter both = plain.with(TestTimeAugmentation.FLIP);
        float[] weights = {0.1f, 1, 8, 20};
        byte[] expected = new byte[4];
        for (int x = 0; x < 4; x++) {
            double[] sums = new double[3];
            for (float weight : new float[]{weights[x], weights[3 - x]}) {
                double[] powers = new double[3];
                double all = 0;
                for (int c = 0; c < 3; c++) {
                    powers[c] = Math.exp(weight * (rgb[3 * x + c] & 0xff) / 255.0);
                    all += powers[c];
                }
                for (int c = 0; c < 3; c++) {
                    sums[c] += powers[c] / all;
                }
            }
            for (int c = 1; c < 3; c++) {
                expected[x] = (byte) (sums[c] > sums[expected[x]] ? c : expected[x]);
            }
        }
        assertThat(both.segment(picture).classes()).isEqualTo(expected);
        Tensor image = Tensors.of(new float[]{1, -3, 2, 0.5f, -1, 4}, 1, 1, 2, 3);
        Tensor scores = TestTimeAugmentation.FLIP.pixels(x -> x, image);
        assertThat(Tensors
                .toFloats(scores.sub(image.sigmoid().add(image.flip(3).sigmoid().flip(3)).div(new Scalar(2)).logit())
                        .abs().max())[0])
                .isLessThan(1e-5f);
        assertThatThrownBy(() -> plain.with(TestTimeAugmentation.TEN_CROP)).hasMessageContaining("none or flip");
    }

    @Test
    void aSingleScoreIsAYesAboveZero() {
        Image picture = new Image(2, 1, new byte[]{10, 10, 10, (byte) 200, (byte) 200, (byte) 200});
        Segmenter segmenter = new Segmenter(new Bright(), new float[]{0}, new float[]{1}, 0, 1);
        assertThat(segmenter.segment(picture).classes()).containsExactly(0, 1);
        assertThatThrownBy(() -> new Segmenter(new Bright(), ZERO, ONE, 0, 1, 0, 1)).hasMessageContaining("tiles of 0");
    }
}
