package dev.glimpse.io;

import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.SharedModuleVector;
import org.bytedeco.pytorch.Tensor;

/**
 * A module's parameters, parted by whether weight decay belongs on them.
 *
 * <pre>
 * ParameterGroups groups = ParameterGroups.of(network);
 * groups.decayed()      weights of convolutions and linear layers, tables of positions
 * groups.undecayed()    every parameter of a normalisation layer, whatever its shape; every bias; whatever has one
 *                       dimension or none, such as the numbers that scale a layer or let an attention in
 * </pre>
 *
 * Decay draws towards zero. That keeps weights small; norms undo the size of what stands before them, and a scale that is
 * drawn to zero shuts off the layer it scales. A parameter under two names stands once, under the first.
 *
 * @param decayed what is decayed, by key; the tensors are the module's own
 * @param undecayed all other parameters, likewise
 */
public record ParameterGroups(Map<String, Tensor> decayed, Map<String, Tensor> undecayed) {
    public ParameterGroups {
        decayed = Collections.unmodifiableMap(decayed);
        undecayed = Collections.unmodifiableMap(undecayed);
    }

    /** Parts the parameters of a layer, a network or any module. */
    public static ParameterGroups of(Module module) {
        Set<Long> norms = ofNorms(module);
        Map<String, Tensor> decayed = new LinkedHashMap<>();
        Map<String, Tensor> undecayed = new LinkedHashMap<>();
        StateDict.parameters(module).forEach((key, parameter) -> {
            boolean spared =
                    parameter.dim() <= 1 || key.endsWith("bias") || norms.contains(StateDict.identity(parameter));
            (spared ? undecayed : decayed).put(key, parameter);
        });
        return new ParameterGroups(decayed, undecayed);
    }

    /** The parameters of all normalisation layers: those of layer norms can have several dimensions. */
    private static Set<Long> ofNorms(Module module) {
        Set<Long> norms = new HashSet<>();
        try (PointerScope _ = new PointerScope()) {
            collectOfNorm(module, norms);
            SharedModuleVector parts = module.modules(false);
            for (long i = 0; i < parts.size(); i++) {
                collectOfNorm(parts.get(i), norms);
            }
        }
        return norms;
    }

    private static void collectOfNorm(Module module, Set<Long> norms) {
        if (module.name().getString().matches(".*Norm\\w*Impl")) { // torch::nn::LayerNormImpl, ...
            for (Tensor parameter : module.parameters(false).get()) {
                norms.add(StateDict.identity(parameter));
            }
        }
    }
}
