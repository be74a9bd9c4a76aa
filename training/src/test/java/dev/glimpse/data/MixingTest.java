package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.ValueLayout;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MixingTest {
    private static final int BATCH = 6;
    private static final int SIDE = 8;

    /** Image i is filled with 10^i, whence every mixture tells what is in it. */
    private static Tensor images() {
        Tensor powers = torch.tensor(new float[]{1, 10, 100, 1000, 10_000, 100_000}).to(ScalarType.Float);
        return powers.view(BATCH, 1, 1, 1).expand(BATCH, 3, SIDE, SIDE).contiguous();
    }

    private static Tensor labels() {
        return torch.tensor(new long[]{0, 1, 2, 3, 4, 5});
    }

    private static float[] floats(Tensor tensor) {
        return Slot.memory(tensor.contiguous()).toArray(ValueLayout.JAVA_FLOAT);
    }

    @Test
    void mixupIsTheWeightedSumOfTwo() {
        try (PointerScope _ = new PointerScope()) {
            Tensor images = images();
            Mixing.Mixed mixed = new Mixing(0.8, 0, 1, 0.5).mix(images, labels(), BATCH, 0, 1, 2, 3);
            float[] targets = floats(mixed.targets());
            float[] values = floats(mixed.images());
            int pairs = 0;
            for (int i = 0; i < BATCH; i++) {
                float sum = 0;
                double expected = 0;
                for (int c = 0; c < BATCH; c++) {
                    sum += targets[i * BATCH + c];
                    expected += targets[i * BATCH + c] * Math.pow(10, c);
                    pairs += c != i && targets[i * BATCH + c] > 0 ? 1 : 0;
                }
                assertThat(sum).isEqualTo(1, within(1e-6f));
                for (int p = 0; p < 3 * SIDE * SIDE; p++) {
                    assertThat((double) values[i * 3 * SIDE * SIDE + p]).isEqualTo(expected, within(expected * 1e-5));
                }
            }
            assertThat(pairs).isBetween(3, BATCH);
            assertThat(floats(images)).as("the batch itself stays").isEqualTo(floats(images()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
    void cutmixCountsThePixels(int batch) {
        try (PointerScope _ = new PointerScope()) {
            Mixing.Mixed mixed = new Mixing(0, 1, 1, 0.5).mix(images(), labels(), BATCH, 0, 1, 2, batch);
            float[] targets = floats(mixed.targets());
            float[] values = floats(mixed.images());
            for (int i = 0; i < BATCH; i++) {
                int[] pixels = new int[BATCH];
                for (int p = 0; p < SIDE * SIDE; p++) {
                    int from = (int) Math.round(Math.log10(values[i * 3 * SIDE * SIDE + p]));
                    pixels[from]++;
                    assertThat(values[i * 3 * SIDE * SIDE + p]).isEqualTo((float) Math.pow(10, from));
                }
                for (int c = 0; c < BATCH; c++) {
                    assertThat(targets[i * BATCH + c]).isEqualTo((float) pixels[c] / (SIDE * SIDE), within(1e-6f));
                }
            }
        }
    }

    @Test
    void allIsDrawnFromSeedEpochAndBatch() {
        Mixing both = new Mixing(0.2, 1, 0.9, 0.5);
        try (PointerScope _ = new PointerScope()) {
            float[] once = floats(both.mix(images(), labels(), BATCH, 0.1, 1, 2, 3).images());
            assertThat(floats(both.mix(images(), labels(), BATCH, 0.1, 1, 2, 3).images())).isEqualTo(once);
            assertThat(floats(both.mix(images(), labels(), BATCH, 0.1, 1, 2, 4).images())).isNotEqualTo(once);
            assertThat(floats(both.mix(images(), labels(), BATCH, 0.1, 1, 3, 3).images())).isNotEqualTo(once);
            assertThat(floats(both.mix(images(), labels(), BATCH, 0.1, 2, 2, 3).images())).isNotEqualTo(once);
        }
    }

    @Test
    void someBatchesAreLeftAsTheyAre() {
        Mixing rarely = new Mixing(0.2, 0, 0.25, 0.5);
        int same = 0;
        for (int batch = 0; batch < 200; batch++) {
            try (PointerScope _ = new PointerScope()) {
                Tensor images = images();
                same += rarely.mix(images, labels(), BATCH, 0, 1, 1, batch).images() == images ? 1 : 0;
            }
        }
        assertThat(same).isBetween(125, 175);
    }

    @Test
    void labelsAreSmoothedAndMayBeSeveral() {
        try (PointerScope _ = new PointerScope()) {
            float[] smooth = floats(Mixing.targets(torch.tensor(new long[]{2, 0}), 4, 0.2));
            assertThat(smooth).containsExactly(new float[]{0.05f, 0.05f, 0.85f, 0.05f, 0.85f, 0.05f, 0.05f, 0.05f},
                    within(1e-6f));
            Tensor several = torch.ones(BATCH, 4);
            Mixing.Mixed mixed = new Mixing(1, 0, 1, 0.5).mix(images(), several, 4, 0, 1, 1, 1);
            assertThat(floats(mixed.targets())).containsExactly(floats(several), within(1e-6f));
        }
    }

    @Test
    void betaHasItsMoments() {
        for (double alpha : new double[]{0.1, 0.2, 1, 5}) {
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < 20_000; i++) {
                double value = Beta.symmetric(alpha, Seeds.random(7, i));
                assertThat(value).isBetween(0.0, 1.0);
                sum += value / 20_000;
                squares += (value - 0.5) * (value - 0.5) / 20_000;
            }
            assertThat(sum).as("mean").isEqualTo(0.5, within(0.01));
            assertThat(squares).as("variance").isEqualTo(0.25 / (2 * alpha + 1), within(0.005));
        }
    }

    @Test
    void looksAtATest() {
        try (PointerScope _ = new PointerScope()) {
            assertThat(TestTimeAugmentation.FIVE_CROP.loadedSize(224)).isEqualTo(256);
            assertThat(TestTimeAugmentation.FLIP.loadedSize(224)).isEqualTo(224);
            Tensor image = torch.arange(new Scalar(16 * 16)).to(ScalarType.Float).view(1, 1, 16, 16);
            List<Tensor> views = TestTimeAugmentation.TEN_CROP.views(image, 14);
            assertThat(views).hasSize(10);
            assertThat(views.stream().map(view -> floats(view)[0]).toList()).containsExactly(0f, 2f, 32f, 34f, 17f, 13f,
                    15f, 45f, 47f, 30f);
            assertThat(TestTimeAugmentation.FLIP.views(image, 16)).hasSize(2);
            assertThatThrownBy(() -> TestTimeAugmentation.TEN_CROP.views(image, 16))
                    .hasMessage("images of 16x16; expected 18x18");
            float[] scores = floats(TestTimeAugmentation.FLIP.scores(view -> view.narrow(3, 0, 2).mean(2).view(1, 2),
                    image, 16));
            assertThat(Math.exp(scores[0]) + Math.exp(scores[1])).isEqualTo(1, within(1e-6));
            double one = 1 / (1 + Math.exp(1)); // of columns 0 and 1, then of 15 and 14
            assertThat(Math.exp(scores[0])).isEqualTo((one + (1 - one)) / 2, within(1e-6));
        }
    }
}
