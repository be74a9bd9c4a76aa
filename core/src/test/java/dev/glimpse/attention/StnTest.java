package dev.glimpse.attention;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static dev.glimpse.attention.SpatialFormulas.conv;
import static dev.glimpse.attention.SpatialFormulas.linear;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Init;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Tensors.Outside;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class StnTest {
    private static final int CHANNELS = 3;

    @ParameterizedTest
    @ValueSource(strings = {"stn", "stn:align_corners=true", "stn:outside=border", "stn:outside=reflection"})
    void startsAsTheIdentity(String text) {
        Layer stn = Attentions.slot(text).create(CHANNELS);
        for (long[] map : new long[][]{{8, 8}, {7, 7}, {9, 6}, {13, 1}, {1, 4}, {1, 1}, {31, 64}}) {
            Tensor x = random(1, ScalarType.Float, 2, CHANNELS, map[0], map[1]);
            assertThat(magnitude(stn.forward(x).sub(x))).as(Tensors.shapeText(map)).isLessThan(1e-4);
        }
    }

    @ParameterizedTest
    @EnumSource
    void samplesWhereThetaSays(Outside outside) {
        float c = (float) Math.cos(0.4);
        float s = (float) Math.sin(0.4);
        float[][] thetas = {{1, 0, 0.25f, 0, 1, -0.5f}, {c, -s, 0, s, c, 0}, {0.5f, 0, 0.1f, 0, 0.5f, 0.2f},
            {1.7f, 0.3f, 0.4f, -0.6f, -2.1f, 0.2f}};
        for (boolean alignCorners : new boolean[]{false, true}) {
            Stn stn = new Stn(CHANNELS, new Stn.Config(alignCorners, outside, Stn.Form.PADDED));
            for (float[] theta : thetas) {
                Init.values(StateDict.of(stn).get("fc_loc.2.bias"), theta);
                for (long[] map : new long[][]{{8, 8}, {7, 5}, {6, 1}, {1, 1}}) {
                    Tensor x = random(1, ScalarType.Float, 2, CHANNELS, map[0], map[1]);
                    float[][] both = {theta, theta};
                    Tensor expected = sampled(x, both, outside, alignCorners);
                    assertThat(magnitude(stn.forward(x).sub(expected))).isLessThan(1e-4);
                }
            }
        }
    }

    /** One pixel of five to the right; a quarter turn: no bilinear sampler is needed to know the result. */
    @Test
    void shiftsAndTurns() {
        Stn stn = new Stn(CHANNELS);
        Tensor x = random(1, ScalarType.Float, 2, CHANNELS, 5, 5);
        Init.values(StateDict.of(stn).get("fc_loc.2.bias"), 1, 0, 2 / 5f, 0, 1, 0);
        Tensor shifted = torch.constant_pad_nd(x.narrow(3, 1, 4), 0, 1);
        assertThat(magnitude(stn.forward(x).sub(shifted))).isLessThan(1e-5);
        Init.values(StateDict.of(stn).get("fc_loc.2.bias"), 0, 1, 0, 1, 0, 0);
        assertThat(magnitude(stn.forward(x).sub(x.transpose(2, 3)))).isLessThan(1e-5);
        Init.values(StateDict.of(stn).get("fc_loc.2.bias"), -1, 0, 0, 0, 1, 0);
        assertThat(magnitude(stn.forward(x).sub(x.flip(3)))).isLessThan(1e-5);
    }

    @ParameterizedTest
    @CsvSource({"padded, 28, 28", "padded, 9, 7", "padded, 33, 2", "padded, 1, 1", "tutorial, 28, 28",
        "tutorial, 18, 33"})
    void eachImageHasItsOwnTransformation(String form, long height, long width) {
        Layer stn = Attentions.slot("stn:outside=border,form=" + form).create(CHANNELS);
        randomise(stn, 3);
        Map<String, Tensor> state = StateDict.of(stn);
        Tensor x = random(1, ScalarType.Float, 2, CHANNELS, height, width);
        boolean padded = form.equals("padded");
        Tensor y = pooled(conv(x, state, "localization.0", padded ? 3 : 0, 1, 1), padded).relu();
        y = pooled(conv(y, state, "localization.3", padded ? 2 : 0, 1, 1), padded).relu();
        Tensor theta = linear(linear(cells(y), state, "fc_loc.0").relu(), state, "fc_loc.2");
        float[][] thetas = {Tensors.toFloats(theta.get(0)), Tensors.toFloats(theta.get(1))};
        assertThat(thetas[0]).isNotEqualTo(thetas[1]);
        Tensor expected = sampled(x, thetas, Outside.BORDER, false);
        assertThat(magnitude(stn.forward(x).sub(expected))).isLessThan(1e-3);
    }

    /** On 28x28 digits the 3x3 cells are what the tutorial flattens. */
    @Test
    void fitsTheTutorialsWeights() {
        Layer stn = Attentions.slot("stn:form=tutorial").create(1);
        Map<String, long[]> shapes = StateDict.shapes(StateDict.of(stn));
        assertThat(shapes).hasSize(8);
        assertThat(shapes.get("localization.0.weight")).containsExactly(8, 1, 7, 7);
        assertThat(shapes.get("localization.3.weight")).containsExactly(10, 8, 5, 5);
        assertThat(shapes.get("fc_loc.0.weight")).containsExactly(32, 90);
        assertThat(shapes.get("fc_loc.2.weight")).containsExactly(6, 32);
        assertThat(StateDict.parameterCount(stn)).isEqualTo(5520);
    }

    @Test
    void theTutorialsFormNeedsRoom() {
        Layer stn = Attentions.slot("stn:form=tutorial").create(CHANNELS);
        assertThatThrownBy(() -> stn.forward(random(1, ScalarType.Float, 1, CHANNELS, 17, 40)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("stn: form=tutorial needs maps of 18x18 or more, got 17x40; use form=padded");
        assertThat(magnitude(stn.forward(random(1, ScalarType.Float, 1, CHANNELS, 18, 18)))).isFinite();
    }

    /** The table's examples reflect; here is what users get. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void gradientsAreThoseOfFiniteDifferences(boolean alignCorners) {
        Stn stn = new Stn(CHANNELS, new Stn.Config(alignCorners, Outside.ZEROS, Stn.Form.PADDED));
        stn.to(ScalarType.Double, false);
        Map<String, Tensor> parameters = StateDict.parameters(stn);
        Scopes.noGrad(() -> parameters.get("fc_loc.2.weight").normal_(0, 0.1, null));
        Tensor x = random(1, ScalarType.Double, 2, CHANNELS, 9, 7).set_requires_grad(true);
        Tensor weights = random(2, ScalarType.Double, 2, CHANNELS, 9, 7);
        stn.forward(x).mul(weights).sum().backward();
        double step = 1e-7;
        parameters.put("input", x);
        parameters.forEach((name, parameter) -> {
            Tensor move = random(3, ScalarType.Double, Tensors.shape(parameter));
            double expected = parameter.grad().mul(move).sum().item_double();
            assertThat(expected).as(name).isNotZero();
            double difference = Scopes.noGrad(() -> {
                parameter.add_(move, new Scalar(step));
                double above = stn.forward(x).mul(weights).sum().item_double();
                parameter.add_(move, new Scalar(-2 * step));
                double below = stn.forward(x).mul(weights).sum().item_double();
                parameter.add_(move, new Scalar(step));
                return (above - below) / (2 * step);
            });
            assertThat(difference).as(name).isCloseTo(expected, within(1e-5 * Math.abs(expected)));
        });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"outside=mirror | stn: outside is 'mirror'; known: zeros, border, reflection",
        "form=paper | stn: form is 'paper'; known: padded, tutorial",
        "align_corners=1 | stn: align_corners is '1', not true or false"})
    void wrongArgumentsAreNamed(String args, String message) {
        assertThatThrownBy(() -> Attentions.slot("stn:" + args).create(CHANNELS)).hasMessage(message);
    }

    private static Tensor pooled(Tensor x, boolean padded) {
        long[] kernel = padded ? new long[]{3, 3} : new long[]{2, 2};
        long[] padding = padded ? new long[]{1, 1} : new long[]{0, 0};
        return torch.max_pool2d(x, kernel, new long[]{2, 2}, padding, new long[]{1, 1}, false);
    }

    /** The means of 3x3 cells that cover the map, overlapping where they must: (B, C, H, W) to (B, 9C). */
    private static Tensor cells(Tensor x) {
        Tensor[] means = new Tensor[9];
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                long top = i * x.size(2) / 3;
                long left = j * x.size(3) / 3;
                long bottom = Math.ceilDiv((i + 1) * x.size(2), 3);
                long right = Math.ceilDiv((j + 1) * x.size(3), 3);
                means[3 * i + j] = x.narrow(2, top, bottom - top).narrow(3, left, right - left).mean(2, 3); // (B, C)
            }
        }
        return Tensors.stack(2, means).flatten(1, 2);
    }

    /** Bilinear sampling, a position at a time. */
    private static Tensor sampled(Tensor x, float[][] thetas, Outside outside, boolean alignCorners) {
        int channels = (int) x.size(1);
        int height = (int) x.size(2);
        int width = (int) x.size(3);
        float[] in = Tensors.toFloats(x);
        float[] out = new float[in.length];
        for (int image = 0; image < thetas.length; image++) {
            float[] theta = thetas[image];
            for (int i = 0; i < height; i++) {
                for (int j = 0; j < width; j++) {
                    double across = toUnit(j, width, alignCorners);
                    double down = toUnit(i, height, alignCorners);
                    double left = toPixels(theta[0] * across + theta[1] * down + theta[2], width, alignCorners);
                    double top = toPixels(theta[3] * across + theta[4] * down + theta[5], height, alignCorners);
                    left = bounded(left, width, outside, alignCorners);
                    top = bounded(top, height, outside, alignCorners);
                    for (int c = 0; c < channels; c++) {
                        int plane = (image * channels + c) * height * width;
                        out[plane + i * width + j] = (float) read(in, plane, height, width, top, left);
                    }
                }
            }
        }
        return Tensors.of(out, Tensors.shape(x));
    }

    private static double toUnit(int pixel, int size, boolean alignCorners) {
        if (alignCorners) {
            return size == 1 ? 0 : 2.0 * pixel / (size - 1) - 1;
        }
        return (2.0 * pixel + 1) / size - 1;
    }

    private static double toPixels(double unit, int size, boolean alignCorners) {
        return alignCorners ? (unit + 1) / 2 * (size - 1) : ((unit + 1) * size - 1) / 2;
    }

    private static double bounded(double pixel, int size, Outside outside, boolean alignCorners) {
        double bounded = pixel;
        double edge = alignCorners ? 0 : 0.5;
        while (outside == Outside.REFLECTION && size > 1 && (bounded < -edge || bounded > size - 1 + edge)) {
            bounded = bounded < -edge ? -2 * edge - bounded : 2 * (size - 1 + edge) - bounded;
        }
        return outside == Outside.ZEROS ? bounded : Math.clamp(bounded, 0, size - 1.0);
    }

    private static double read(float[] in, int plane, int height, int width, double top, double left) {
        double sum = 0;
        for (int i = 0; i < height; i++) {
            for (int j = 0; j < width; j++) {
                double share = Math.max(0, 1 - Math.abs(top - i)) * Math.max(0, 1 - Math.abs(left - j));
                sum += share * in[plane + i * width + j];
            }
        }
        return sum;
    }
}
