package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import dev.glimpse.io.StateDict.Match;
import dev.glimpse.model.ImageNetwork;
import dev.glimpse.model.Networks;
import dev.glimpse.nn.Tensors;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/** Starts a network from weights that were trained on other classes, or without its attention. */
public final class Pretrained {
    private Pretrained() {}

    /**
     * Takes weights into a network. All must fit, but for the classifier, which stays untrained where it has other classes,
     * and for attentions that the weights know nothing of.
     *
     * @param model the network's name and
     * @param args the arguments it was built with
     * @param classes how many it has
     * @param lenient whether to take whatever fits, whatever does not
     * @return what matched and what did not
     * @throws IllegalArgumentException in one line naming what does not fit
     */
    public static Match load(Layer network, String model, Map<String, ?> args, long classes,
            Map<String, Tensor> weights, boolean lenient) {
        Map<String, long[]> shapes = StateDict.shapes(StateDict.of(network));
        if (!lenient) {
            Map<String, long[]> required = new HashMap<>(shapes);
            Map<String, long[]> found = StateDict.shapes(weights);
            Set<String> head = classifier(network, classes);
            Predicate<String> otherClassifier = key -> head.contains(key) && found.containsKey(key)
                    && !Arrays.equals(found.get(key), shapes.get(key));
            Set<String> free = new HashSet<>(attention(shapes.keySet(), model, args));
            free.removeAll(found.keySet());
            head.stream().filter(otherClassifier).forEach(free::add);
            required.keySet().removeAll(free);
            found.keySet().removeAll(free);
            StateDict.requireFit(required, found);
        }
        return StateDict.loadMatching(network, weights);
    }

    /** The keys whose shapes depend on the number of classes. */
    private static Set<String> classifier(Layer network, long classes) {
        Map<String, long[]> before = StateDict.shapes(StateDict.of(network));
        Set<String> keys = new HashSet<>();
        if (network instanceof ImageNetwork classifier) {
            classifier.replaceClassifier(classes + 1);
            StateDict.of(network).forEach((key, tensor) -> {
                if (!Arrays.equals(before.get(key), Tensors.shape(tensor))) {
                    keys.add(key);
                }
            });
            classifier.replaceClassifier(classes);
        }
        return keys;
    }

    private static Set<String> attention(Set<String> keys, String model, Map<String, ?> args) {
        Map<String, Object> plain = new HashMap<>(args);
        plain.put("attention", "none");
        plain.remove("place");
        plain.remove("start");
        Set<String> attention = new HashSet<>(keys);
        attention.removeAll(StateDict.of(Networks.create(model, plain)).keySet());
        return attention;
    }
}
