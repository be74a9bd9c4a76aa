package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.attention.Args;
import dev.glimpse.io.StateDict;
import dev.glimpse.io.StateDict.Match;
import dev.glimpse.model.ImageNetwork;
import dev.glimpse.model.Networks;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Starts a network from weights that were trained on other classes, or without its attention.
 *
 * <pre>
 * Args args = new Args("resnet50", Map.of("classes", 5, "attention", "cbam", "start", "identity"));
 * Layer network = Networks.create(args);
 * Match match = Pretrained.load(network, args, Weights.read(Path.of("resnet50.pth")), false);
 * </pre>
 */
public final class Pretrained {
    private Pretrained() {}

    /**
     * Takes weights into a network. All must fit, but for the classifier, which stays untrained where it has other classes,
     * and for attentions that the weights know nothing of.
     *
     * @param args what the network was built with
     * @param lenient whether to take whatever fits, whatever does not
     * @return what matched and what did not; {@link Match#misshapen} names the classifier where it is new
     * @throws IllegalArgumentException in one line naming what does not fit, or when nothing does; the network is then as it
     *         was
     */
    public static Match load(Layer network, Args args, Map<String, Tensor> weights, boolean lenient) {
        Map<String, long[]> needed = StateDict.shapes(StateDict.of(network));
        Map<String, long[]> found = StateDict.shapes(weights);
        if (!lenient) {
            Set<String> free = free(needed, found, args);
            Map<String, long[]> required = new HashMap<>(needed);
            required.keySet().removeAll(free);
            Map<String, long[]> rest = new HashMap<>(found);
            rest.keySet().removeAll(free);
            StateDict.requireFit(required, rest);
        } else if (StateDict.match(needed, found).matched().isEmpty()) {
            throw new IllegalArgumentException("none of these " + found.size() + " tensors fits " + args.owner());
        }
        return StateDict.loadMatching(network, weights);
    }

    /** The keys that need not fit: the classifier's where its shape alone differs, and the attention's that are missing. */
    private static Set<String> free(Map<String, long[]> needed, Map<String, long[]> found, Args args) {
        try (PointerScope _ = new PointerScope()) {
            Layer plain = Networks.create(args.without("place", "start", "attention").with("attention", "none"));
            Set<String> attention = new HashSet<>(needed.keySet());
            attention.removeAll(StateDict.of(plain).keySet());
            attention.removeAll(found.keySet());
            Set<String> free = new HashSet<>(attention);
            classifier(plain).stream().filter(key -> needed.containsKey(key) && found.containsKey(key)
                    && !Arrays.equals(needed.get(key), found.get(key))).forEach(free::add);
            return free;
        }
    }

    /** The keys whose shapes depend on the number of classes. */
    private static Set<String> classifier(Layer network) {
        if (!(network instanceof ImageNetwork classifier)) {
            return Set.of();
        }
        classifier.replaceClassifier(1);
        Map<String, long[]> one = StateDict.shapes(StateDict.of(network));
        classifier.replaceClassifier(2);
        Map<String, long[]> two = StateDict.shapes(StateDict.of(network));
        Set<String> keys = new HashSet<>(one.keySet());
        keys.removeIf(key -> Arrays.equals(one.get(key), two.get(key)));
        return keys;
    }
}
