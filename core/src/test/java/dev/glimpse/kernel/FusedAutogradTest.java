package dev.glimpse.kernel;

import static dev.glimpse.Support.growth;
import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static dev.glimpse.Support.scoped;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.Layer;
import dev.glimpse.attention.Attentions;
import dev.glimpse.io.StateDict;
import dev.glimpse.kernel.Kernels.Choice;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import dev.glimpse.nn.Window;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A fused attention stands in autograd as the composed one does, whatever is done around it. */
class FusedAutogradTest {
    /** Of two, batch norm would make their difference's sign alone. */
    private static final long IMAGES = 4;
    private static final long CHANNELS = 64;
    private static final String[] ATTENTIONS = {"cbam", "se", "scse", "gc", "cbam-parallel"};

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /** What is done with an attention, from a map that has a gradient to what is summed. */
    private interface Situation {
        Tensor from(Layer attention, Tensor x);
    }

    private static Layer attention(String typed) {
        Layer layer = Attentions.slot(typed).create(CHANNELS);
        randomise(layer, 7);
        return layer;
    }

    private static Tensor map(long seed) {
        return random(seed, ScalarType.Float, IMAGES, CHANNELS, 9, 7);
    }

    private static Conv2dImpl convolution() {
        Conv2dImpl conv = Layers.conv2d(CHANNELS, CHANNELS, 3, Window.padding(1));
        randomise(conv, 8);
        return conv;
    }

    private static void requireAsComposed(Situation situation) {
        for (String typed : ATTENTIONS) {
            requireAsComposed(typed, _ -> {}, situation, x -> x);
        }
    }

    private static void requireAsComposed(String typed, Consumer<Layer> prepare, Situation situation,
            Function<Tensor, Tensor> input) {
        Closeness.require(run(Choice.FUSED, typed, prepare, situation, input),
                run(Choice.COMPOSED, typed, prepare, situation, input), Closeness.FLOAT32);
    }

    private static Map<String, Tensor> run(Choice choice, String typed, Consumer<Layer> prepare, Situation situation,
            Function<Tensor, Tensor> input) {
        return Kernels.with(choice, () -> {
            Layer layer = attention(typed);
            prepare.accept(layer);
            Tensor leaf = map(1).set_requires_grad(true);
            long runs = Kernels.fusedRuns();
            Tensor y = situation.from(layer, input.apply(leaf));
            assertThat(Kernels.fusedRuns() > runs).isEqualTo(choice == Choice.FUSED);
            if (y.requires_grad()) {
                y.mul(random(2, ScalarType.Float, Tensors.shape(y))).sum().backward();
            }
            return outcome(y, leaf, layer);
        });
    }

    private static Map<String, Tensor> outcome(Tensor y, Tensor leaf, Module module) {
        Map<String, Tensor> found = new LinkedHashMap<>();
        found.put("result", y.detach());
        found.put("gradient of the map", leaf.grad());
        StateDict.parameters(module).forEach((key, parameter) -> found.put("parameters: " + key, parameter.grad()));
        return found;
    }

    @Test
    void aConvolutionBelowAndAbove() {
        Conv2dImpl below = convolution();
        Conv2dImpl above = convolution();
        for (String typed : ATTENTIONS) {
            List<Map<String, Tensor>> both = new ArrayList<>();
            for (Choice choice : List.of(Choice.FUSED, Choice.COMPOSED)) {
                below.zero_grad(true);
                above.zero_grad(true);
                Map<String, Tensor> found = run(choice, typed, _ -> {},
                        (layer, x) -> above.forward(layer.forward(below.forward(x))), x -> x);
                found.put("convolutions: below", below.weight().grad().clone());
                found.put("convolutions: above", above.weight().grad().clone());
                both.add(found);
            }
            Closeness.require(both.get(0), both.get(1), Closeness.FLOAT32);
        }
    }

    /** The gradient of a sum is one number, expanded. */
    @Test
    void anExpandedGradient() {
        requireAsComposed((layer, x) -> layer.forward(x).add(new Scalar(3)).sum());
    }

    /** The gradient comes with its channels last. */
    @Test
    void aGradientInTheOtherLayout() {
        requireAsComposed((layer, x) -> layer.forward(x).contiguous(MemoryFormat.ChannelsLast)
                .mul(map(3).contiguous(MemoryFormat.ChannelsLast)));
        for (String typed : ATTENTIONS) {
            requireAsComposed(typed, _ -> {}, (layer, x) -> layer.forward(x).contiguous(),
                    x -> x.contiguous(MemoryFormat.ChannelsLast));
        }
    }

    @Test
    void theMapIsUsedAgain() {
        requireAsComposed((layer, x) -> layer.forward(x).add(x.square()));
    }

    @Test
    void threeInAChain() {
        requireAsComposed((layer, x) -> layer.forward(layer.forward(layer.forward(x))));
    }

    @Test
    void twiceOnOneMap() {
        requireAsComposed((layer, x) -> layer.forward(x).mul(layer.forward(x)));
    }

    /** As rectifiers do that save memory. */
    @Test
    void theResultIsChangedInPlace() {
        requireAsComposed((layer, x) -> layer.forward(x).relu_());
        requireAsComposed((layer, x) -> layer.forward(x).add_(x).relu_());
        requireAsComposed((layer, x) -> layer.forward(x).mul_(map(3)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theGraphIsRunTwice(boolean anotherGradient) {
        requireAsComposed((layer, x) -> {
            Tensor y = layer.forward(x);
            y.mul(map(4)).sum().backward(new Tensor(), new BoolOptional(true), false, new TensorArrayRefOptional());
            return anotherGradient ? y.mul(map(5)) : y;
        });
    }

    @Test
    void allBelowIsFrozen() {
        for (String typed : ATTENTIONS) {
            requireAsComposed(typed, _ -> {}, Layer::forward, Tensor::detach);
        }
    }

    @Test
    void aParameterIsFrozen() {
        for (String typed : ATTENTIONS) {
            for (String key : StateDict.parameters(attention(typed)).keySet()) {
                requireAsComposed(typed, layer -> freeze(layer, key::equals), Layer::forward, x -> x);
                if (!key.equals("conv_mask.bias")) { // under the softmax it has no effect, and a gradient of noise
                    requireAsComposed(typed, layer -> freeze(layer, other -> !other.equals(key)), Layer::forward,
                            Tensor::detach);
                }
            }
        }
    }

    private static void freeze(Layer layer, Predicate<String> keys) {
        StateDict.parameters(layer).forEach((key, parameter) -> parameter.set_requires_grad(!keys.test(key)));
    }

    private static void freezeAll(Layer layer) {
        freeze(layer, _ -> true);
    }

    @Test
    void allParametersAreFrozen() {
        for (String typed : ATTENTIONS) {
            requireAsComposed(typed, FusedAutogradTest::freezeAll, Layer::forward, x -> x);
        }
    }

    /** Nothing is saved for a backward that cannot come. */
    @Test
    void withoutGradientsThereIsNoGraph() {
        for (String typed : ATTENTIONS) {
            Layer layer = attention(typed);
            Tensor leaf = map(1).set_requires_grad(true);
            Tensor plain = Kernels.with(Choice.COMPOSED, () -> layer.forward(leaf)).detach();
            Kernels.with(Choice.FUSED, () -> {
                requireNoGraph(Scopes.noGrad(() -> layer.forward(leaf)), plain);
                try (InferenceMode _ = new InferenceMode(true)) {
                    requireNoGraph(layer.forward(leaf), plain);
                }
                freezeAll(layer);
                requireNoGraph(layer.forward(leaf.detach()), plain);
            });
        }
    }

    private static void requireNoGraph(Tensor y, Tensor expected) {
        assertThat(y.requires_grad()).isFalse();
        assertThat(magnitude(y.detach().sub(expected))).isLessThan(Closeness.FLOAT32 * magnitude(expected));
    }

    /** Such tensors do not tell whether they have been changed: autograd refuses to keep them. */
    @Test
    void aMapMadeInInferenceModeIsRefusedInOneLine() {
        Tensor x;
        try (InferenceMode _ = new InferenceMode(true)) {
            x = map(1);
        }
        Layer layer = attention("cbam");
        assertThatThrownBy(() -> Kernels.with(Choice.FUSED, () -> layer.forward(x)))
                .isInstanceOf(RuntimeException.class).hasMessageContaining("nference")
                .satisfies(e -> assertThat(e.getMessage().lines().findFirst().orElseThrow().length()).isLessThan(250));
        requireStillUsable();
    }

    @Test
    void aGradientOfAGradientIsRefusedInOneLine() {
        Layer layer = attention("cbam");
        Tensor leaf = map(1).set_requires_grad(true);
        Tensor sum = Kernels.with(Choice.FUSED, () -> layer.forward(leaf)).square().sum();
        assertThatThrownBy(
                () -> sum.backward(new Tensor(), new BoolOptional(), true, new TensorArrayRefOptional()))
                .isInstanceOf(RuntimeException.class).hasMessageContaining("no gradient of its gradient")
                .hasMessageContaining("-Dglimpse.kernels=composed");
        requireStillUsable();
    }

    @Test
    void aMapThatHasChangedSinceIsNoticed() {
        for (String typed : ATTENTIONS) {
            Layer layer = attention(typed);
            Tensor x = map(1).set_requires_grad(true).mul(new Scalar(2));
            Tensor sum = Kernels.with(Choice.FUSED, () -> layer.forward(x)).sum();
            x.add_(new Scalar(1));
            assertThatThrownBy(sum::backward).isInstanceOf(RuntimeException.class)
                    .hasMessageContaining("changed in place");
        }
        requireStillUsable();
    }

    private static void requireStillUsable() {
        requireAsComposed((layer, x) -> layer.forward(x));
    }

    /** Where nobody holds what backward needs, composed kernels run, and where fused ones are forced, none do. */
    @Test
    void withoutAScopeComposedKernelsRun() throws InterruptedException, ExecutionException {
        Layer layer = attention("cbam");
        Tensor leaf = map(1).set_requires_grad(true);
        try (ExecutorService bare = Executors.newSingleThreadExecutor()) {
            bare.submit(() -> {
                assertThat(PointerScope.getInnerScope()).isNull();
                long runs = Kernels.fusedRuns();
                assertThat(Kernels.with(Choice.AUTO, () -> layer.forward(leaf)).requires_grad()).isTrue();
                assertThat(Kernels.fusedRuns()).isEqualTo(runs);
                assertThatThrownBy(() -> Kernels.with(Choice.FUSED, () -> layer.forward(leaf)))
                        .isInstanceOf(IllegalStateException.class).hasMessageContaining("PointerScope");
                Scopes.noGrad(() -> Kernels.with(Choice.FUSED, () -> layer.forward(leaf)));
                assertThat(Kernels.fusedRuns()).isGreaterThan(runs);
            }).get();
        }
    }

    /** The scope of the forward is closed before backward comes: an exception, and no reading of freed memory. */
    @ParameterizedTest
    @ValueSource(strings = {"cbam", "se", "scse", "gc", "cbam-parallel"})
    void aGraphThatOutlivesItsScopeIsRefused(String typed) {
        Layer layer = attention(typed);
        Tensor leaf = map(1).set_requires_grad(true);
        Tensor sum = Scopes.lettingGo(() -> Kernels.with(Choice.FUSED, () -> layer.forward(leaf)).sum());
        assertThatThrownBy(sum::backward).isInstanceOf(RuntimeException.class);
        requireStillUsable();
    }

    @Test
    void backwardFromAnotherThread() throws InterruptedException, ExecutionException {
        try (ExecutorService other = Executors.newSingleThreadExecutor()) {
            for (String typed : ATTENTIONS) {
                List<Map<String, Tensor>> both = new ArrayList<>();
                for (Choice choice : List.of(Choice.FUSED, Choice.COMPOSED)) {
                    Layer layer = attention(typed);
                    Tensor leaf = map(1).set_requires_grad(true);
                    Tensor y = Kernels.with(choice, () -> layer.forward(leaf));
                    Tensor sum = y.mul(map(2)).sum();
                    other.submit(() -> sum.backward()).get();
                    both.add(outcome(y, leaf, layer));
                }
                Closeness.require(both.get(0), both.get(1), Closeness.FLOAT32);
            }
        }
    }

    /** The map is float32; what makes its gates runs in bfloat16, composed or fused. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void autocast(boolean stillOnInBackward) {
        Closeness.Errors errors = new Closeness.Errors();
        for (String typed : ATTENTIONS) {
            errors.add(cast(Choice.FUSED, typed, stillOnInBackward), cast(Choice.COMPOSED, typed, stillOnInBackward),
                    run(Choice.COMPOSED, typed, _ -> {}, Layer::forward, x -> x));
        }
        errors.requireNoWorse();
    }

    private static Map<String, Tensor> cast(Choice choice, String typed, boolean stillOnInBackward) {
        try {
            return run(choice, typed, _ -> {}, (layer, x) -> {
                torch.set_autocast_enabled(DeviceType.CPU, true);
                Tensor y = layer.forward(x);
                torch.clear_cache();
                torch.set_autocast_enabled(DeviceType.CPU, stillOnInBackward);
                return y;
            }, x -> x);
        } finally {
            torch.set_autocast_enabled(DeviceType.CPU, false);
        }
    }

    @Test
    void hundredsAtOnce() {
        Layer layer = attention("cbam");
        Tensor leaf = map(1).set_requires_grad(true);
        Tensor sum = Kernels.with(Choice.FUSED, () -> {
            Tensor all = torch.zeros(1);
            for (int i = 0; i < 300; i++) {
                all = all.add(layer.forward(leaf).mul(map(2)).sum());
            }
            return all;
        });
        sum.backward();
        Tensor expected = run(Choice.COMPOSED, "cbam", _ -> {}, Layer::forward, x -> x).get("gradient of the map")
                .mul(new Scalar(300));
        assertThat(magnitude(leaf.grad().sub(expected))).isLessThan(1e-4 * magnitude(expected));
    }

    /** Of the map alone; what parameters get beside it is added to them, as the engine's own hooks have it. */
    @Test
    void theGradientByTheMapAlone() {
        Layer layer = attention("cbam");
        Tensor leaf = map(1).set_requires_grad(true);
        Tensor fused = Tensors.gradient(Kernels.with(Choice.FUSED, () -> layer.forward(leaf)).square().sum(), leaf);
        Tensor composed =
                Tensors.gradient(Kernels.with(Choice.COMPOSED, () -> layer.forward(leaf)).square().sum(), leaf);
        assertThat(magnitude(fused.sub(composed))).isLessThan(Closeness.FLOAT32 * magnitude(composed));
    }

    /** What made the gate is changed before backward: as composed, that is noticed, or the gradients are right still. */
    @ParameterizedTest
    @ValueSource(strings = {"gate", "projector", "weights"})
    void whatMadeTheGateMayNotChangeUnnoticed(String changed) {
        Gating gating = switch (changed) {
            case "gate" -> Gating.GATED;
            case "projector" -> Gating.PROJECT;
            default -> Gating.SUM;
        };
        Kernels.with(Choice.FUSED, () -> {
            Gating.Parts parts = new Gating.Parts(ScalarType.Float, false, 2, 6, 9, 7);
            Tensor leaf = parts.values(2, 6, 9, 7).set_requires_grad(true);
            Tensor y = gating.on(leaf, parts).sum();
            Tensor kept = y.alias();
            Tensor before = torch.grad(new TensorVector(y), new TensorVector(leaf), new TensorVector(),
                    new BoolOptional(true), false, false).get(0);
            Tensor part = parts.named.values().iterator().next();
            Scopes.noGrad(() -> part.mul_(new Scalar(3)));
            try {
                Tensor after = Tensors.gradient(kept, leaf);
                assertThat(magnitude(after.sub(before))).isLessThan(Closeness.FLOAT32 * magnitude(before));
            } catch (RuntimeException e) {
                assertThat(e).hasMessageContaining("changed in place");
            }
        });
    }

    @Test
    void trainingStepsLeaveNothingBehind() {
        Layer layer = attention("cbam");
        long growth = Kernels.with(Choice.FUSED, () -> growth(500, scoped(() -> {
            Tensor x = random(1, ScalarType.Float, 8, CHANNELS, 28, 28).set_requires_grad(true);
            layer.forward(x).square().sum().backward();
            Scopes.noGrad(() -> {
                StateDict.parameters(layer).values().forEach(p -> p.sub_(p.grad().mul(new Scalar(1e-6))));
                return null;
            });
            layer.zero_grad(true);
        })));
        assertThat(growth).isLessThan(16L << 20);
    }
}
