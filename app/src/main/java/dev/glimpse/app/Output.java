package dev.glimpse.app;

import java.nio.file.Path;
import java.util.Set;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/** Results for machines: one JSON object on standard output. */
final class Output {
    private static final ObjectWriter JSON = JsonMapper.builder().build().writerWithDefaultPrettyPrinter();

    private Output() {}

    static String json(Object value) {
        return JSON.writeValueAsString(value);
    }

    /** A file's name without its ending, with a number behind it where it was taken before. */
    static String unused(Path file, Set<String> names) {
        String whole = file.getFileName().toString();
        String stem = whole.contains(".") ? whole.substring(0, whole.lastIndexOf('.')) : whole;
        String name = stem;
        for (int i = 2; !names.add(name); i++) {
            name = stem + "-" + i;
        }
        return name;
    }
}
