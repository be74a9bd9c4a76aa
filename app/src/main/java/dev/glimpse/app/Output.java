package dev.glimpse.app;

import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/** Results for machines: one JSON object on standard output. */
final class Output {
    private static final ObjectWriter JSON = JsonMapper.builder().build().writerWithDefaultPrettyPrinter();

    private Output() {}

    static String json(Object value) {
        return JSON.writeValueAsString(value);
    }
}
