package dev.glimpse.system.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Tensors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CaptionLossTest {
    @BeforeAll
    static void load() {
        Libtorch.load();
    }

    /** Two words over two places, the second picture silent at the second: sums 1.5, 0.5 and 0.2, 0.8. */
    @Test
    void eachPlaceIsToBeLookedAtOnce() {
        try (PointerScope _ = new PointerScope()) {
            Tensor weights = Tensors.of(new float[]{0.9f, 0.1f, 0.6f, 0.4f, 0.2f, 0.8f, 0, 0}, 2, 2, 2);
            double byHand = (0.25 + 0.25 + 0.64 + 0.04) / 4;
            assertThat(CaptionLoss.coverage(weights).item().toDouble()).isCloseTo(byHand, within(1e-6));
        }
    }

    @Test
    void aCaptionCostsItsWordsAlone() {
        try (PointerScope _ = new PointerScope()) {
            Tensor scores = Tensors.of(new float[]{0, 0, 0, 0, 5, 1, 0, 0, 0, 7, 7, 7}, 2, 2, 3);
            Tensor costs = CaptionLoss.costs(scores, Tensors.of(new long[]{1, 1, 0, 2}, 2, 2),
                    Tensors.of(new float[]{1, 1, 1, 0}, 2, 2));
            double second = Math.log(Math.exp(0) + Math.exp(5) + Math.exp(1)) - 5;
            assertThat(Tensors.toDoubles(costs)[0]).isCloseTo(Math.log(3) + second, within(1e-5));
            assertThat(Tensors.toDoubles(costs)[1]).isCloseTo(Math.log(3), within(1e-5));
        }
    }

    /** The gradient of (cost - b) log w by the scores under the softmax is (cost - b) (taken - w). */
    @Test
    void whatCostLessThanUsualIsDrawnMore() {
        try (PointerScope _ = new PointerScope()) {
            Tensor scores = torch.zeros(3, 1, 2).requires_grad_(true);
            Tensor weights = scores.softmax(2);
            Tensor taken = Tensors.of(new float[]{1, 0, 1, 0, 1, 0}, 3, 1, 2);
            CaptionLoss.reinforce(Tensors.of(new float[]{2, 9, 2}, 3), Tensors.of(new float[]{5}, 1), weights, taken,
                    Tensors.of(new float[]{1, 1, 0}, 3, 1)).backward();
            assertThat(Tensors.toDoubles(new Tensor(scores.grad())))
                    .containsExactly(new double[]{-1.5, 1.5, 2, -2, 0, 0}, within(1e-6));
        }
    }

    /** One of four places is cheap: drawn and taught so, the weights go there. */
    @Test
    void reinforceFindsTheCheapPlace() {
        try (PointerScope _ = new PointerScope()) {
            torch.manual_seed(0);
            Tensor scores = torch.zeros(1, 1, 4).requires_grad_(true);
            Tensor prices = Tensors.of(new float[]{3, 3, 1, 3}, 4);
            double baseline = 0;
            for (int step = 0; step < 120; step++) {
                try (PointerScope _ = new PointerScope()) {
                    Tensor weights = scores.softmax(2).expand(16, 1, 4);
                    Tensor places = weights.detach().squeeze(1).multinomial(1); // (16, 1)
                    Tensor taken = torch.one_hot(places, 4).to(torch.ScalarType.Float); // (16, 1, 4)
                    Tensor costs = prices.index_select(0, places.squeeze(1));
                    Tensor loss = CaptionLoss.reinforce(costs, Tensors.of(new float[]{(float) baseline}, 1), weights,
                            taken, torch.ones(16, 1)).div(new Scalar(16.0));
                    baseline = 0.9 * baseline + 0.1 * costs.mean().item().toDouble();
                    loss.backward();
                    try (AutoGradMode _ = new AutoGradMode(false)) {
                        scores.sub_(new Tensor(scores.grad()));
                        scores.grad().zero_();
                    }
                }
            }
            assertThat(Tensors.toDoubles(scores.detach().softmax(2))[2]).isGreaterThan(0.9);
        }
    }

    @Test
    void certaintyIsNegativeEntropy() {
        try (PointerScope _ = new PointerScope()) {
            Tensor weights = Tensors.of(new float[]{0.25f, 0.25f, 0.25f, 0.25f, 1, 0, 0, 0}, 1, 2, 4);
            assertThat(CaptionLoss.certainty(weights).item().toDouble()).isCloseTo(-Math.log(4), within(1e-6));
        }
    }
}
