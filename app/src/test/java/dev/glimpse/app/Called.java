package dev.glimpse.app;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A command run within the test's own process, which takes a tenth of the time of the {@linkplain Launched launcher}. */
record Called(int exit, String out, String err) {
    /** The one line of an error. */
    String errorLine() {
        List<String> lines = err.lines().toList();
        if (lines.size() != 1) {
            throw new AssertionError("not one line: " + err);
        }
        return lines.getFirst();
    }

    static Called glimpse(Object... args) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        ByteArrayOutputStream complained = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(complained, true, StandardCharsets.UTF_8));
        try {
            int exit = Main.run(Arrays.stream(args).map(Object::toString).toArray(String[]::new));
            return new Called(exit, said.toString(StandardCharsets.UTF_8), complained.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }
}
