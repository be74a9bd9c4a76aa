package dev.glimpse.app;

import dev.glimpse.data.DataSources;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** What somebody typed, so that it can be typed again. */
final class Typed {
    /** How results are told changes nothing about a training. */
    private static final Set<String> LEFT_OUT = Set.of("--json", "--debug");

    private Typed() {}

    /**
     * The words behind {@code glimpse train} that began a run.
     *
     * @param data where its images are; as an absolute path, so that it holds in any folder
     */
    static List<String> words(CommandSpec spec, String data) {
        return words(spec, data, Map.of());
    }

    /**
     * The same of one of several runs.
     *
     * @param instead what it was started with, by option; null where that is not for one run
     */
    static List<String> words(CommandSpec spec, String data, Map<String, String> instead) {
        List<String> words = new ArrayList<>(List.of(DataSources.absolute(data)));
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
            if (!LEFT_OUT.contains(option.longestName()) && !instead.containsKey(option.longestName())) {
                words.add(option.longestName());
                if (option.arity().max() > 0) {
                    words.addAll(option.originalStringValues());
                }
            }
        }
        instead.forEach((option, value) -> {
            if (value != null) {
                words.addAll(List.of(option, value));
            }
        });
        return words;
    }
}
