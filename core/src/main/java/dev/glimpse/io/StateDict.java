package dev.glimpse.io;

import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;

/** A module's parameters and buffers by their keys, as PyTorch names them. */
public final class StateDict {
    /** Batch norm's counter of steps. It is not part of what a network computes, and older checkpoints lack it. */
    private static final String STEP_COUNTER = "num_batches_tracked";
    private static final int NAMED = 3;

    private StateDict() {}

    /**
     * The trained parameters by key, one registered under two names once, under the first; the tensors are the module's
     * own, not copies.
     */
    public static Map<String, Tensor> parameters(Module module) {
        return distinct(entries(module.named_parameters()));
    }

    /** The buffers by key, such as running statistics, each once; the tensors are the module's own. */
    public static Map<String, Tensor> buffers(Module module) {
        return distinct(entries(module.named_buffers()));
    }

    /** Parameters, then buffers, under all their names, as checkpoints have them; the tensors are the module's own. */
    public static Map<String, Tensor> of(Module module) {
        Map<String, Tensor> all = entries(module.named_parameters());
        all.putAll(entries(module.named_buffers()));
        return all;
    }

    /** How many numbers are trained; a parameter registered under two names counts once. */
    public static long parameterCount(Module module) {
        return parameters(module).values().stream().mapToLong(Tensor::numel).sum();
    }

    /**
     * What fits what.
     *
     * @param matched keys that both have, in one shape
     * @param missing keys of the module that the values lack; counters of batches are no loss
     * @param leftOver keys of the values that the module lacks
     * @param misshapen keys of both in different shapes, with the two
     */
    public record Match(Set<String> matched, Set<String> missing, Set<String> leftOver,
            Map<String, String> misshapen) {
        /** Whether nothing is missing, left over or of another shape. */
        public boolean complete() {
            return missing.isEmpty() && leftOver.isEmpty() && misshapen.isEmpty();
        }

        /** One line: how many matched, and some of what did not. */
        @Override
        public String toString() {
            List<String> parts = new ArrayList<>(List.of(matched.size() + " matched"));
            parts.addAll(faults());
            return String.join("; ", parts);
        }

        private List<String> faults() {
            List<String> faults = new ArrayList<>();
            report("missing", missing, faults);
            report("left over", leftOver, faults);
            report("of another shape", misshapen.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList(),
                    faults);
            return faults;
        }

        private static void report(String fault, Collection<String> keys, List<String> faults) {
            if (!keys.isEmpty()) {
                String some = String.join(", ", keys.stream().limit(NAMED).toList()).replaceAll("\\p{Cntrl}", "?");
                faults.add(
                        fault + ": " + some + (keys.size() > NAMED ? " and " + (keys.size() - NAMED) + " more" : ""));
            }
        }
    }

    /**
     * Copies values into a module, in the module's own types.
     *
     * @throws IllegalArgumentException when a key is missing, left over or has another shape, naming them; the module is
     *         then as it was. Counters of batches may be missing.
     */
    public static void load(Module module, Map<String, Tensor> values) {
        requireFit(shapes(of(module)), shapes(values));
        loadMatching(module, values);
    }

    /** Copies the values that fit into a module, leaves the rest as it was, and says which is which. */
    public static Match loadMatching(Module module, Map<String, Tensor> values) {
        Map<String, Tensor> own = of(module);
        Match match = match(shapes(own), shapes(values));
        Scopes.noGrad(() -> {
            match.matched().forEach(key -> own.get(key).copy_(values.get(key)));
            return null;
        });
        return match;
    }

    /** Compares what a module has with what a file has. */
    public static Match match(Map<String, long[]> needed, Map<String, long[]> found) {
        Set<String> missing = new TreeSet<>(needed.keySet());
        missing.removeAll(found.keySet());
        missing.removeIf(key -> key.endsWith(STEP_COUNTER));
        Set<String> leftOver = new TreeSet<>(found.keySet());
        leftOver.removeAll(needed.keySet());
        Set<String> matched = new LinkedHashSet<>();
        Map<String, String> misshapen = new LinkedHashMap<>();
        needed.forEach((key, shape) -> {
            long[] other = found.get(key);
            if (other != null && Arrays.equals(shape, other)) {
                matched.add(key);
            } else if (other != null) {
                misshapen.put(key, "(" + Tensors.shapeText(other) + ", not " + Tensors.shapeText(shape) + ")");
            }
        });
        return new Match(matched, missing, leftOver, misshapen);
    }

    /**
     * The same, for weights that must fit as a whole.
     *
     * @throws IllegalArgumentException naming what is missing, left over or of another shape
     */
    public static void requireFit(Map<String, long[]> needed, Map<String, long[]> found) {
        Match match = match(needed, found);
        if (!match.complete()) {
            throw new IllegalArgumentException(
                    "these weights are not this network's: " + String.join("; ", match.faults()));
        }
    }

    /** The shape of each tensor. */
    public static Map<String, long[]> shapes(Map<String, Tensor> tensors) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        tensors.forEach((key, tensor) -> shapes.put(key, Tensors.shape(tensor)));
        return shapes;
    }

    private static Map<String, Tensor> distinct(Map<String, Tensor> named) {
        Map<String, Tensor> distinct = new LinkedHashMap<>();
        Set<Long> known = new HashSet<>();
        named.forEach((key, tensor) -> {
            if (known.add(identity(tensor))) {
                distinct.put(key, tensor);
            }
        });
        return distinct;
    }

    /** The same for two tensors that are one. */
    static long identity(Tensor tensor) {
        return tensor.unsafeGetTensorImpl().address();
    }

    private static Map<String, Tensor> entries(StringTensorDict dict) {
        Map<String, Tensor> entries = new LinkedHashMap<>();
        try (dict) { // its values are references into it: each becomes one that stands by itself
            for (long i = 0; i < dict.size(); i++) {
                entries.put(dict.get(i).key().getString(), new Tensor(dict.get(i).value()));
            }
        }
        return entries;
    }
}
