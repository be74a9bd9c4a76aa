package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Module;

/**
 * The parts of a network that do not learn, by patterns of their names: {@code layer1} for all of it, {@code layer1.*},
 * {@code *.bn?.weight}; a star stands for any text, a question mark for one letter.
 *
 * <p>
 * A norm whose running averages match a pattern stays in eval mode: else these would go on changing.
 */
public final class Freeze {
    private final Layer network;
    private final List<Module> norms = new ArrayList<>();

    /** @throws IllegalArgumentException when a pattern matches nothing, or nothing is left to learn */
    public Freeze(Layer network, List<String> patterns) {
        this.network = network;
        List<String> keys = new ArrayList<>(StateDict.of(network).keySet());
        for (String pattern : patterns) {
            if (keys.stream().noneMatch(key -> matches(pattern, key))) {
                throw new IllegalArgumentException("--freeze '" + pattern + "' matches no parameter; there are "
                        + String.join(", ", keys.stream().limit(8).toList()) + " ...");
            }
        }
        StateDict.parameters(network).forEach((key, parameter) -> {
            if (matches(patterns, key)) {
                parameter.set_requires_grad(false);
            }
        });
        if (StateDict.parameters(network).values().stream().noneMatch(parameter -> parameter.requires_grad())) {
            throw new IllegalArgumentException("--freeze leaves no parameter to train");
        }
        network.walk().forEach((path, module) -> {
            if (matches(patterns, path + ".running_mean") && module.name().getString().contains("Norm")) {
                norms.add(module);
            }
        });
    }

    private static boolean matches(List<String> patterns, String key) {
        return patterns.stream().anyMatch(pattern -> matches(pattern, key));
    }

    private static boolean matches(String pattern, String key) {
        String regex = Pattern.quote(pattern).replace("*", "\\E.*\\Q").replace("?", "\\E.\\Q");
        return key.matches(regex + "(\\..*)?");
    }

    /** Puts the network into training mode, but for the norms that stay. */
    public void train() {
        network.train(true);
        norms.forEach(Module::eval);
    }
}
