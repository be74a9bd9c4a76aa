package dev.glimpse;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Scopes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What many tests share: seeded tensors, and how much memory the process holds. */
public final class Support {
    private static final Path STATM = Path.of("/proc/self/statm");
    private static final long PAGE = 4096;

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

    /** The largest magnitude among a tensor's elements. */
    public static double magnitude(Tensor tensor) {
        return tensor.detach().abs().max().item_double();
    }

    /** By how many bytes the process grows over some steps, each in a scope of its own, after as many as a fourth more. */
    public static long growth(int steps, Runnable step) {
        run(steps / 4, step);
        long before = residentBytes();
        run(steps, step);
        return residentBytes() - before;
    }

    private static void run(int steps, Runnable step) {
        for (int i = 0; i < steps; i++) {
            try (PointerScope _ = new PointerScope()) {
                step.run();
            }
        }
    }

    /** How much of the process lies in memory; a test that asks is skipped where the system does not say. */
    public static long residentBytes() {
        assumeTrue(Files.exists(STATM), "needs Linux's /proc");
        System.gc();
        try {
            return Long.parseLong(Files.readString(STATM).split(" ")[1]) * PAGE;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
