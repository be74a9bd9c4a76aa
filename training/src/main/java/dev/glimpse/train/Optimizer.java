package dev.glimpse.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Module;
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

    /** Build it outside of pointer scopes: it lives as long as the training does. */
    public Optimizer(Module module, Recipe recipe) {
        TensorVector parameters = distinct(module.parameters());
        rule = switch (recipe.optimizer()) {
            case SGD -> {
                SGDOptions options = new SGDOptions(recipe.learningRate());
                options.momentum().put(recipe.momentum());
                options.weight_decay().put(recipe.weightDecay());
                yield new SGD(parameters, options);
            }
            case ADAM -> {
                AdamOptions options = new AdamOptions(recipe.learningRate());
                options.weight_decay().put(recipe.weightDecay());
                yield new Adam(parameters, options);
            }
            case ADAMW -> {
                AdamWOptions options = new AdamWOptions(recipe.learningRate());
                options.weight_decay().put(recipe.weightDecay());
                yield new AdamW(parameters, options);
            }
        };
    }

    /** A parameter registered under two names is stepped once. */
    private static TensorVector distinct(TensorVector all) {
        Map<Long, Tensor> byAddress = new LinkedHashMap<>();
        for (Tensor parameter : all.get()) {
            byAddress.putIfAbsent(parameter.data_ptr().address(), parameter);
        }
        return new TensorVector(byAddress.values().toArray(Tensor[]::new));
    }

    /** Forgets the last step's gradients. */
    public void zeroGrad() {
        rule.zero_grad();
    }

    /** Moves the parameters along their gradients. */
    public void step(double learningRate) {
        rule.param_groups().get(0).options().set_lr(learningRate);
        rule.step();
    }
}
