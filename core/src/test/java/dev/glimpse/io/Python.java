package dev.glimpse.io;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A Python that has PyTorch, where there is one. */
final class Python {
    private static final Optional<String> COMMAND = List.of("python3", "/usr/bin/python3").stream()
            .filter(command -> run(command, "import torch").isPresent()).findFirst();

    private Python() {}

    /** What a script prints; its first argument is the path. The test is skipped where there is no Python with PyTorch. */
    static String run(Path argument, String script) {
        assumeTrue(COMMAND.isPresent(), "no Python with PyTorch (python3 or /usr/bin/python3; Debian: python3-torch)");
        return run(COMMAND.orElseThrow(), script, argument.toString())
                .orElseThrow(() -> new AssertionError("Python failed; what it said is above"));
    }

    private static Optional<String> run(String command, String script, String... arguments) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command, "-c", script);
            builder.command().addAll(List.of(arguments));
            builder.redirectError(
                    arguments.length == 0 ? ProcessBuilder.Redirect.DISCARD : ProcessBuilder.Redirect.INHERIT);
            Process process = builder.start();
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? Optional.of(out) : Optional.empty();
        } catch (IOException e) { // there is no such command
            return Optional.empty();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
