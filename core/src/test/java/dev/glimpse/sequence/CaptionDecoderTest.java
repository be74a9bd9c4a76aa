package dev.glimpse.sequence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.attention.Args;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CaptionDecoderTest {
    private static final long ENCODER = 6;
    private static final long WORDS = 9;
    private static final long PLACES = 5;

    @BeforeEach
    void seed() {
        Libtorch.load();
        torch.manual_seed(3);
    }

    private static CaptionDecoder decoder(String activation, String gate) {
        Args args = new Args("caption", Map.of("attention", 4, "embed", 3,
                "decoder", 7, "activation", activation, "gate", gate));
        CaptionDecoder decoder = new CaptionDecoder(CaptionDecoder.Config.usual(ENCODER, WORDS).read(args));
        args.requireAllRead();
        decoder.eval();
        return decoder;
    }

    private static Tensor places(int pictures) {
        return torch.randn(pictures, PLACES, ENCODER);
    }

    /** What it says word by word is what it would have told when hearing the same words. */
    @ParameterizedTest
    @CsvSource({"relu, vector", "relu, scalar", "tanh, vector", "tanh, scalar"})
    void sayingAndHearingAgree(String activation, String gate) {
        CaptionDecoder decoder = decoder(activation, gate);
        try (PointerScope _ = new PointerScope()) {
            for (Gaze gaze : List.of(Gaze.SOFT, Gaze.LIKELIEST)) {
                Tensor places = places(2);
                long[] words = {2, 5, 7, 2, 8, 4};
                CaptionDecoder.Result heard = Scopes.noGrad(
                        () -> decoder.forward(places, Tensors.of(words, 2, 3), torch.ones(2, 2), gaze));
                Decoding saying = Scopes.noGrad(() -> decoder.decoding(places, gaze));
                Tensor first = Scopes.noGrad(() -> saying.next(Tensors.of(new long[]{2, 2}, 2)));
                Scopes.noGrad(() -> {
                    saying.keep(Tensors.of(new long[]{1, 0}, 2));
                    return null;
                });
                Tensor second = Scopes.noGrad(() -> saying.next(Tensors.of(new long[]{8, 5}, 2)));
                assertThat(Tensors.toDoubles(first))
                        .containsExactly(Tensors.toDoubles(heard.scores().select(1, 0)), within(1e-6));
                assertThat(Tensors.toDoubles(second.flip(0)))
                        .containsExactly(Tensors.toDoubles(heard.scores().select(1, 1)), within(1e-6));
            }
        }
    }

    @Test
    void behindTheEndNothingIsSaidAndNothingFlowsBack() {
        CaptionDecoder decoder = decoder("relu", "vector");
        try (PointerScope _ = new PointerScope()) {
            Tensor places = places(2).requires_grad_(true);
            CaptionDecoder.Result result = decoder.forward(places, Tensors.of(new long[]{2, 5, 3, 2, 3, 1}, 2, 3),
                    Tensors.of(new float[]{1, 1, 0, 0}, 2, 2), Gaze.SOFT);
            assertThat(Tensors.toDoubles(result.scores().get(1))).containsOnly(0);
            assertThat(Tensors.toDoubles(result.weights().get(1))).containsOnly(0);
            result.scores().sum().backward();
            double[] gradient = Tensors.toDoubles(new Tensor(places.grad()));
            int half = gradient.length / 2;
            assertThat(Arrays.copyOf(gradient, half)).isNotEqualTo(new double[half]);
            assertThat(Arrays.copyOfRange(gradient, half, 2 * half)).containsOnly(0);
        }
    }

    @Test
    void aHardGazeTakesOnePlace() {
        try (PointerScope _ = new PointerScope()) {
            Tensor weights = torch.randn(200, PLACES).softmax(1);
            assertThat(Tensors.toLongs(Tensors.argmax(Gaze.LIKELIEST.taken(weights), 1)))
                    .isEqualTo(Tensors.toLongs(Tensors.argmax(weights, 1)));
            assertThat(Tensors.toDoubles(Gaze.LIKELIEST.taken(weights))).containsOnly(0, 1);

            Tensor same = Tensors.of(new float[]{0.7f, 0.3f}, 1, 2).expand(4000, 2);
            double[] drawn = Tensors.toDoubles(Gaze.sampled(torch.ones(4000, 1)).taken(same));
            assertThat(drawn).containsOnly(0, 1);
            double first = 0;
            for (int i = 0; i < drawn.length; i += 2) {
                assertThat(drawn[i] + drawn[i + 1]).isEqualTo(1);
                first += drawn[i] / 4000;
            }
            assertThat(first).isCloseTo(0.7, within(0.04));
        }
    }

    /** Of the second picture the mean is taken: by it the weights learn. */
    @Test
    void chanceIsForSomePictures() {
        try (PointerScope _ = new PointerScope()) {
            Tensor scores = torch.randn(2, PLACES).requires_grad_(true);
            Tensor weights = scores.softmax(1);
            Tensor taken = Gaze.sampled(Tensors.of(new float[]{1, 0}, 2, 1)).taken(weights);
            assertThat(Tensors.toDoubles(taken.get(0))).containsOnly(0, 1);
            assertThat(Tensors.toDoubles(taken.get(1))).isEqualTo(Tensors.toDoubles(weights.get(1)));
            taken.mul(torch.randn(2, PLACES)).sum().backward();
            Tensor gradient = new Tensor(scores.grad());
            assertThat(Tensors.toDoubles(gradient.get(0))).containsOnly(0.0, -0.0);
            assertThat(Tensors.toDoubles(gradient.get(1))).doesNotContain(0);
        }
    }

    /** Three gazes at places 0, 1 and 2: each tells what it alone would have told, and the first goes on. */
    @Test
    void drawsOfAWordComeFromTheSameState() {
        CaptionDecoder decoder = decoder("relu", "vector");
        try (PointerScope _ = new PointerScope()) {
            Tensor places = places(2);
            Tensor captions = Tensors.of(new long[]{2, 5, 7, 2, 8, 4}, 2, 3);
            Tensor eye = torch.eye(PLACES);
            Tensor three = Tensors.cat(0, eye.narrow(0, 0, 3), eye.narrow(0, 0, 3));
            CaptionDecoder.Result drawn = decoder.drawing(places, captions, torch.ones(2, 2), _ -> three, 3);
            assertThat(Tensors.shape(drawn.scores())).containsExactly(6, 2, WORDS);
            for (int first = 0; first < 3; first++) {
                Tensor one = eye.narrow(0, first, 1).expand(2, PLACES);
                CaptionDecoder.Result alone = decoder.forward(places, captions, torch.ones(2, 2), _ -> one);
                int words = first == 0 ? 2 : 1; // later ones follow another state
                for (int picture = 0; picture < 2; picture++) {
                    assertThat(Tensors.toDoubles(drawn.scores().get(3 * picture + first).narrow(0, 0, words)))
                            .containsExactly(Tensors.toDoubles(alone.scores().get(picture).narrow(0, 0, words)),
                                    within(1e-6));
                }
                if (first == 0) {
                    assertThat(Tensors.toDoubles(drawn.weights())).containsExactly(Tensors.toDoubles(alone.weights()),
                            within(1e-6));
                }
            }
        }
    }

    /** In training half of the features are forgotten: the same for all draws. */
    @Test
    void chanceDoesNotTellDrawsApart() {
        CaptionDecoder decoder = decoder("relu", "vector");
        decoder.train(true);
        try (PointerScope _ = new PointerScope()) {
            Tensor captions = Tensors.of(new long[]{2, 5, 7}, 1, 3);
            Tensor scores = decoder.drawing(places(1), captions, torch.ones(1, 2), Gaze.SOFT, 2).scores();
            assertThat(Tensors.toDoubles(scores.get(0))).isEqualTo(Tensors.toDoubles(scores.get(1)));
            Tensor others = decoder.drawing(places(1), captions, torch.ones(1, 2), Gaze.SOFT, 2).scores();
            assertThat(Tensors.toDoubles(others.get(0))).isNotEqualTo(Tensors.toDoubles(scores.get(0)));
        }
    }

    @Test
    void wrongArgumentsAreRefused() {
        assertThatThrownBy(() -> decoder("sigmoid", "vector"))
                .hasMessage("caption: activation is 'sigmoid'; known: relu, tanh");
        assertThatThrownBy(() -> decoder("relu", "none")).hasMessage("caption: gate is 'none'; known: vector, scalar");
        assertThatThrownBy(() -> CaptionDecoder.Config.usual(ENCODER, 0))
                .hasMessageContaining("vocab is 0");
    }
}
