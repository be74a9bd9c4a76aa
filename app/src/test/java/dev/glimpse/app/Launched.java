package dev.glimpse.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The built launcher, run as a user runs it. */
record Launched(int exit, String out, String err) {
    private static final Path ROOT = Path.of(System.getProperty("glimpse.root"));
    private static final long PATIENCE_SECONDS = 300;

    static Launched glimpse(Object... args) {
        return glimpse(Map.of(), args);
    }

    static Launched glimpse(Map<String, String> environment, Object... args) {
        try {
            Path out = Files.createTempFile("glimpse", ".out");
            Path err = Files.createTempFile("glimpse", ".err");
            Process process = start(environment, out, err, args);
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("glimpse " + List.of(args) + " did not end: " + Files.readString(err));
            }
            Launched result = new Launched(process.exitValue(), Files.readString(out),
                    withoutJvmNotes(Files.readString(err)));
            Files.delete(out);
            Files.delete(err);
            return result;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Starts the launcher and returns at once. */
    static Process start(Map<String, String> environment, Path out, Path err, Object... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(ROOT.resolve("glimpse").toString()));
        for (Object arg : args) {
            command.add(arg.toString());
        }
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().put("GLIMPSE_NO_BUILD", "1");
        builder.environment().put("XDG_CACHE_HOME", ROOT.resolve("app/target/cache").toString());
        builder.environment().put("OMP_NUM_THREADS", "1"); // two tests run at a time
        builder.environment().putAll(environment);
        return builder.start();
    }

    /** What Glimpse itself said: the JVM announces the vector module at each start. */
    private static String withoutJvmNotes(String err) {
        return err.lines().filter(line -> !line.startsWith("WARNING: Using incubator modules")).map(line -> line + "\n")
                .reduce("", String::concat);
    }

    /** The one line of an error. */
    String errorLine() {
        List<String> lines = err.lines().toList();
        if (lines.size() != 1) {
            throw new AssertionError("not one line: " + err);
        }
        return lines.getFirst();
    }
}
