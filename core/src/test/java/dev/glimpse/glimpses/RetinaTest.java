package dev.glimpse.glimpses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Support;
import dev.glimpse.nn.Tensors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetinaTest {
    private static final float[] LOCATIONS = {0, 0, -1, -1, 1, 1, 1, -1, 0.3f, -0.7f, -0.999f, 0.499f};

    private static double slow(float[] images, long[] shape, int image, int channel, int left, int top, int width) {
        double sum = 0;
        for (int y = top; y < top + width; y++) {
            for (int x = left; x < left + width; x++) {
                boolean inside = x >= 0 && x < shape[3] && y >= 0 && y < shape[2];
                int row = (int) ((image * shape[1] + channel) * shape[2]) + y;
                sum += inside ? images[(int) (row * shape[3] + x)] : 0;
            }
        }
        return sum / (width * width);
    }

    /** Pixel by pixel. */
    @ParameterizedTest
    @CsvSource({"8, 1, 1, 1, 28, 28", "8, 2, 2, 1, 28, 28", "3, 3, 2, 2, 11, 9", "5, 2, 3, 1, 7, 13",
        "4, 2, 1, 3, 4, 4",
        "12, 3, 2, 1, 60, 60"})
    void itSeesWhatTheFormulaSays(int patch, int patches, int scale, int channels, int height, int width) {
        try (PointerScope _ = new PointerScope()) {
            int count = LOCATIONS.length / 2;
            Tensor images = Support.random(patch, ScalarType.Float, count, channels, height, width);
            float[] pixels = Tensors.toFloats(images);
            Retina retina = new Retina(patch, patches, scale);
            Tensor seen = retina.see(images, Tensors.of(LOCATIONS, count, 2));
            assertThat(Tensors.shape(seen)).containsExactly(count, retina.size(channels));
            float[] found = Tensors.toFloats(seen);
            int at = 0;
            for (int b = 0; b < count; b++) {
                int x = (int) ((LOCATIONS[2 * b] + 1) * width * 0.5f);
                int y = (int) ((LOCATIONS[2 * b + 1] + 1) * height * 0.5f);
                int factor = 1;
                for (int i = 0; i < patches; i++, factor *= scale) {
                    int before = patch * factor / 2;
                    for (int c = 0; c < channels; c++) {
                        for (int p = 0; p < patch * patch; p++) {
                            double expected = slow(pixels, Tensors.shape(images), b, c,
                                    x - before + p % patch * factor, y - before + p / patch * factor, factor);
                            assertThat(found[at++]).isCloseTo((float) expected, within(1e-5f));
                        }
                    }
                }
            }
        }
    }

    @Test
    void itKnowsWhatItCovers() {
        try (PointerScope _ = new PointerScope()) {
            Retina retina = new Retina(8, 1, 2); // at (0, 0) of 28: columns 10 to 17
            float[] points = {10, 10, 9.5f, 12, 17.5f, 17.5f, 18, 12, 12, 18};
            Tensor covered = retina.covers(Tensors.zeros(ScalarType.Float, 5, 2), Tensors.of(points, 5, 2), 28, 28);
            assertThat(Tensors.toFloats(covered)).containsExactly(1, 0, 1, 0, 0);
        }
    }

    @Test
    void whatItCannotSee() {
        try (PointerScope _ = new PointerScope()) {
            Retina retina = new Retina(8, 2, 2);
            Tensor small = Tensors.zeros(ScalarType.Float, 2, 1, 28, 7);
            Tensor middle = Tensors.zeros(ScalarType.Float, 2, 2);
            assertThatThrownBy(() -> retina.see(small, middle)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a retina of 8x8 pixels needs images at least as large, got 2x1x28x7");
        }
        assertThatThrownBy(() -> new Retina(8, 40, 2)).hasMessageContaining("reach beyond 4096 pixels");
        assertThatThrownBy(() -> new Retina(0, 1, 2)).hasMessageContaining("patch is 0");
    }
}
