package dev.glimpse.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.nn.Tensors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("widths")
class LogitsTest {
    /** Near zero, where the two halves of its range meet, far out on both sides, and what is no number. */
    private static float[] inputs() {
        float[] inputs = new float[4_008];
        for (int i = 0; i < 4_000; i++) {
            inputs[i] = (i - 2_000) * 0.05f;
        }
        float[] special =
                {-88.5f, 0f, -0f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 1e-30f, -3e38f};
        System.arraycopy(special, 0, inputs, 4_000, special.length);
        return inputs;
    }

    @Test
    void theSigmoidIsThatOfTheFormula() {
        try (PointerScope _ = new PointerScope()) {
            float[] inputs = inputs();
            Tensor z = Tensors.of(inputs, inputs.length);
            Tensor y = Tensors.of(new float[inputs.length], inputs.length);
            Logits.squash(Numbers.of(z).address(), inputs.length, 1, 0, Numbers.of(y).address());
            float[] gates = Tensors.toFloats(y);
            for (int i = 0; i < inputs.length; i++) {
                double expected = 1 / (1 + Math.exp(-inputs[i]));
                if (Double.isNaN(expected)) {
                    assertThat(gates[i]).isNaN();
                } else {
                    assertThat((double) gates[i]).as("sigmoid of %s", inputs[i])
                            .isCloseTo(expected, within(3e-7 * expected + 1e-38));
                }
            }
        }
    }

    @Test
    void theWayBackIsTheDerivative() {
        try (PointerScope _ = new PointerScope()) {
            float[] gates = {0, 0.25f, 0.5f, 1};
            Tensor gate = Tensors.of(gates, 4);
            Tensor gradient = Tensors.of(new float[]{1, 2, -4, 3}, 4);
            Logits.unsquash(Numbers.of(gradient).address(), 4, Numbers.of(gate).address());
            assertThat(Tensors.toFloats(gradient)).containsExactly(0, 0.375f, -1, 0);
        }
    }
}
