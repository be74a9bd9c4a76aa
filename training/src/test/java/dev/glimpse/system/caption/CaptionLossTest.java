package dev.glimpse.system.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.sequence.CaptionDecoder;
import dev.glimpse.sequence.Gaze;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CaptionLossTest {
    private static final long PICTURES = 4000;
    private static final int DRAWS = 3;
    private static final int ATTENTION_PARAMETERS = 5; // the sixth, a constant for all places, changes nothing
    private static final float[] LONE = {0, 0, 0, 0, 3, 0, 0, 0, 0};

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

    /** Two draws before each of two words: 3 and 1 for the first, alike for the second, whatever they cost. */
    @Test
    void aDrawIsJudgedBesideTheOthers() {
        try (PointerScope _ = new PointerScope()) {
            Tensor scores = torch.zeros(1, 2, 2).requires_grad_(true);
            Tensor costs = Tensors.of(new float[]{3, 7, 1, 7}, 1, 2, 2);
            Tensor taken = Tensors.of(new float[]{1, 0, 1, 0, 0, 1, 0, 1}, 1, 2, 2, 2);
            CaptionLoss.comparison(costs, scores.softmax(2), taken).backward();
            assertThat(Tensors.toDoubles(new Tensor(scores.grad()))).as("half of 2 for the one, of -2 for the other")
                    .containsExactly(new double[]{1, -1, 0, 0}, within(1e-6));
        }
    }

    /**
     * One of nine places tells the word. What the word is expected to cost has a gradient that is known, since each place can
     * be tried: that of many drawn captions comes near it in every part of the attention.
     */
    @Test
    void manyDrawsGiveTheGradientOfTheExpectedCost() {
        torch.manual_seed(5);
        CaptionDecoder decoder = new CaptionDecoder(CaptionDecoder.Config.usual(3, 6).sized(8, 0));
        try (PointerScope _ = new PointerScope()) {
            TensorVector parameters = decoder.parameters();
            Scopes.noGrad(() -> {
                for (long i = 0; i < parameters.size(); i++) {
                    parameters.get(i).mul_(new Scalar(2.0)); // so that what is seen makes a difference
                }
                return parameters.get(parameters.size() - 2).mul_(new Scalar(5.0)); // to words as well
            });
            Tensor places = torch.randn(1, 9, 3).mul(new Scalar(0.3)).add(Tensors.of(LONE, 1, 9, 1));
            Tensor eachPlace = torch.eye(9);
            CaptionDecoder.Result tried = said(decoder, places, 9, _ -> eachPlace, 1);
            Tensor expected = tried.weights().select(0, 0).squeeze(0).mul(costs(tried)).sum();
            Tensor gaze = torch.ones(PICTURES * DRAWS, 1);
            CaptionDecoder.Result drawn = said(decoder, places, PICTURES, Gaze.sampled(gaze), DRAWS);
            Tensor costs = costs(drawn);
            Tensor taught = costs.sum().div(new Scalar((double) DRAWS)).add(CaptionLoss.comparison(
                    costs.view(PICTURES, DRAWS, 1), drawn.weights(), drawn.taken().view(PICTURES, DRAWS, 1, 9)))
                    .div(new Scalar((double) PICTURES));
            double[][] exact = gradients(expected, parameters);
            double[][] mean = gradients(taught, parameters);
            for (int i = 0; i < exact.length; i++) {
                double greatest = Arrays.stream(exact[i]).map(Math::abs).max().orElseThrow();
                assertThat(greatest).isGreaterThan(0.001);
                assertThat(mean[i]).as("parameter %d", i).containsExactly(exact[i], within(0.1 * greatest));
            }
        }
    }

    /** Of the attention's parameters. */
    private static double[][] gradients(Tensor loss, TensorVector parameters) {
        loss.backward();
        double[][] gradients = new double[ATTENTION_PARAMETERS][];
        for (int i = 0; i < gradients.length; i++) {
            Tensor gradient = new Tensor(parameters.get(i).grad());
            gradients[i] = Tensors.toDoubles(gradient);
            gradient.zero_();
        }
        return gradients;
    }

    private static CaptionDecoder.Result said(CaptionDecoder decoder, Tensor places, long pictures, Gaze gaze,
            int draws) {
        Tensor captions = Tensors.of(new long[]{2, 5}, 1, 2).expand(pictures, 2);
        return decoder.drawing(places.expand(pictures, 9, 3), captions, torch.ones(pictures, 1), gaze, draws);
    }

    private static Tensor costs(CaptionDecoder.Result said) {
        long rows = said.scores().size(0);
        return CaptionLoss.costs(said.scores(), Tensors.of(new long[]{5}, 1, 1).expand(rows, 1), torch.ones(rows, 1));
    }

    @Test
    void certaintyIsNegativeEntropy() {
        try (PointerScope _ = new PointerScope()) {
            Tensor weights = Tensors.of(new float[]{0.25f, 0.25f, 0.25f, 0.25f, 1, 0, 0, 0}, 1, 2, 4);
            assertThat(CaptionLoss.certainty(weights).item().toDouble()).isCloseTo(-Math.log(4), within(1e-6));
        }
    }
}
