package dev.glimpse.sequence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.attention.Args;
import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TransformerTest {
    private static final long[] SOURCE = {2, 5, 6, 7, 3, 2, 8, 3, 1, 1};
    private static final long[] TARGET = {2, 9, 4, 5, 2, 6, 3, 1};

    @BeforeAll
    static void load() {
        Libtorch.load();
    }

    private static Transformer transformer(Map<String, Object> more) {
        torch.manual_seed(3);
        Map<String, Object> args = new LinkedHashMap<>(Map.of("n_src_vocab", 12, "n_trg_vocab", 12, "d_model", 16,
                "d_inner", 24, "n_layers", 2, "n_head", 2, "n_position", 20));
        args.putAll(more);
        Args read = new Args("transformer", args);
        Transformer built = new Transformer(Transformer.Config.read(read));
        read.requireAllRead();
        built.eval();
        return built;
    }

    /** With keys and values kept, word by word, or all at once: the same scores. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void wordByWordGivesTheSameAsAllAtOnce(boolean preNorm) {
        try (PointerScope _ = new PointerScope()) {
            Transformer transformer = transformer(Map.of("pre_norm", preNorm));
            Tensor source = Tensors.of(SOURCE, 2, 5);
            Tensor target = Tensors.of(TARGET, 2, 4);
            Tensor all = transformer.forward(source, target);
            Decoding decoding = transformer.decode(source);
            for (int i = 0; i < 3; i++) {
                Tensor next = decoding.next(target.select(1, i).contiguous());
                assertThat(torch.allclose(next, all.select(1, i), 1e-4, 1e-5, false)).as("word " + i).isTrue();
            }
            decoding.keep(Tensors.of(new long[]{0, 0}, 2));
            Tensor last = decoding.next(Tensors.of(new long[]{5, 5}, 2));
            assertThat(torch.allclose(last, all.narrow(0, 0, 1).select(1, 3).expand(2, 12), 1e-4, 1e-5, false))
                    .as("row 0, twice").isTrue();
        }
    }

    @Test
    void paddingAndWhatComesLaterChangeNothing() {
        try (PointerScope _ = new PointerScope()) {
            Transformer transformer = transformer(Map.of());
            Tensor padded = transformer.forward(Tensors.of(SOURCE, 2, 5), Tensors.of(TARGET, 2, 4));
            Tensor alone =
                    transformer.forward(Tensors.of(new long[]{2, 8, 3}, 1, 3), Tensors.of(new long[]{2, 6}, 1, 2));
            assertThat(torch.allclose(padded.narrow(0, 1, 1).narrow(1, 0, 2), alone, 1e-4, 1e-5, false)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsSeenIsWhatIsComputed(boolean preNorm) {
        try (PointerScope _ = new PointerScope()) {
            Transformer transformer = transformer(Map.of("pre_norm", preNorm));
            Tensor source = Tensors.of(SOURCE, 2, 5);
            Tensor target = Tensors.of(TARGET, 2, 4);
            Tensor plain = transformer.forward(source, target);
            List<Tensor> seen = new ArrayList<>();
            List<AttentionMap> maps = AttentionMaps.during(() -> seen.add(transformer.forward(source, target)));
            assertThat(torch.allclose(seen.getFirst(), plain, 1e-4, 1e-5, false)).isTrue();
            assertThat(maps).hasSize(6);
            assertThat(Tensors.shape(maps.getFirst().values())).containsExactly(2, 2, 5, 5);
            assertThat(Tensors.shape(maps.getLast().values())).containsExactly(2, 2, 4, 5);
            float[] toSource = Tensors.toFloats(maps.getLast().values().select(0, 1)); // second sentence: 3 words
            for (int i = 0; i < toSource.length; i++) {
                assertThat(toSource[i] == 0).as("weight " + i).isEqualTo(i % 5 > 2);
            }
        }
    }

    /** Libtorch calls each part's Java object, and does not keep it. */
    @Test
    void aCollectionTakesNoPartAway() {
        Transformer transformer = transformer(Map.of());
        System.gc();
        transformer.zero_grad(true);
        transformer.train(true);
        assertThat(transformer.is_training()).isTrue();
    }

    @Test
    void tiedVectorsCountOnce() {
        try (PointerScope _ = new PointerScope()) {
            assertThat(count(transformer(Map.of("tie_source", true))))
                    .isEqualTo(count(transformer(Map.of())) - 12 * 16);
            assertThat(count(transformer(Map.of("tie_target", false))))
                    .isEqualTo(count(transformer(Map.of())) + 12 * 16);
        }
    }

    private static long count(Transformer transformer) {
        return StateDict.parameterCount(transformer);
    }

    @ParameterizedTest
    @CsvSource({"pad, 12, 'pad is 12'", "n_head, 0, 'n_head'", "dropout, 1.5, 'dropout'", "scale, big, 'scale is'",
        "layers, 3, \"no argument 'layers'\""})
    void aWrongArgumentIsNamed(String name, String value, String said) {
        assertThatThrownBy(() -> transformer(Map.of(name, value))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(said.replace("\"", ""));
    }

    @Test
    void anOverlongSentenceIsRefused() {
        try (PointerScope _ = new PointerScope()) {
            long[] words = new long[21];
            Arrays.fill(words, 5);
            Transformer transformer = transformer(Map.of());
            assertThatThrownBy(() -> transformer.forward(Tensors.of(words, 1, 21), Tensors.of(TARGET, 2, 4)))
                    .hasMessage("a sentence has 21 words, this transformer has 20 positions");
        }
    }

    @Test
    void onceItHasLearnedASentenceItSaysIt() {
        try (PointerScope _ = new PointerScope()) {
            Transformer transformer = transformer(Map.of("dropout", 0.0));
            Tensor source = Tensors.of(SOURCE, 2, 5);
            Tensor target = Tensors.of(new long[]{2, 9, 4, 5, 3, 2, 6, 3, 1, 1}, 2, 5);
            transformer.train(true);
            for (int i = 0; i < 150; i++) {
                try (PointerScope _ = new PointerScope()) {
                    transformer.zero_grad(true);
                    Tensor scores = transformer.forward(source, target.narrow(1, 0, 4));
                    Tensor words = target.narrow(1, 1, 4).reshape(-1);
                    torch.cross_entropy_loss(scores.flatten(0, 1), words, new TensorOptional(), 1,
                            1, 0.1).backward();
                    Scopes.noGrad(() -> {
                        for (Tensor parameter : StateDict.parameters(transformer).values()) {
                            parameter.sub_(parameter.grad().mul(new Scalar(0.1)));
                        }
                        return null;
                    });
                }
            }
            transformer.eval();
            for (BeamSearch search : List.of(BeamSearch.greedy(10), new BeamSearch(3, 0.6, 10))) {
                List<BeamSearch.Said> said = search.run(transformer.decode(source), 2);
                assertThat(said.get(0).words()).containsExactly(9, 4, 5);
                assertThat(said.get(1).words()).containsExactly(6);
            }
        }
    }
}
