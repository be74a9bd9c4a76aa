package dev.glimpse.io;

import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
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
     * Copies values into a module, in the module's own types.
     *
     * @throws IllegalArgumentException when a key is missing, left over or has another shape, naming them; the module is
     *         then as it was. Counters of batches may be missing.
     */
    public static void load(Module module, Map<String, Tensor> values) {
        Map<String, Tensor> own = of(module);
        requireFit(shapes(own), shapes(values));
        Scopes.noGrad(() -> {
            values.forEach((key, value) -> own.get(key).copy_(value));
            return null;
        });
    }

    /**
     * Compares what a module has with what a file has.
     *
     * @throws IllegalArgumentException naming what is missing, left over or of another shape
     */
    public static void requireFit(Map<String, long[]> needed, Map<String, long[]> found) {
        List<String> faults = new ArrayList<>();
        Set<String> missing = new TreeSet<>(needed.keySet());
        missing.removeAll(found.keySet());
        missing.removeIf(key -> key.endsWith(STEP_COUNTER));
        report("missing", missing, faults);
        Set<String> extra = new TreeSet<>(found.keySet());
        extra.removeAll(needed.keySet());
        report("left over", extra, faults);
        Set<String> misshapen = new LinkedHashSet<>();
        needed.forEach((key, shape) -> {
            long[] other = found.get(key);
            if (other != null && !Arrays.equals(shape, other)) {
                misshapen.add(key + " (" + Tensors.shapeText(other) + ", not " + Tensors.shapeText(shape) + ")");
            }
        });
        report("of another shape", misshapen, faults);
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException(
                    "these weights are not this network's: " + String.join("; ", faults));
        }
    }

    /** The shape of each tensor. */
    public static Map<String, long[]> shapes(Map<String, Tensor> tensors) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        tensors.forEach((key, tensor) -> shapes.put(key, Tensors.shape(tensor)));
        return shapes;
    }

    private static void report(String fault, Set<String> keys, List<String> faults) {
        if (!keys.isEmpty()) {
            String some = String.join(", ", keys.stream().limit(NAMED).toList());
            faults.add(fault + ": " + some + (keys.size() > NAMED ? " and " + (keys.size() - NAMED) + " more" : ""));
        }
    }

    private static Map<String, Tensor> distinct(Map<String, Tensor> named) {
        Map<String, Tensor> distinct = new LinkedHashMap<>();
        Set<Long> known = new HashSet<>();
        named.forEach((key, tensor) -> {
            if (known.add(tensor.unsafeGetTensorImpl().address())) {
                distinct.put(key, tensor);
            }
        });
        return distinct;
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
