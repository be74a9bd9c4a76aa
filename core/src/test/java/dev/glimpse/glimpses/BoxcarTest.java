package dev.glimpse.glimpses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.glimpses.Boxcar.Gradient;
import dev.glimpse.nn.Tensors;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The soft mask and the zoom, against their formulas pixel by pixel. */
class BoxcarTest {
    private static final int SIDE = 12;
    private static final int SIZE = 5;
    private static final double SHARP = 3;
    private static final double[] BOX = {0.43, 0.56, 0.27};

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static float[] pixels() {
        Random random = new Random(5);
        float[] pixels = new float[SIDE * SIDE];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = random.nextFloat() - 0.3f;
        }
        return pixels;
    }

    private static double step(double pixels) {
        return 1 / (1 + Math.exp(-SHARP * pixels));
    }

    private static double masked(float[] pixels, double[] box, int x, int y) {
        double left = (box[0] - box[2]) * SIDE;
        double right = (box[0] + box[2]) * SIDE;
        double top = (box[1] - box[2]) * SIDE;
        double bottom = (box[1] + box[2]) * SIDE;
        return pixels[y * SIDE + x] * (step(x + 0.5 - left) - step(x + 0.5 - right))
                * (step(y + 0.5 - top) - step(y + 0.5 - bottom));
    }

    /** One pixel of the result, its mask at one box and its places at another. */
    private static double slow(float[] pixels, double[] mask, double[] zoom, int column, int row) {
        double x = (zoom[0] - zoom[2] + 2 * zoom[2] * (column + 0.5) / SIZE) * SIDE - 0.5;
        double y = (zoom[1] - zoom[2] + 2 * zoom[2] * (row + 0.5) / SIZE) * SIDE - 0.5;
        int x0 = (int) Math.floor(x);
        int y0 = (int) Math.floor(y);
        double sum = 0;
        for (int dy = 0; dy < 2; dy++) {
            for (int dx = 0; dx < 2; dx++) {
                double share = Math.abs(1 - dx - (x - x0)) * Math.abs(1 - dy - (y - y0));
                sum += share * masked(pixels, mask, x0 + dx, y0 + dy);
            }
        }
        return sum;
    }

    /** A loss that weighs each pixel of the result differently. */
    private static double slowLoss(float[] pixels, double[] mask, double[] zoom) {
        double sum = 0;
        for (int i = 0; i < SIZE * SIZE; i++) {
            sum += Math.sin(i) * slow(pixels, mask, zoom, i % SIZE, i / SIZE);
        }
        return sum;
    }

    private static Tensor doubles(double... values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return Tensors.of(floats, 1, values.length).to(ScalarType.Double);
    }

    private static double[] rounded() {
        return Tensors.toDoubles(doubles(BOX));
    }

    @Test
    void aPartIsWhatTheFormulaSays() {
        float[] pixels = pixels();
        Tensor image = Tensors.of(pixels, 1, 1, SIDE, SIDE).to(ScalarType.Double);
        Tensor part = new Boxcar(SHARP, Gradient.MASK).cut(image, doubles(BOX), SIZE);
        assertThat(Tensors.shape(part)).containsExactly(1, 1, SIZE, SIZE);
        double[] found = Tensors.toDoubles(part);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).as("pixel %d", i)
                    .isCloseTo(slow(pixels, rounded(), rounded(), i % SIZE, i / SIZE), within(1e-9));
        }
    }

    @ParameterizedTest
    @EnumSource(Gradient.class)
    void itsGradientIsThatOfTheFormula(Gradient moves) {
        float[] pixels = pixels();
        Tensor image = Tensors.of(pixels, 1, 1, SIDE, SIDE).to(ScalarType.Double);
        Tensor box = doubles(BOX).requires_grad_(true);
        Tensor weights = torch.arange(new Scalar(SIZE * SIZE)).to(ScalarType.Double).sin().view(1, 1, SIZE, SIZE);
        Tensor loss = new Boxcar(SHARP, moves).cut(image, box, SIZE).mul(weights).sum();
        double[] gradient = Tensors.toDoubles(Tensors.gradient(loss, box));
        double[] at = rounded();
        double by = 1e-5;
        for (int i = 0; i < at.length; i++) {
            double[] more = at.clone();
            double[] less = at.clone();
            more[i] += by;
            less[i] -= by;
            double slope = moves == Gradient.BOTH
                    ? slowLoss(pixels, more, more) - slowLoss(pixels, less, less)
                    : slowLoss(pixels, more, at) - slowLoss(pixels, less, at);
            assertThat(Math.abs(slope)).isGreaterThan(1e-6);
            assertThat(gradient[i]).as("number %d", i).isCloseTo(slope / (2 * by), within(1e-5));
        }
    }

    @Test
    void aLossOfTheMissingMovesABoxTowardsIt() {
        Tensor image = torch.zeros(1, 1, 24, 24);
        image.narrow(2, 6, 8).narrow(3, 4, 8).fill_(new Scalar(1.0)); // centre (8, 10)
        Tensor box = Tensors.of(new float[]{0.55f, 0.58f, 0.2f}, 1, 3);
        Boxcar boxcar = new Boxcar(10, Gradient.MASK);
        double before = Math.hypot(0.55 * 24 - 8, 0.58 * 24 - 10);
        for (int i = 0; i < 200; i++) {
            Tensor leaf = box.detach().requires_grad_(true);
            Tensor truth = boxcar.cut(image, leaf, 8).mean();
            Tensor sure = Tensors.stack(0, Tensors.of(new float[]{0.8f}, 1).squeeze(), truth, truth).unsqueeze(0);
            Tensor slope = Tensors.gradient(RaCnn.ranking(sure, 0.05), leaf);
            box = leaf.detach().sub(slope.mul(Tensors.of(new float[]{0.002f, 0.002f, 0}, 1, 3)));
        }
        double[] after = Tensors.toDoubles(box);
        assertThat(Math.hypot(after[0] * 24 - 8, after[1] * 24 - 10)).isLessThan(before / 2);
    }

    @Test
    void boxesStayInThePictureAndAreNotTooSmall() {
        Tensor proposed = Tensors.of(new float[]{0.05f, 0.98f, 0.5f, 0.5f, 0.5f, 0.1f, 0.4f, 0.2f, 1}, 3, 3)
                .requires_grad_(true);
        Tensor boxes = Boxcar.bounded(proposed, 1.0 / 6);
        double sixth = 1.0 / 6;
        double[] expected = {0.25, 0.75, 0.25, 0.5, 0.5, sixth, 0.5, 0.5, 0.5};
        double[] found = Tensors.toDoubles(boxes);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).isCloseTo(expected[i], within(1e-6));
        }
        assertThat(Tensors.toDoubles(Tensors.gradient(boxes.sum(), proposed))).as("at the bounds as well")
                .containsExactly(1, 1, 0.5, 1, 1, 0.5, 1, 1, 0.5);
    }

    @Test
    void aBoxWithinABox() {
        Tensor outer = Tensors.of(new float[]{0.5f, 0.25f, 0.25f}, 1, 3).requires_grad_(true);
        Tensor inner = Tensors.of(new float[]{0.25f, 0.75f, 0.2f}, 1, 3).requires_grad_(true);
        Tensor box = Boxcar.within(outer, inner);
        double[] found = Tensors.toDoubles(box);
        assertThat(found[0]).isCloseTo(0.375, within(1e-6));
        assertThat(found[1]).isCloseTo(0.375, within(1e-6));
        assertThat(found[2]).isCloseTo(0.1, within(1e-6));
        box.sum().backward();
        assertThat(outer.grad().defined()).isFalse();
        assertThat(Tensors.toDoubles(inner.grad())).containsExactly(0.5, 0.5, 0.5);
    }

    @Test
    void aMaskThatIsNoneIsRefused() {
        assertThatThrownBy(() -> new Boxcar(0, Gradient.MASK)).hasMessage("racnn: sharpness is 0.0, must be above 0");
    }
}
