package dev.glimpse.app.bench;

import dev.glimpse.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.pytorch.global.torch;

/** What times depend on beside the code. */
public final class Machine {
    private static final Pattern MAJOR_AND_MINOR = Pattern.compile("^\\d+\\.\\d+");

    private Machine() {}

    /** For results: threads, vectors, libtorch, processor. */
    static Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("threads", torch.get_num_threads());
        facts.put("vector_bits", Kernels.vectorBits());
        facts.put("libtorch", libtorch());
        facts.put("processor", processor());
        facts.put("capability", torch.get_cpu_capability().getString());
        facts.put("cores", cores());
        facts.put("java", System.getProperty("java.version"));
        return facts;
    }

    /** For a file's name: {@code libtorch2.10-amd-epyc-avx512-2cores}. */
    static String slug() {
        return slug(libtorch(), processor(), torch.get_cpu_capability().getString(), cores());
    }

    static String slug(String libtorch, String processor, String capability, int cores) {
        Matcher version = MAJOR_AND_MINOR.matcher(libtorch);
        String model = processor.toLowerCase(Locale.ROOT).replaceAll("\\((r|tm)\\)|\\bcpu\\b|@.*", " ")
                .replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
        return "libtorch" + (version.find() ? version.group() : libtorch) + "-" + model + "-"
                + capability.toLowerCase(Locale.ROOT) + "-" + cores + "cores";
    }

    private static String libtorch() {
        String version = torch.class.getPackage().getImplementationVersion();
        return version == null ? "unknown" : version;
    }

    private static int cores() {
        return Runtime.getRuntime().availableProcessors();
    }

    /** The processor's name. */
    public static String processor() {
        return cpuinfo("model name").stream().findFirst().orElse(System.getProperty("os.arch"));
    }

    /** The lines of /proc/cpuinfo that begin with a word, without it; none where there is no such file. */
    public static List<String> cpuinfo(String key) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith(key)).map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .toList();
        } catch (IOException _) {
            return List.of();
        }
    }
}
