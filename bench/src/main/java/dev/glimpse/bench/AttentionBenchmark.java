package dev.glimpse.bench;

import dev.glimpse.Layer;
import dev.glimpse.attention.Attentions;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Scopes;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
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

    private Layer layer;
    private Tensor input;
    private Tensor trained;
    private Tensor cotangent;

    @Setup
    public void build() {
        Libtorch.load();
        long[] sizes = Arrays.stream(shape.split("x")).mapToLong(Long::parseLong).toArray();
        layer = Attentions.slot(attention).create(sizes[1]);
        input = torch.randn(sizes);
        trained = torch.randn(sizes).set_requires_grad(true);
        cotangent = torch.randn(sizes);
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
            Scopes.noGrad(() -> layer.forward(input));
        }
    }

    @Benchmark
    public void train() {
        layer.train(true);
        try (PointerScope _ = new PointerScope()) {
            layer.forward(trained).mul(cotangent).sum().backward();
        }
    }
}
