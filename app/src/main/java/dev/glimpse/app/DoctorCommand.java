package dev.glimpse.app;

import dev.glimpse.app.bench.Machine;
import dev.glimpse.kernel.Kernels;
import dev.glimpse.nn.Libtorch;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Says what this process runs on, and what is missing for full speed. */
@Command(name = "doctor", mixinStandardHelpOptions = true,
        description = "Print versions, threads, processor features, the libtorch in use, and what is missing.")
final class DoctorCommand implements Runnable {
    private static final Map<String, String> ENVIRONMENT = new LinkedHashMap<>();
    private static final long LARGEST_HEAP = 4L << 30;
    private static final List<String> FEATURES = List.of("avx2", "fma", "avx512f", "avx512bw", "avx512vl",
            "avx512_bf16",
            "amx_bf16", "avx512_vnni", "f16c");

    static {
        ENVIRONMENT.put("MALLOC_ARENA_MAX", "1");
        ENVIRONMENT.put("MALLOC_MMAP_MAX_", "0");
        ENVIRONMENT.put("MALLOC_TRIM_THRESHOLD_", "100000000000");
        ENVIRONMENT.put("MALLOC_TOP_PAD_", "1000000000");
        ENVIRONMENT.put("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1:glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0");
        ENVIRONMENT.put("GOMP_SPINCOUNT", "10000");
        ENVIRONMENT.put("OPENBLAS_NUM_THREADS", "1");
    }

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        Libtorch.load();
        Map<String, Object> facts = facts();
        List<String> missing = missing();
        if (json) {
            facts.put("missing", missing);
            out.println(Output.json(facts));
            return;
        }
        facts.forEach((name, value) -> out.printf("%-22s %s%n", name, value));
        out.println();
        if (missing.isEmpty()) {
            out.println("Nothing is missing.");
        }
        missing.forEach(line -> out.println("- " + line));
    }

    private static Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("glimpse", new Main.Version().getVersion()[0].substring("glimpse ".length()));
        facts.put("java", System.getProperty("java.vm.name") + " " + System.getProperty("java.version") + ", "
                + System.getProperty("java.home"));
        facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                + Loader.getPlatform());
        facts.put("processor", Machine.processor());
        facts.put("processor features", String.join(" ", features()));
        facts.put("processors", Runtime.getRuntime().availableProcessors());
        facts.put("heap cap", Runtime.getRuntime().maxMemory() / (1 << 20) + " MiB");
        facts.put("libtorch", torch.class.getPackage().getImplementationVersion() + ", "
                + torch.get_cpu_capability().getString() + ", " + torch.get_num_threads() + " threads, "
                + torch.get_num_interop_threads() + " between operations");
        facts.put("libtorch loaded from", String.join(" ", loadedFrom("libtorch_cpu")));
        facts.put("vector instructions", hasVectorModule() ? "jdk.incubator.vector is on"
                : "off: the JVM was started without --add-modules jdk.incubator.vector");
        facts.put("attention kernels", kernels());
        ENVIRONMENT.keySet().forEach(name -> facts.put(name, System.getenv().getOrDefault(name, "not set")));
        return facts;
    }

    private static String kernels() {
        String forced = Kernels.chosen() == Kernels.Choice.AUTO ? ""
                : ", as -D" + Kernels.PROPERTY + "=" + Kernels.chosen().name().toLowerCase(Locale.ROOT) + " says";
        if (Kernels.whyNot().isPresent()) {
            return "composed of libtorch's operations" + forced + ": " + Kernels.whyNot().get();
        }
        String vectors = Kernels.vectorBits() + "-bit vectors, " + torch.get_num_threads() + " threads";
        return switch (Kernels.chosen()) {
            case AUTO -> "auto: fused where they win, " + vectors;
            case FUSED -> "fused" + forced + ", " + vectors;
            case COMPOSED, COMPOSED_AMAX, LIBTORCH -> "composed of libtorch's operations" + forced;
        };
    }

    private static List<String> missing() {
        List<String> missing = new ArrayList<>();
        ENVIRONMENT.forEach((name, value) -> {
            if (concerns(name) && !value.equals(System.getenv(name))) {
                missing.add("set " + name + "=" + value + " in the environment that starts the JVM: " + worth(name)
                        + " (docs/memory.md)");
            }
        });
        if (!hasVectorModule()) {
            missing.add("start the JVM with --add-modules jdk.incubator.vector");
        }
        if (!DoctorCommand.class.getModule().isNativeAccessEnabled()) {
            missing.add(
                    "start the JVM with --enable-native-access=ALL-UNNAMED: it else warns at the first native call");
        }
        if (Runtime.getRuntime().maxMemory() > LARGEST_HEAP) {
            missing.add(
                    "start the JVM with -Xmx1g or so: a heap that is never full is seldom collected, and native memory "
                            + "that small objects hold piles up (docs/memory.md)");
        }
        if (!"0".equals(System.getProperty("org.bytedeco.javacpp.maxPhysicalBytes"))) {
            missing.add("start the JVM with -Dorg.bytedeco.javacpp.maxPhysicalBytes=0: JavaCPP else throws "
                    + "OutOfMemoryError when native memory exceeds four times the heap cap");
        }
        if (loadedFrom("libtorch_cpu").stream().anyMatch(path -> !path.contains("org/bytedeco"))) {
            missing.add("another libtorch is loaded than the one Glimpse brings: take it out of the library path");
        }
        return missing;
    }

    /** The allocator's variables are glibc's. */
    private static boolean concerns(String variable) {
        return !variable.startsWith("MALLOC") && !variable.startsWith("GLIBC")
                || System.getProperty("os.name").equals("Linux");
    }

    private static String worth(String variable) {
        return switch (variable) {
            case "GOMP_SPINCOUNT" -> "libgomp's spinning then leaves the Java threads their turn";
            case "GLIBC_TUNABLES" ->
                    "large tensors then lie in large pages, which are found sooner, and find room again";
            case "OPENBLAS_NUM_THREADS" -> "OpenBLAS's threads then do not fight with libtorch's own";
            default -> "the allocator then keeps large blocks";
        };
    }

    private static boolean hasVectorModule() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }

    /** The files of a library that this process has mapped; where the system does not tell, what JavaCPP loaded. */
    private static List<String> loadedFrom(String library) {
        Path maps = Path.of("/proc/self/maps");
        if (!Files.isReadable(maps)) {
            return Loader.getLoadedLibraries().entrySet().stream().filter(e -> e.getKey().contains("torch"))
                    .map(Map.Entry::getValue).toList();
        }
        try (Stream<String> lines = Files.lines(maps)) {
            return List.copyOf(new TreeSet<>(lines.filter(line -> line.contains(library))
                    .map(line -> line.substring(line.indexOf('/'))).toList()));
        } catch (IOException e) {
            return List.of("unknown (" + e.getMessage() + ")");
        }
    }

    private static List<String> features() {
        List<String> flags = Machine.cpuinfo("flags").stream().findFirst().map(line -> List.of(line.split(" ")))
                .orElse(List.of());
        return FEATURES.stream().filter(flags::contains).toList();
    }
}
