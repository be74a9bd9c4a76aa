package dev.glimpse.bench;

import dev.glimpse.Layer;
import dev.glimpse.app.bench.Dtype;
import dev.glimpse.app.bench.Layout;
import dev.glimpse.attention.Attentions;
import dev.glimpse.kernel.Kernels;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Scopes;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What an attention costs on a feature map, beside copying the map once: the least that any gate can cost. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class AttentionBenchmark {
    /** The attention, with arguments. */
    @Param({"cbam", "cbam-plain", "cbam-timm"})
    public String attention;

    /** Batch, channels, height, width. */
    @Param({"32x64x56x56", "8x256x56x56", "1x256x56x56"})
    public String shape;

    /** A pair: libtorch's operations, and fused kernels. */
    @Param({"COMPOSED", "FUSED"})
    public Kernels.Choice kernels;

    /** Of module and map. */
    @Param("FP32")
    public Dtype dtype;

    /** Of the map. */
    @Param("NCHW")
    public Layout layout;

    private Layer layer;
    private Tensor input;
    private Tensor trained;
    private Tensor cotangent;

    @Setup
    public void build() {
        Libtorch.load();
        long[] sizes = Arrays.stream(shape.split("x")).mapToLong(Long::parseLong).toArray();
        layer = Attentions.slot(attention).create(sizes[1]);
        layer.to(dtype.type(), false);
        input = random(sizes);
        trained = random(sizes).set_requires_grad(true);
        cotangent = random(sizes);
    }

    private Tensor random(long... sizes) {
        return layout.of(torch.randn(sizes).to(dtype.type()));
    }

    @Benchmark
    public void copy() {
        try (PointerScope _ = new PointerScope()) {
            input.clone();
        }
    }

    @Benchmark
    public void forward() {
        layer.eval();
        try (PointerScope _ = new PointerScope()) {
            Kernels.with(kernels, () -> Scopes.noGrad(() -> layer.forward(input)));
        }
    }

    @Benchmark
    public void train() {
        layer.train(true);
        layer.zero_grad(true);
        trained.mutable_grad().reset();
        try (PointerScope _ = new PointerScope()) {
            Kernels.with(kernels, () -> layer.forward(trained).backward(cotangent, new BoolOptional(), false,
                    new TensorArrayRefOptional()));
        }
    }
}
