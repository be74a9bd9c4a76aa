package dev.glimpse.train;

import dev.glimpse.io.ParameterGroups;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Moves a module's parameters by one of the {@linkplain OptimizerSettings.Rule update rules}, and can be saved and loaded.
 *
 * <p>
 * Weight decay is for the weights alone, as {@link ParameterGroups} parts them. A parameter that is frozen when the
 * optimizer is built, or has no gradient in a step, stays. What the rule remembers has the parameters' own type: under
 * autocast that is float32.
 */
public final class Optimizer {
    private static final String STEPS = "steps";

    private final Module module;
    private final UpdateRule rule;
    private final List<Parameter> parameters = new ArrayList<>();
    private long steps;

    private record Parameter(String key, Tensor tensor, double weightDecay, Map<String, Tensor> memories) {}

    /** Build it outside of pointer scopes: it lives as long as the training does. */
    public Optimizer(Module module, OptimizerSettings settings) {
        this.module = module;
        rule = switch (settings.rule()) {
            case SGD -> new Sgd(settings);
            case ADAM, ADAMW -> new Adam(settings);
            case RMSPROP -> new RmsProp(settings);
            case LION -> new Lion(settings);
        };
        ParameterGroups groups = ParameterGroups.of(module);
        groups.decayed().forEach((key, parameter) -> add(key, parameter, settings.weightDecay()));
        groups.undecayed().forEach((key, parameter) -> add(key, parameter, 0));
    }

    private void add(String key, Tensor parameter, double weightDecay) {
        if (parameter.requires_grad()) {
            Map<String, Tensor> memories = new LinkedHashMap<>();
            rule.memories().forEach(name -> memories.put(name, torch.zeros_like(parameter.detach())));
            parameters.add(new Parameter(key, parameter, weightDecay, memories));
        }
    }

    /** Forgets the last step's gradients. */
    public void zeroGrad() {
        module.zero_grad(true);
    }

    /** Moves the parameters along their gradients. */
    public void step(double learningRate) {
        steps++;
        try (PointerScope _ = new PointerScope()) {
            Scopes.noGrad(() -> {
                parameters.stream().mapToDouble(Parameter::weightDecay).distinct().forEach(decay -> step(
                        parameters.stream().filter(p -> p.weightDecay == decay && p.tensor.grad().defined()).toList(),
                        learningRate, decay));
                return null;
            });
        }
    }

    private void step(List<Parameter> moved, double learningRate, double weightDecay) {
        Map<String, List<Tensor>> memories = new LinkedHashMap<>();
        for (String name : rule.memories()) {
            memories.put(name, moved.stream().map(p -> p.memories.get(name)).toList());
        }
        if (!moved.isEmpty()) {
            rule.step(moved.stream().map(Parameter::tensor).toList(),
                    moved.stream().map(p -> gradient(p.tensor)).toList(),
                    memories, learningRate, weightDecay, steps);
        }
    }

    /** The gradient, laid out in memory as its parameter is: fused updates go through both by address. */
    private static Tensor gradient(Tensor parameter) {
        Tensor gradient = new Tensor(parameter.grad());
        for (int dim = 0; dim < parameter.dim(); dim++) {
            if (parameter.stride(dim) != gradient.stride(dim) && parameter.size(dim) > 1) {
                return torch.empty_like(parameter).copy_(gradient);
            }
        }
        return gradient;
    }

    /** The parameters that are moved, by key; the tensors are the module's own. */
    public Map<String, Tensor> parameters() {
        Map<String, Tensor> all = new LinkedHashMap<>();
        parameters.forEach(p -> all.put(p.key, p.tensor));
        return all;
    }

    /** All that is remembered from one step to the next: {@code mean.layer1.0.conv1.weight}, {@code steps}, ... */
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        state.put(STEPS, torch.zeros(new long[]{1}).to(ScalarType.Long).fill_(new Scalar(steps)));
        for (Parameter p : parameters) {
            p.memories.forEach((name, tensor) -> state.put(name + "." + p.key, tensor));
        }
        return state;
    }

    /**
     * Goes on from a {@link #state}, which is copied.
     *
     * @throws IllegalArgumentException when it is another rule's or another network's
     */
    public void load(Map<String, Tensor> state) {
        Map<String, Tensor> own = state();
        if (!own.keySet().equals(state.keySet())) {
            throw new IllegalArgumentException("the optimizer's state is another rule's or another network's");
        }
        Scopes.noGrad(() -> {
            own.forEach((key, tensor) -> tensor.copy_(state.get(key)));
            return null;
        });
        steps = Tensors.toLongs(state.get(STEPS))[0];
    }
}
