package dev.glimpse.kernel;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.Attentions;
import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.io.StateDict;
import dev.glimpse.kernel.Gating.Input;
import dev.glimpse.kernel.Gating.Layout;
import dev.glimpse.kernel.Kernels.Choice;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Fused criss-cross attention computes what the composed one does, forward and backward. */
class CrissCrossAttentionTest {
    private static final long[][] SIZES = {{1, 1}, {1, 13}, {13, 1}, {4, 6}, {9, 7}, {16, 16}, {33, 65}};
    /** Gradients of queries are differences of large sums, two passes one on the other. */
    private static final double FLOAT32 = 5 * Closeness.FLOAT32;
    private static final Input MAP = new Input(Layout.CONTIGUOUS, 2, 24, 9, 7);

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static Layer module(String typed, long channels) {
        Layer layer = Attentions.slot(typed).create(channels);
        randomise(layer, 7);
        // a gamma of one, and affinities that neither are all alike nor let one position have it all
        StateDict.parameters(layer).forEach((key, parameter) -> {
            if (key.startsWith("query")) {
                Scopes.noGrad(() -> parameter.mul_(new Scalar(0.5)));
            } else if (key.equals("gamma")) {
                Scopes.noGrad(() -> parameter.fill_(new Scalar(0.75)));
            }
        });
        return layer;
    }

    /** Values that bfloat16 holds, whatever the type, so that both types compute with the same. */
    private static Tensor rounded(Tensor values, ScalarType type) {
        return values.to(ScalarType.BFloat16).to(type);
    }

    private static Layer typed(Layer layer, ScalarType type) {
        layer.to(ScalarType.BFloat16, false);
        layer.to(type, false);
        return layer;
    }

    private static Map<String, Tensor> run(Choice choice, Layer layer, Tensor leaf, Tensor x, Tensor cotangent) {
        return Kernels.with(choice, () -> {
            long runs = Kernels.fusedRuns();
            Tensor y = layer.forward(x);
            assertThat(Kernels.fusedRuns() > runs).isEqualTo(choice == Choice.FUSED);
            y.mul(cotangent).sum().backward();
            return outcome(y, leaf, layer);
        });
    }

    /** Keys' biases are left out: a softmax does not see them, and their gradients are roundings alone. */
    private static Map<String, Tensor> outcome(Tensor y, Tensor leaf, Layer layer) {
        Map<String, Tensor> found = new LinkedHashMap<>();
        found.put("result", y.detach());
        found.put("gradient of the map", leaf.grad());
        StateDict.parameters(layer).forEach((key, parameter) -> {
            if (!key.equals("key_conv.bias")) {
                found.put("parameters: " + key, parameter.grad());
            }
        });
        return found;
    }

    private static Map<String, Tensor> run(Choice choice, ScalarType type, boolean rounded, Input input,
            String name) {
        Layer layer = module(name, input.shape()[1]);
        Tensor values = random(1, ScalarType.Float, input.layout().leaf(input.shape()));
        Tensor cotangent = random(2, ScalarType.Float, input.shape());
        if (rounded) {
            typed(layer, type);
            values = rounded(values, type);
            cotangent = rounded(cotangent, type);
        }
        Tensor leaf = values.set_requires_grad(true);
        return run(choice, layer, leaf, input.layout().lay(leaf, input.shape()), cotangent);
    }

    @Tag("widths")
    @ParameterizedTest
    @ValueSource(longs = {1, 3, 16, 67, 136})
    void fusedIsComposed(long channels) {
        Closeness.Errors errors = new Closeness.Errors();
        for (long[] size : SIZES) {
            for (Layout layout : List.of(Layout.CONTIGUOUS, Layout.CHANNELS_LAST)) {
                try (PointerScope _ = new PointerScope()) {
                    Input input = new Input(layout, 2, channels, size[0], size[1]);
                    Closeness.require(run(Choice.FUSED, ScalarType.Float, false, input, "cc"),
                            run(Choice.COMPOSED, ScalarType.Float, false, input, "cc"), FLOAT32);
                    if (size[0] * size[1] > 1) {
                        errors.add(run(Choice.FUSED, ScalarType.BFloat16, true, input, "cc"),
                                run(Choice.COMPOSED, ScalarType.BFloat16, true, input, "cc"),
                                run(Choice.COMPOSED, ScalarType.Float, true, input, "cc"));
                    }
                }
            }
        }
        errors.requireNoWorse();
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void anyLayoutWillDo(Layout layout) {
        Input input = new Input(layout, 2, 16, 9, 7);
        Closeness.require(run(Choice.FUSED, ScalarType.Float, false, input, "cc"),
                run(Choice.COMPOSED, ScalarType.Float, false, input, "cc"), FLOAT32);
        Closeness.require(run(Choice.FUSED, ScalarType.BFloat16, true, input, "cc"),
                run(Choice.COMPOSED, ScalarType.BFloat16, true, input, "cc"), Closeness.BFLOAT16);
    }

    static Stream<Layout> layouts() {
        return Stream.of(Layout.values());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 3, 4})
    void anyNumberOfPasses(long recurrence) {
        String name = "cc:recurrence=" + recurrence;
        Closeness.require(run(Choice.FUSED, ScalarType.Float, false, MAP, name),
                run(Choice.COMPOSED, ScalarType.Float, false, MAP, name), 2 * FLOAT32);
    }

    /** More channels than are mixed at a time. */
    @Tag("widths")
    @ParameterizedTest
    @CsvSource({"520, 5, 6", "1040, 3, 2"})
    void manyChannels(long channels, long height, long width) {
        Input input = new Input(Layout.CONTIGUOUS, 1, channels, height, width);
        Closeness.require(run(Choice.FUSED, ScalarType.Float, false, input, "cc"),
                run(Choice.COMPOSED, ScalarType.Float, false, input, "cc"), FLOAT32);
    }

    /** As in the paper's beginning: what is added is nothing, and gamma alone learns. */
    @Test
    void aGammaOfZeroIsTheIdentityAndLearns() {
        Map<String, Map<String, Tensor>> both = new LinkedHashMap<>();
        for (Choice choice : List.of(Choice.FUSED, Choice.COMPOSED)) {
            Layer layer = module("cc", 16);
            Scopes.noGrad(() -> StateDict.parameters(layer).get("gamma").zero_());
            Tensor leaf = random(1, ScalarType.Float, 2, 16, 9, 7).set_requires_grad(true);
            Map<String, Tensor> found = run(choice, layer, leaf, leaf, random(2, ScalarType.Float, 2, 16, 9, 7));
            assertThat(found.get("result").equal(leaf.detach())).isTrue();
            both.put(choice.name(), found);
        }
        Closeness.require(both.get("FUSED"), both.get("COMPOSED"), FLOAT32);
        assertThat(magnitude(both.get("FUSED").get("parameters: gamma"))).isPositive();
    }

    @Test
    void theResultLiesAsTheMapDoes() {
        Layer layer = module("cc", 16);
        for (Layout layout : List.of(Layout.CONTIGUOUS, Layout.CHANNELS_LAST)) {
            Tensor x = layout.lay(random(1, ScalarType.Float, 2, 16, 9, 7), 2, 16, 9, 7);
            Tensor y = Kernels.with(Choice.FUSED, () -> layer.forward(x));
            assertThat(y.is_contiguous()).isEqualTo(layout == Layout.CONTIGUOUS);
            assertThat(y.is_contiguous(MemoryFormat.ChannelsLast)).isEqualTo(layout == Layout.CHANNELS_LAST);
        }
    }

    /** Affinities so far apart that exponentials overflow unless the greatest is taken off first. */
    @Test
    void largeAffinitiesStayFinite() {
        Layer layer = module("cc", 16);
        Scopes.noGrad(() -> StateDict.parameters(layer).get("query_conv.weight").mul_(new Scalar(1e4)));
        Tensor leaf = random(1, ScalarType.Float, 2, 16, 9, 7).set_requires_grad(true);
        Tensor cotangent = random(2, ScalarType.Float, 2, 16, 9, 7);
        Map<String, Tensor> fused = run(Choice.FUSED, layer, leaf, leaf, cotangent);
        assertThat(fused.values()).allMatch(tensor -> Double.isFinite(magnitude(tensor)));
        Tensor composed = Kernels.with(Choice.COMPOSED, () -> layer.forward(leaf));
        assertThat(magnitude(fused.get("result").sub(composed))).isLessThan(0.01 * magnitude(composed));
    }

    /** In one pass what is no finite number spreads along its row and its column alone. */
    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void whatIsNoFiniteNumberComesOutWhereItDoesComposed(double outlier) {
        Layer layer = module("cc:recurrence=1", 16);
        for (long place : new long[]{0, 100, 16 * 9 * 7 - 1}) {
            Tensor x = random(1, ScalarType.Float, 2, 16, 9, 7);
            x.view(x.numel()).narrow(0, place, 1).fill_(new Scalar(outlier));
            Tensor fused = Kernels.with(Choice.FUSED, () -> layer.forward(x));
            Tensor composed = Kernels.with(Choice.COMPOSED, () -> layer.forward(x));
            assertThat(fused.isfinite().equal(composed.isfinite())).as(outlier + " at " + place).isTrue();
            assertThat(fused.isfinite().sum().item_long()).isBetween(1L, x.numel() - 1);
        }
    }

    @ParameterizedTest
    @CsvSource({"Float, CONTIGUOUS", "Float, CHANNELS_LAST", "BFloat16, CHANNELS_LAST"})
    void anyNumberOfThreadsGivesTheSameBits(ScalarType type, Layout layout) {
        Layer layer = module("cc", 40);
        layer.to(type, false);
        Tensor leaf = random(1, ScalarType.Float, layout.leaf(3, 40, 31, 29)).to(type).set_requires_grad(true);
        Tensor cotangent = random(2, ScalarType.Float, 3, 40, 31, 29).to(type);
        int threads = torch.get_num_threads();
        try {
            torch.set_num_threads(1);
            Map<String, Tensor> alone = bits(layer, leaf, layout, cotangent);
            for (int count : new int[]{2, 3, 7, 2}) {
                torch.set_num_threads(count);
                for (int i = 0; i < 10; i++) {
                    Map<String, Tensor> again = bits(layer, leaf, layout, cotangent);
                    alone.forEach((key, tensor) -> assertThat(again.get(key).equal(tensor))
                            .as(count + " threads, " + key).isTrue());
                }
            }
        } finally {
            torch.set_num_threads(threads);
        }
    }

    private static Map<String, Tensor> bits(Layer layer, Tensor leaf, Layout layout, Tensor cotangent) {
        layer.zero_grad(true);
        leaf.mutable_grad().reset();
        Map<String, Tensor> found = new LinkedHashMap<>();
        run(Choice.FUSED, layer, leaf, layout.lay(leaf, Tensors.shape(cotangent)), cotangent)
                .forEach((key, tensor) -> found.put(key, tensor.clone()));
        return found;
    }

    @Test
    void partsMayBeFrozen() {
        for (String frozen : List.of("map", "query_conv", "key_conv", "value_conv", "gamma", "map, value_conv",
                "map, gamma", "query_conv, key_conv, value_conv, gamma", "map, query_conv, key_conv, value_conv")) {
            Closeness.require(frozen(Choice.FUSED, frozen), frozen(Choice.COMPOSED, frozen), FLOAT32);
        }
    }

    private static Map<String, Tensor> frozen(Choice choice, String frozen) {
        Layer layer = module("cc", 16);
        freeze(layer, key -> Stream.of(frozen.split(", ")).anyMatch(key::startsWith));
        Tensor leaf = random(1, ScalarType.Float, 2, 16, 9, 7).set_requires_grad(!frozen.contains("map"));
        return run(choice, layer, leaf, leaf, random(2, ScalarType.Float, 2, 16, 9, 7));
    }

    private static void freeze(Layer layer, Predicate<String> keys) {
        StateDict.parameters(layer).forEach((key, parameter) -> parameter.set_requires_grad(!keys.test(key)));
    }

    /** What was projected is kept while a graph may run again. */
    @Test
    void theGraphIsRunTwice() {
        Map<String, Map<String, Tensor>> both = new LinkedHashMap<>();
        for (Choice choice : List.of(Choice.FUSED, Choice.COMPOSED)) {
            Layer layer = module("cc", 16);
            Tensor leaf = random(1, ScalarType.Float, 2, 16, 9, 7).set_requires_grad(true);
            Tensor y = Kernels.with(choice, () -> layer.forward(leaf));
            y.mul(random(3, ScalarType.Float, 2, 16, 9, 7)).sum().backward(new Tensor(), new BoolOptional(true), false,
                    new TensorArrayRefOptional());
            y.mul(random(4, ScalarType.Float, 2, 16, 9, 7)).sum().backward();
            both.put(choice.name(), outcome(y, leaf, layer));
        }
        Closeness.require(both.get("FUSED"), both.get("COMPOSED"), FLOAT32);
    }

    /** A convolution of ours below, one above, the result changed in place, and the map used again. */
    @Test
    void itStandsInAGraph() {
        Map<String, Map<String, Tensor>> both = new LinkedHashMap<>();
        for (Choice choice : List.of(Choice.FUSED, Choice.COMPOSED)) {
            Layer layer = module("cc", 16);
            Tensor leaf = random(1, ScalarType.Float, 2, 16, 9, 7).set_requires_grad(true);
            Tensor y = Kernels.with(choice, () -> {
                Tensor below = leaf.tanh();
                Tensor once = layer.forward(below).relu_();
                return layer.forward(once.contiguous(MemoryFormat.ChannelsLast)).add(below).mul(layer.forward(below));
            });
            y.sum().backward();
            both.put(choice.name(), outcome(y, leaf, layer));
        }
        Closeness.require(both.get("FUSED"), both.get("COMPOSED"), 2 * FLOAT32);
    }

    @Test
    void withoutGradientsThereIsNoGraph() {
        Layer layer = module("cc", 16);
        for (Layout layout : List.of(Layout.CONTIGUOUS, Layout.CHANNELS_LAST)) {
            Tensor leaf = layout.lay(random(1, ScalarType.Float, 2, 16, 9, 7), 2, 16, 9, 7).set_requires_grad(true);
            Tensor plain = Kernels.with(Choice.COMPOSED, () -> layer.forward(leaf)).detach();
            Tensor y = Scopes.noGrad(() -> Kernels.with(Choice.FUSED, () -> layer.forward(leaf)));
            assertThat(y.requires_grad()).isFalse();
            assertThat(magnitude(y.sub(plain))).isLessThan(Closeness.FLOAT32 * magnitude(plain));
        }
    }

    /** The map is float32; the projections run in bfloat16, composed or fused. */
    @Test
    void autocast() {
        Closeness.Errors errors = new Closeness.Errors();
        for (long seed = 1; seed <= 4; seed++) {
            errors.add(cast(Choice.FUSED, seed, true), cast(Choice.COMPOSED, seed, true),
                    cast(Choice.COMPOSED, seed, false));
        }
        errors.requireNoWorse();
    }

    private static Map<String, Tensor> cast(Choice choice, long seed, boolean on) {
        Layer layer = module("cc", 16);
        Tensor leaf = random(seed, ScalarType.Float, 2, 16, 9, 7).set_requires_grad(true);
        try {
            torch.set_autocast_enabled(DeviceType.CPU, on);
            Tensor y = Kernels.with(choice, () -> layer.forward(leaf));
            torch.clear_cache();
            torch.set_autocast_enabled(DeviceType.CPU, false);
            assertThat(y.scalar_type().intern()).isEqualTo(ScalarType.Float);
            y.mul(random(9, ScalarType.Float, 2, 16, 9, 7)).sum().backward();
            return outcome(y, leaf, layer);
        } finally {
            torch.set_autocast_enabled(DeviceType.CPU, false);
        }
    }

    @Test
    void aGradientOfAGradientIsRefused() {
        Layer layer = module("cc", 16);
        Tensor leaf = random(1, ScalarType.Float, 2, 16, 9, 7).set_requires_grad(true);
        Tensor sum = Kernels.with(Choice.FUSED, () -> layer.forward(leaf)).square().sum();
        assertThatThrownBy(() -> sum.backward(new Tensor(), new BoolOptional(true), true, new TensorArrayRefOptional()))
                .isInstanceOf(RuntimeException.class).hasMessageContaining("no gradient of its gradient");
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void aMapThatHasChangedSinceIsNoticed(Layout layout) {
        Layer layer = module("cc", 16);
        Tensor leaf = random(1, ScalarType.Float, layout.leaf(2, 16, 9, 7)).set_requires_grad(true);
        Tensor x = layout == Layout.EXPANDED ? leaf.expand(2, 16, 9, 7).mul(new Scalar(2))
                : layout.lay(leaf.mul(new Scalar(2)), 2, 16, 9, 7);
        Tensor sum = Kernels.with(Choice.FUSED, () -> layer.forward(x)).sum();
        x.add_(new Scalar(1));
        assertThatThrownBy(sum::backward).isInstanceOf(RuntimeException.class)
                .hasMessageContaining("changed in place");
    }

    @Test
    void aGraphThatOutlivesItsScopeIsRefused() {
        Layer layer = module("cc", 16);
        Tensor leaf = random(1, ScalarType.Float, 2, 16, 9, 7).set_requires_grad(true);
        Tensor sum = Scopes.lettingGo(
                () -> Kernels.with(Choice.FUSED, () -> layer.forward(leaf.mul(new Scalar(2)))).sum());
        assertThatThrownBy(sum::backward).isInstanceOf(RuntimeException.class);
    }

    /** Here the map lives on, but what the forward kept does not, nor the hook that would read it. */
    @Test
    void whatWasKeptAndIsGoneIsNotRead() {
        Layer layer = module("cc", 16);
        Tensor leaf = random(1, ScalarType.Float, 2, 16, 9, 7).set_requires_grad(true);
        Tensor sum = Scopes.lettingGo(() -> Kernels.with(Choice.FUSED, () -> layer.forward(leaf)).sum());
        assertThatThrownBy(sum::backward).isInstanceOf(RuntimeException.class);
    }

    /** What backward keeps is some images at a time: more of them than go at once, and fewer at the end. */
    @ParameterizedTest
    @ValueSource(strings = {"CONTIGUOUS", "CHANNELS_LAST"})
    void imagesGoInGroups(Layout layout) {
        Input input = new Input(layout, 5, 8, 43, 47);
        Closeness.require(run(Choice.FUSED, ScalarType.Float, false, input, "cc"),
                run(Choice.COMPOSED, ScalarType.Float, false, input, "cc"), FLOAT32);
    }

    /** Who watches gets the weights, which only the composed form has. */
    @Test
    void whatIsWatchedIsComposed() {
        Layer layer = module("cc", 16);
        Tensor x = random(1, ScalarType.Float, 2, 16, 9, 7);
        long runs = Kernels.fusedRuns();
        assertThat(AttentionMaps.during(() -> Kernels.with(Choice.FUSED, () -> layer.forward(x)))).hasSize(2);
        assertThat(Kernels.fusedRuns()).isEqualTo(runs);
    }

    /** Lines whose weights would be too many for a thread's block, and types that have no kernel. */
    @Test
    void whatHasNoFusedKernelIsComposed() {
        Layer layer = module("cc", 1);
        long runs = Kernels.fusedRuns();
        Tensor y = Kernels.with(Choice.FUSED, () -> Scopes
                .noGrad(() -> layer.forward(random(1, ScalarType.Float, 1, 1, 1, CrissCrossLines.LONGEST + 1))));
        assertThat(Double.isFinite(magnitude(y))).isTrue();
        layer.to(ScalarType.Double, false);
        Kernels.with(Choice.FUSED, () -> layer.forward(random(1, ScalarType.Double, 1, 1, 3, 4)));
        assertThat(Kernels.fusedRuns()).isEqualTo(runs);
        assertThat(Tensors.shape(y)).containsExactly(1, 1, 1, CrissCrossLines.LONGEST + 1);
    }
}
