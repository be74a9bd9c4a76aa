package dev.glimpse.train;

import dev.glimpse.io.ParameterGroups;
import java.util.Map;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/** One of libtorch's update rules over a module's parameters. */
public final class Optimizer {
    /** Which rule. */
    public enum Rule {
        /** Stochastic gradient descent with momentum. */
        SGD,
        /** Kingma and Ba 2015, weight decay added to the gradient. */
        ADAM,
        /** Loshchilov and Hutter 2019: weight decay apart from the gradient. */
        ADAMW
    }

    private final org.bytedeco.pytorch.Optimizer rule;

    /**
     * Weight decay is for the weights alone, as {@link ParameterGroups} parts them. Build it outside of pointer scopes: it
     * lives as long as the training does.
     */
    public Optimizer(Module module, Recipe recipe) {
        ParameterGroups groups = ParameterGroups.of(module);
        TensorVector decayed = vector(groups.decayed());
        rule = switch (recipe.optimizer()) {
            case SGD -> {
                SGDOptions options = new SGDOptions(recipe.learningRate());
                options.momentum().put(recipe.momentum());
                options.weight_decay().put(recipe.weightDecay());
                yield new SGD(decayed, options);
            }
            case ADAM -> {
                AdamOptions options = new AdamOptions(recipe.learningRate());
                options.weight_decay().put(recipe.weightDecay());
                yield new Adam(decayed, options);
            }
            case ADAMW -> {
                AdamWOptions options = new AdamWOptions(recipe.learningRate());
                options.weight_decay().put(recipe.weightDecay());
                yield new AdamW(decayed, options);
            }
        };
        rule.add_param_group(new OptimizerParamGroup(vector(groups.undecayed()))); // with the same options
        weightDecay(recipe.optimizer(), rule.param_groups().get(1).options()).put(0);
    }

    private static DoublePointer weightDecay(Rule rule, OptimizerOptions options) {
        return switch (rule) {
            case SGD -> new SGDOptions(options).weight_decay();
            case ADAM -> new AdamOptions(options).weight_decay();
            case ADAMW -> new AdamWOptions(options).weight_decay();
        };
    }

    private static TensorVector vector(Map<String, Tensor> parameters) {
        return new TensorVector(parameters.values().toArray(Tensor[]::new));
    }

    /** Forgets the last step's gradients. */
    public void zeroGrad() {
        rule.zero_grad();
    }

    /** Moves the parameters along their gradients. */
    public void step(double learningRate) {
        for (int group = 0; group < rule.param_groups().size(); group++) {
            rule.param_groups().get(group).options().set_lr(learningRate);
        }
        rule.step();
    }
}
