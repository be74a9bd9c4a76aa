package dev.glimpse.app.report;

import dev.glimpse.train.RunConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a run was started with: as settings by name, and as a command to do the same again. */
public final class RunSetup {
    private static final JsonMapper JSON = new JsonMapper();
    /** Said elsewhere, or measured and not chosen. */
    private static final Set<String> LEFT_OUT =
            Set.of("format", "classes", "mean", "std", "command", "images.names", "task.masks.legend.classes");
    private static final int LONGEST = 120;

    private RunSetup() {}

    /** All settings that are not off, by dotted names. */
    public static Map<String, String> settings(RunConfig config) {
        Map<String, String> settings = new LinkedHashMap<>();
        flatten("", JSON.valueToTree(config), settings);
        return settings;
    }

    private static void flatten(String name, JsonNode node, Map<String, String> settings) {
        if (LEFT_OUT.contains(name) || node.isNull()) {
            return;
        }
        if (node.isObject()) {
            node.properties().forEach(
                    field -> flatten(name.isEmpty() ? field.getKey() : name + "." + field.getKey(), field.getValue(),
                            settings));
            return;
        }
        String text = node.isString() && node.asString().matches("[A-Z0-9_]+")
                ? node.asString().toLowerCase(Locale.ROOT).replace('_', ' ')
                : node.isArray()
                        ? StreamSupport.stream(node.spliterator(), false).map(JsonNode::asString)
                                .collect(Collectors.joining(", "))
                        : node.isFloatingPointNumber() ? Numbers.plain(node.asDouble()) : node.asString();
        boolean off = text.isEmpty() || text.equals("false") || node.isNumber() && node.asDouble() == 0;
        if (!off || name.endsWith("seed")) {
            settings.put(name, text);
        }
    }

    /** A setting's name in words: {@code recipe.regularisation.labelSmoothing} is a label smoothing. */
    static String words(String name) {
        String[] parts = name.split("\\.");
        String last = parts[parts.length - 1];
        boolean vague = parts.length > 2 || parts.length == 2 && !parts[0].equals("recipe") && !parts[0].equals("args");
        String said = vague ? parts[parts.length - 2] + " " + last : last;
        String spaced = said.replaceAll("([a-z])([A-Z])", "$1 $2").replace('_', ' ').toLowerCase(Locale.ROOT);
        return Character.toUpperCase(spaced.charAt(0)) + spaced.substring(1);
    }

    static String html(RunConfig config) {
        StringBuilder list = new StringBuilder();
        settings(config).forEach((name, value) -> list.append("<div><dt>%s</dt><dd>%s</dd></div>\n".formatted(
                Html.escape(words(name)),
                Html.escape(value.length() <= LONGEST ? value : value.substring(0, LONGEST) + "…"))));
        String json = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(config);
        return "<dl class=\"settings\">\n" + list + "</dl>\n<p class=\"note\">What is off is left out.</p>\n"
                + Parts.details("config.json", "<pre>" + Html.escape(json) + "</pre>\n");
    }

    /** What to type to train the same again from any folder; nothing where no command did. */
    static String command(RunConfig config) {
        if (config.command().isEmpty()) {
            return "";
        }
        List<String> words = new ArrayList<>(List.of("glimpse", "train"));
        words.addAll(config.command());
        if (!config.command().contains("--precision")) {
            words.addAll(List.of("--precision", config.recipe().mode().precision().name().toLowerCase(Locale.ROOT)));
        }
        if (!config.command().contains("--layout")) {
            words.addAll(List.of("--layout", config.recipe().mode().layout().name().toLowerCase(Locale.ROOT)));
        }
        return "<p>The same again, with the same numbers on the same machine with as many threads:</p>\n"
                + typed(words);
    }

    /** Words as one types them, broken at spaces alone. */
    static String typed(List<String> words) {
        return "<pre>" + words.stream().map(word -> "<span>" + Html.escape(quoted(word)) + "</span>")
                .collect(Collectors.joining(" ")) + "</pre>\n";
    }

    /** As a shell takes it. */
    private static String quoted(String word) {
        return word.matches("[A-Za-z0-9_./:=,+@%-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
