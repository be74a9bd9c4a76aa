package dev.glimpse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Runs a small main class in a JVM of its own, with the environment and the options of the launcher: what a process
 * peaks at cannot be told from inside one that has run other tests.
 */
public final class FreshProcess {
    private static final long PATIENCE_SECONDS = 120;
    private static final Pattern EXPORT = Pattern.compile("export (\\w+)=\"\\$\\{\\1:-(\\w+)}\"");
    private static final Path STATUS = Path.of("/proc/self/status");

    private FreshProcess() {}

    /**
     * How a process ended.
     *
     * @param printed on standard output
     * @param said on standard error
     */
    public record Ended(int status, String printed, String said) {}

    /**
     * What the main class printed on standard output.
     *
     * @throws AssertionError with what it said on standard error, unless it ended well
     */
    public static String run(Class<?> main, String... args) {
        Ended ended = end(List.of(), main, args);
        if (ended.status != 0) {
            throw new AssertionError(main.getName() + " " + String.join(" ", args) + " ended with " + ended.status
                    + ": " + ended.said);
        }
        return ended.printed;
    }

    /**
     * The same, however it ends, with more options for the JVM.
     *
     * @throws AssertionError if it does not end
     */
    public static Ended end(List<String> options, Class<?> main, String... args) {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java"),
                "-Xmx1g", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED",
                "-Dorg.bytedeco.javacpp.maxBytes=0", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(args));
        try {
            Path out = Files.createTempFile("fresh", ".out");
            Path err = Files.createTempFile("fresh", ".err");
            ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out.toFile())
                    .redirectError(err.toFile());
            builder.environment().putAll(launcherEnvironment());
            Process process = builder.start();
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(String.join(" ", command) + " did not end: " + Files.readString(err));
            }
            Ended ended = new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
            Files.delete(out);
            Files.delete(err);
            return ended;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The most memory that this process has held at any time, in bytes; Linux alone tells. */
    public static long peakBytes() throws IOException {
        String line = Files.readAllLines(STATUS).stream().filter(l -> l.startsWith("VmHWM:")).findFirst()
                .orElseThrow();
        return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
    }

    /** Whether {@link #peakBytes} can be asked here. */
    public static boolean tellsPeak() {
        return Files.exists(STATUS);
    }

    /** What the launcher exports, read from it. */
    private static Map<String, String> launcherEnvironment() throws IOException {
        String launcher = Files.readString(Path.of(System.getProperty("glimpse.root", "..")).resolve("glimpse"));
        Map<String, String> environment = EXPORT.matcher(launcher).results()
                .collect(Collectors.toMap(found -> found.group(1), found -> found.group(2)));
        if (environment.isEmpty()) {
            throw new IllegalStateException("the launcher exports nothing that " + EXPORT + " finds");
        }
        return environment;
    }
}
