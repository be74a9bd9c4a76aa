package dev.glimpse.nn;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.bytedeco.pytorch.Tensor;

/**
 * How much memory the machine can still give, asked before what grows with the square of an input is allocated. Linux
 * grants more than it has and kills the process that uses it: without asking, a JVM dies where an error was due.
 */
public final class Memory {
    /** Requests up to here are granted unasked, and so much must be left for all else that a step makes. */
    private static final long SMALL = 256L << 20;
    private static final double GIB = 1L << 30;

    private Memory() {}

    /**
     * Refuses an input whose tensors cannot fit.
     *
     * @param owner the module, for the message
     * @param bytes of all tensors that live at once, those of backward included where gradients are on
     * @param wayOut what the user can do: "use sub_sample=true"
     * @throws IllegalArgumentException in one line, when the machine cannot give as much
     */
    public static void require(String owner, long bytes, String wayOut) {
        require(owner, bytes, wayOut, Memory::available);
    }

    static void require(String owner, long bytes, String wayOut, LongSupplier available) {
        if (bytes <= SMALL || bytes <= available.getAsLong() - SMALL) {
            return;
        }
        NativeHeap.giveBack();
        long left = available.getAsLong();
        if (bytes > left - SMALL) {
            throw new IllegalArgumentException(String.format(Locale.ROOT,
                    "%s: this input needs %.1f GiB of memory, %.1f GiB are available; %s", owner, bytes / GIB,
                    left / GIB, wayOut));
        }
    }

    /** The bytes of a tensor of the given sizes and another's type; the largest long where they are more. */
    public static long bytes(Tensor like, long... sizes) {
        long bytes = like.element_size();
        for (long size : sizes) {
            bytes = Math.multiplyHigh(bytes, size) == 0 && bytes * size >= 0 ? bytes * size : Long.MAX_VALUE;
        }
        return bytes;
    }

    /**
     * The bytes that this process can still take: what the system can free, or less where a container's limit is closer.
     * What the allocator holds in reserve is not in it.
     */
    public static long available() {
        return available(Path.of("/"));
    }

    /** @param root the folder in which {@code proc} and {@code sys} lie */
    static long available(Path root) {
        long system = field(root.resolve("proc/meminfo"), "MemAvailable:").stream().map(kib -> kib * 1024).findFirst()
                .orElseGet(Memory::freeAsTheJvmSeesIt);
        return Math.max(0, Math.min(system, leftToContainer(root)));
    }

    private static long freeAsTheJvmSeesIt() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getFreeMemorySize();
    }

    /** The least that any control group around this process leaves, of either version. */
    private static long leftToContainer(Path root) {
        long left = Long.MAX_VALUE;
        for (String line : lines(root.resolve("proc/self/cgroup"))) {
            String[] parts = line.split(":", 3); // number, controllers, path
            if (parts.length == 3 && parts[1].isEmpty()) {
                left = Math.min(left, leftToGroup(root.resolve("sys/fs/cgroup"), parts[2], "memory.max",
                        "memory.current", "inactive_file"));
            } else if (parts.length == 3 && List.of(parts[1].split(",")).contains("memory")) {
                left = Math.min(left, leftToGroup(root.resolve("sys/fs/cgroup/memory"), parts[2],
                        "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"));
            }
        }
        return left;
    }

    /** The same for one hierarchy. In a container its path may be the host's: what is not there is passed over. */
    private static long leftToGroup(Path top, String path, String limit, String usage, String reclaimable) {
        long left = Long.MAX_VALUE;
        Path own = top.resolve(path.replaceFirst("^/+", "")).normalize();
        for (Path group = own.startsWith(top) ? own : top; group.startsWith(top); group = group.getParent()) {
            OptionalLong most = number(group.resolve(limit));
            OptionalLong used = number(group.resolve(usage));
            if (most.isPresent() && used.isPresent()) {
                long cached = field(group.resolve("memory.stat"), reclaimable).orElse(0);
                left = Math.min(left, most.getAsLong() - used.getAsLong() + cached);
            }
        }
        return left;
    }

    /** The number in a file; none where there is no file, or another word in it ({@code max}). */
    private static OptionalLong number(Path file) {
        return lines(file).stream().limit(1).filter(line -> line.matches("\\d{1,19}")).mapToLong(Memory::parse)
                .findFirst();
    }

    /** The number after a word at the start of a line. */
    private static OptionalLong field(Path file, String name) {
        return lines(file).stream().map(line -> line.split("\\s+"))
                .filter(words -> words.length > 1 && words[0].equals(name)).mapToLong(words -> parse(words[1]))
                .findFirst();
    }

    private static long parse(String digits) {
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException _) {
            return Long.MAX_VALUE;
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException | SecurityException _) {
            return List.of();
        }
    }
}
