package dev.glimpse.app;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;

/** Tells which images could not be read. */
final class Skipped {
    private static final int NAMED = 10;

    private Skipped() {}

    /** A line for all, and one for each of the first few with its reason. */
    @SafeVarargs
    static void report(PrintWriter err, Map<String, String>... skipped) {
        Map<String, String> all = new LinkedHashMap<>();
        for (Map<String, String> some : skipped) {
            all.putAll(some);
        }
        if (all.isEmpty()) {
            return;
        }
        err.println("glimpse: " + all.size() + (all.size() == 1 ? " image was" : " images were") + " skipped:");
        all.values().stream().limit(NAMED).forEach(reason -> err.println("  " + reason));
        if (all.size() > NAMED) {
            err.println("  and " + (all.size() - NAMED) + " more");
        }
        err.flush();
    }
}
