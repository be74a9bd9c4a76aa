package dev.glimpse.sequence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Support;
import dev.glimpse.attention.Args;
import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Tensors;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class Seq2SeqTest {
    private static final int WORDS = 9;
    private static final int EMBEDDING = 3;
    private static final int ENCODER = 4;
    private static final int DECODER = 5;
    private static final int MAXOUT = 2;
    /** The second is shorter and stands first in no order: padding lies behind it. */
    private static final long[] SOURCE = {2, 8, 3, 1, 1, 2, 5, 6, 7, 3};
    private static final long[] TARGET = {2, 6, 1, 1, 2, 4, 5, 8};

    @BeforeAll
    static void load() {
        Libtorch.load();
    }

    private static Seq2Seq model(Map<String, Object> more) {
        Map<String, Object> args = new LinkedHashMap<>(Map.of("n_src_vocab", WORDS, "n_trg_vocab", WORDS, "emb_dim",
                EMBEDDING, "enc_hid_dim", ENCODER, "dec_hid_dim", DECODER, "maxout", MAXOUT));
        args.putAll(more);
        Args read = new Args("seq2seq", args);
        Seq2Seq built = new Seq2Seq(Seq2Seq.Config.read(read));
        read.requireAllRead();
        Support.randomise(built, 4);
        built.eval();
        return built;
    }

    private static Tensor scores(Seq2Seq model, Tensor source, Tensor target) {
        return model.scores(model.states(source, target));
    }

    /** Weights by key, as arrays, and the paper's formulas on them word by word, without a batch and without padding. */
    private static final class Formulas {
        private final Map<String, double[]> weights = new LinkedHashMap<>();

        Formulas(Seq2Seq model) {
            StateDict.parameters(model).forEach((key, tensor) -> weights.put(key, Tensors.toDoubles(tensor)));
        }

        private double[] word(String half, long number) {
            double[] all = weights.get(half + ".embedding.weight");
            return Arrays.copyOfRange(all, (int) number * EMBEDDING, (int) (number + 1) * EMBEDDING);
        }

        /** {@code W x + b}. */
        private double[] linear(String weight, String bias, double[] x) {
            double[] matrix = weights.get(weight);
            double[] y = bias == null ? new double[matrix.length / x.length] : weights.get(bias).clone();
            for (int i = 0; i < matrix.length; i++) {
                y[i / x.length] += matrix[i] * x[i % x.length];
            }
            return y;
        }

        private double[] gru(String prefix, String suffix, double[] x, double[] h) {
            double[] in = linear(prefix + "weight_ih_l0" + suffix, prefix + "bias_ih_l0" + suffix, x);
            double[] before = linear(prefix + "weight_hh_l0" + suffix, prefix + "bias_hh_l0" + suffix, h);
            int n = h.length;
            double[] next = new double[n];
            for (int i = 0; i < n; i++) {
                double reset = sigmoid(in[i] + before[i]);
                double update = sigmoid(in[n + i] + before[n + i]);
                double proposal = Math.tanh(in[2 * n + i] + reset * before[2 * n + i]);
                next[i] = (1 - update) * proposal + update * h[i];
            }
            return next;
        }

        private static double sigmoid(double x) {
            return 1 / (1 + Math.exp(-x));
        }

        private static double[] joined(double[]... parts) {
            return Arrays.stream(parts).flatMapToDouble(Arrays::stream).toArray();
        }

        private double[] context(double[] state, double[][] source) {
            double[] energies = new double[source.length];
            for (int j = 0; j < source.length; j++) {
                double[] compared = linear("decoder.attention.attn_fc.weight", "decoder.attention.attn_fc.bias",
                        joined(state, source[j]));
                energies[j] = Math.exp(linear("decoder.attention.v_fc.weight", null,
                        Arrays.stream(compared).map(Math::tanh).toArray())[0]);
            }
            double sum = Arrays.stream(energies).sum();
            double[] context = new double[2 * ENCODER];
            for (int j = 0; j < source.length; j++) {
                for (int i = 0; i < context.length; i++) {
                    context[i] += energies[j] / sum * source[j][i];
                }
            }
            return context;
        }

        double[][] scores(long[] source, long[] target, boolean maxout) {
            double[][] forwards = new double[source.length][];
            double[][] backwards = new double[source.length][];
            double[] h = new double[ENCODER];
            for (int i = 0; i < source.length; i++) {
                h = gru("encoder.rnn.", "", word("encoder", source[i]), h);
                forwards[i] = h;
            }
            double[] back = new double[ENCODER];
            for (int i = source.length - 1; i >= 0; i--) {
                back = gru("encoder.rnn.", "_reverse", word("encoder", source[i]), back);
                backwards[i] = back;
            }
            double[][] both = new double[source.length][];
            Arrays.setAll(both, i -> joined(forwards[i], backwards[i]));
            double[] state = Arrays.stream(linear("encoder.fc.weight", "encoder.fc.bias", joined(h, back)))
                    .map(Math::tanh).toArray();
            double[][] scores = new double[target.length][];
            for (int t = 0; t < target.length; t++) {
                double[] word = word("decoder", target[t]);
                double[] context = context(state, both);
                state = gru("decoder.rnn.", "", joined(word, context), state);
                double[] features = joined(state, context, word);
                if (maxout) {
                    double[] pairs = linear("decoder.maxout.weight", "decoder.maxout.bias", features);
                    features = new double[MAXOUT];
                    for (int i = 0; i < MAXOUT; i++) {
                        features[i] = Math.max(pairs[2 * i], pairs[2 * i + 1]);
                    }
                }
                scores[t] = linear("decoder.fc_out.weight", "decoder.fc_out.bias", features);
            }
            return scores;
        }
    }

    /** In a batch whose sentences are of different lengths, each has the scores that plain formulas give it alone. */
    @ParameterizedTest
    @EnumSource(Seq2Seq.Output.class)
    void itComputesThePapersFormulas(Seq2Seq.Output output) {
        try (PointerScope _ = new PointerScope()) {
            Seq2Seq model = model(Map.of("output", output.name()));
            Tensor scores = scores(model, Tensors.of(SOURCE, 2, 5), Tensors.of(TARGET, 2, 4));
            Formulas formulas = new Formulas(model);
            boolean maxout = output == Seq2Seq.Output.MAXOUT;
            requireClose(scores.select(0, 0).narrow(0, 0, 2),
                    formulas.scores(new long[]{2, 8, 3}, new long[]{2, 6}, maxout));
            requireClose(scores.select(0, 1),
                    formulas.scores(new long[]{2, 5, 6, 7, 3}, new long[]{2, 4, 5, 8}, maxout));
        }
    }

    private static void requireClose(Tensor scores, double[][] expected) {
        double[] flat = Arrays.stream(expected).flatMapToDouble(Arrays::stream).toArray();
        double[] computed = Tensors.toDoubles(scores);
        assertThat(computed).hasSameSizeAs(flat);
        for (int i = 0; i < flat.length; i++) {
            assertThat(computed[i]).as("score " + i).isCloseTo(flat[i],
                    within(1e-5 * (1 + Math.abs(flat[i]))));
        }
    }

    @Test
    void paddingGetsNoGradientAndNoWeight() {
        try (PointerScope _ = new PointerScope()) {
            Seq2Seq model = model(Map.of());
            Tensor source = Tensors.of(SOURCE, 2, 5);
            scores(model, source, Tensors.of(TARGET, 2, 4)).sum().backward();
            Tensor gradient = StateDict.parameters(model).get("encoder.embedding.weight").grad();
            assertThat(Support.magnitude(gradient.select(0, Vocabulary.PAD))).isZero();
            assertThat(Support.magnitude(gradient.select(0, 8))).isPositive();
            List<AttentionMap> maps = AttentionMaps.during(() -> model.states(source, Tensors.of(TARGET, 2, 4)));
            assertThat(maps).as("one a word").hasSize(4);
            float[] weights = Tensors.toFloats(maps.getFirst().values()); // (2, 1, 1, 5)
            assertThat(Arrays.copyOfRange(weights, 3, 5)).containsExactly(0, 0);
            assertThat(weights[0] + weights[1] + weights[2]).isCloseTo(1, within(1e-5f));
        }
    }

    @Test
    void wordByWordGivesTheSameAsAllAtOnce() {
        try (PointerScope _ = new PointerScope()) {
            Seq2Seq model = model(Map.of());
            Tensor source = Tensors.of(SOURCE, 2, 5);
            Tensor target = Tensors.of(TARGET, 2, 4);
            Tensor all = scores(model, source, target);
            Decoding decoding = model.decode(source);
            for (int i = 0; i < 3; i++) {
                Tensor next = decoding.next(target.select(1, i).contiguous());
                assertThat(torch.allclose(next, all.select(1, i), 1e-4, 1e-5, false)).as("word " + i).isTrue();
            }
            decoding.keep(Tensors.of(new long[]{1, 1}, 2));
            Tensor last = decoding.next(Tensors.of(new long[]{8, 8}, 2));
            assertThat(torch.allclose(last, all.narrow(0, 1, 1).select(1, 3).expand(2, WORDS), 1e-4, 1e-5, false))
                    .as("row 1, twice").isTrue();
        }
    }

    /** The tutorial's count for vocabularies of 7,853 and 5,893 words. */
    @Test
    void itsLinearFormIsTheTutorials() {
        Map<String, Object> args = Map.of("n_src_vocab", 7853, "n_trg_vocab", 5893, "emb_dim", 256, "enc_hid_dim", 512,
                "dec_hid_dim", 512, "output", "linear");
        Seq2Seq model = new Seq2Seq(Seq2Seq.Config.read(new Args("seq2seq", args)));
        assertThat(StateDict.parameterCount(model)).isEqualTo(20_518_405);
        model.close();
    }

    @ParameterizedTest
    @CsvSource({"pad, 12, 'pad is 12'", "enc_hid_dim, 0, 'enc_hid_dim'", "dropout, 1.5, 'dropout'",
        "output, big, 'output is'", "layers, 3, \"no argument 'layers'\""})
    void aWrongArgumentIsNamed(String name, String value, String said) {
        assertThatThrownBy(() -> model(Map.of(name, value))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(said.replace("\"", ""));
    }
}
