package dev.glimpse.kernel;

import static dev.glimpse.Support.random;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.FreshProcess;
import dev.glimpse.FreshProcess.Ended;
import dev.glimpse.kernel.Gating.Input;
import dev.glimpse.kernel.Gating.Layout;
import dev.glimpse.kernel.Kernels.Choice;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Window;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The same input gives the same bits, whoever computes them and however well they are compiled by then. */
class FusedDeterminismTest {
    /** From the interpreter to the last compiler. */
    private static final int REPETITIONS = 300;

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    static Stream<Arguments> forms() {
        return Stream.of(Gating.CBAM, Gating.PARALLEL, Gating.CONTEXT, Gating.SCSE, Gating.POOLED_MLP,
                Gating.ADDED_CONTEXT)
                .flatMap(gating -> Stream.of(ScalarType.Float, ScalarType.BFloat16)
                        .flatMap(type -> Stream.of(Layout.CONTIGUOUS, Layout.CHANNELS_LAST)
                                .map(layout -> Arguments.of(gating, type, layout))));
    }

    /** In a process that has compiled nothing yet. */
    @Test
    void everyRepetitionGivesTheSameBits() {
        Ended ended = FreshProcess.end(List.of("--add-modules=jdk.incubator.vector"), FusedDeterminismTest.class);
        assertThat(ended.status()).as(ended.said()).isZero();
        assertThat(ended.printed().lines().count()).isEqualTo(2 * 2 * 3);
    }

    /** Prints a line for each form whose repetitions were all the same. */
    public static void main(String[] args) {
        Libtorch.load();
        for (ScalarType type : List.of(ScalarType.Float, ScalarType.BFloat16)) {
            for (Layout layout : List.of(Layout.CONTIGUOUS, Layout.CHANNELS_LAST)) {
                for (Gating gating : List.of(Gating.CBAM, Gating.CONTEXT, Gating.ADDED_CONTEXT)) {
                    repeat(gating, type, new Input(layout, 2, 37, 9, 7));
                    System.out.println(gating + " in " + type + ", " + layout);
                }
            }
        }
    }

    private static void repeat(Gating gating, ScalarType type, Input input) {
        try (PointerScope _ = new PointerScope()) {
            Map<String, Tensor> first = gating.run(Choice.FUSED, type, false, input);
            for (int i = 1; i < REPETITIONS; i++) {
                try (PointerScope _ = new PointerScope()) {
                    Closeness.requireSame(gating.run(Choice.FUSED, type, false, input), first);
                }
            }
        }
    }

    /** A map of several parts; the gate's own small parts are libtorch's. */
    @ParameterizedTest
    @MethodSource("forms")
    void anyNumberOfThreadsGivesTheSameBits(Gating gating, ScalarType type, Layout layout) {
        Input input = new Input(layout, 2, 96, 56, 56);
        int threads = torch.get_num_threads();
        try {
            torch.set_num_threads(1);
            Map<String, Tensor> alone = gating.run(Choice.FUSED, type, false, input);
            for (int count : new int[]{2, 3, 7, 2}) {
                torch.set_num_threads(count);
                for (int i = 0; i < 3; i++) {
                    Closeness.requireSame(gating.run(Choice.FUSED, type, false, input), alone);
                }
            }
        } finally {
            torch.set_num_threads(threads);
        }
    }

    @Test
    void twoCallersAtOnceGetTheSameBits() throws InterruptedException, ExecutionException {
        Input input = new Input(Layout.CONTIGUOUS, 4, 64, 28, 28);
        Map<String, Tensor> first = work(input);
        try (ExecutorService callers = Executors.newFixedThreadPool(2)) {
            List<Future<?>> both = Stream.of(1, 2).<Future<?>>map(_ -> callers.submit(() -> {
                for (int i = 0; i < 50; i++) {
                    try (PointerScope _ = new PointerScope()) {
                        Closeness.requireSame(work(input), first);
                    }
                }
            })).toList();
            for (Future<?> caller : both) {
                caller.get();
            }
        }
    }

    /** Values that come from no generator, which threads would share. */
    private static Map<String, Tensor> work(Input input) {
        return Kernels.with(Choice.FUSED, () -> {
            Tensor leaf = torch.arange(new Scalar(input.shape()[0] * 64 * 28 * 28)).sin()
                    .view(input.shape()).set_requires_grad(true);
            GatedMap map = GatedMap.of(leaf);
            Tensor c = map.pool().mean().add(map.pool().max()).sigmoid();
            GatedMap.Pools pools = map.poolChannels(c);
            Tensor y = map.gated(c, pools.mean().add(pools.max()).sigmoid());
            y.mul(leaf.detach()).sum().backward();
            return Map.of("result", y.detach(), "gradient of the map", leaf.grad());
        });
    }

    @Test
    void theSmallConvolutionGivesTheSameBits() {
        Conv2dImpl conv = Layers.conv2d(2, 1, 7, Window.padding(3));
        Tensor maps = random(1, ScalarType.Float, 3, 2, 28, 30).set_requires_grad(true);
        Map<String, Tensor> first = convolved(conv, maps);
        for (int i = 1; i < REPETITIONS; i++) {
            try (PointerScope _ = new PointerScope()) {
                Closeness.requireSame(convolved(conv, maps), first);
            }
        }
    }

    private static Map<String, Tensor> convolved(Conv2dImpl conv, Tensor maps) {
        maps.mutable_grad().reset();
        conv.zero_grad(true);
        return Kernels.with(Choice.FUSED, () -> {
            Tensor y = SmallConvolution.forward(conv, maps);
            y.square().sum().backward();
            return Map.of("result", y.detach(), "gradient of the map", maps.grad(), "weight", conv.weight().grad(),
                    "bias", conv.bias().grad());
        });
    }
}
