package dev.glimpse;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.glimpse.io.StateDict;
import dev.glimpse.nn.NativeHeap;
import dev.glimpse.nn.Scopes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What many tests share: seeded tensors, and how much memory the process holds. */
public final class Support {
    private static final int ROUNDS = 3;
    private static final long NOISE = 4L << 20;
    private static final Path STATUS = Path.of("/proc/self/status");

    private Support() {}

    /** Normally distributed elements that follow from the seed. */
    public static Tensor random(long seed, ScalarType type, long... shape) {
        torch.manual_seed(seed);
        return torch.randn(shape, new TensorOptions(type));
    }

    /** Gives every parameter and running statistic a value that no initialiser would: nothing is left at zero or one. */
    public static void randomise(Module module, long seed) {
        torch.manual_seed(seed);
        Scopes.noGrad(() -> {
            StateDict.parameters(module).values().forEach(p -> {
                double fanIn = p.dim() < 2 ? 1 : p.numel() / (double) p.size(0);
                p.normal_(0, 1 / Math.sqrt(fanIn), null);
            });
            StateDict.buffers(module).forEach((key, buffer) -> {
                if (key.endsWith("running_var")) {
                    buffer.uniform_(0.5, 1.5, null);
                } else if (key.endsWith("running_mean")) {
                    buffer.normal_();
                }
            });
            return null;
        });
    }

    /** The largest magnitude among a tensor's elements; 0 for a gradient that never came. */
    public static double magnitude(Tensor tensor) {
        return !tensor.defined() ? 0 : tensor.detach().abs().max().item_double();
    }

    /**
     * By how many bytes the process grows over some steps, after a fourth as many to warm up: where that is much, the
     * least of a few times, since a leak leaves something each time and the JIT but once. Libtorch keeps to one thread,
     * since on a busy machine its threads wait for one another.
     */
    public static long growth(int steps, Runnable step) {
        int threads = torch.get_num_threads();
        torch.set_num_threads(1);
        openblas.blas_set_num_threads(1);
        try {
            IntStream.range(0, steps / 4).forEach(_ -> step.run());
            long least = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS && least > NOISE; round++) {
                long before = residentBytes();
                IntStream.range(0, steps).forEach(_ -> step.run());
                least = Math.min(least, residentBytes() - before);
            }
            return least;
        } finally {
            torch.set_num_threads(threads);
            openblas.blas_set_num_threads(threads);
        }
    }

    /** The step in a scope of its own. */
    public static Runnable scoped(Runnable step) {
        return () -> {
            try (PointerScope _ = new PointerScope()) {
                step.run();
            }
        };
    }

    /**
     * How much of the process lies in memory, once the allocator has given back what it holds in reserve: a leak would
     * hide in there. A test that asks is skipped where the system is not Linux with glibc.
     */
    public static long residentBytes() {
        assumeTrue(Files.exists(STATUS) && NativeHeap.bytesInUse().isPresent(), "needs Linux and glibc");
        try {
            for (int i = 0; i < 3; i++) {
                System.gc();
                Thread.sleep(50); // JavaCPP's own thread frees what was collected
            }
            NativeHeap.giveBack();
            String line = Files.readAllLines(STATUS).stream().filter(l -> l.startsWith("VmRSS:")).findFirst()
                    .orElseThrow();
            return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
