package dev.glimpse.train;

import dev.glimpse.attention.Args;
import dev.glimpse.nn.Checks;
import java.util.Locale;
import java.util.Map;

/**
 * Which update rule moves the parameters, and with what.
 *
 * @param rule the rule
 * @param learningRate its largest value; see {@link Schedule}
 * @param weightDecay share of each weight taken off a step, times the learning rate (SGD, Adam and RMSprop: added to the
 *        gradient); biases and the parameters of norms are spared
 * @param momentum of SGD and RMSprop
 * @param nesterov for SGD: the gradient as if the momentum had moved the weights already
 * @param beta1 how much of the mean gradient stays a step: Adam, AdamW, Lion
 * @param beta2 how much of the mean squared gradient stays (Adam, AdamW, RMSprop), or of the momentum (Lion)
 * @param epsilon added to what is divided by: Adam, AdamW, RMSprop
 */
public record OptimizerSettings(Rule rule, double learningRate, double weightDecay, double momentum, boolean nesterov,
        double beta1, double beta2, double epsilon) {
    /** The update rules, each with the learning rate that mostly suits it. */
    public enum Rule {
        /** Stochastic gradient descent with momentum. */
        SGD(0.05),
        /** Kingma and Ba 2015, weight decay added to the gradient. */
        ADAM(0.001),
        /** Loshchilov and Hutter 2019: weight decay apart from the gradient. */
        ADAMW(0.001),
        /** Hinton's lecture 6e, 2012: the gradient over the root of its mean square. */
        RMSPROP(0.001),
        /** Chen et al. 2023: the sign of the momentum. */
        LION(0.0001);

        private final double learningRate;

        Rule(double learningRate) {
            this.learningRate = learningRate;
        }
    }

    public OptimizerSettings {
        Checks.above("the learning rate", learningRate, 0);
        Checks.probability("the weight decay", weightDecay);
        Checks.probability("momentum", momentum);
        Checks.probability("beta1", beta1);
        Checks.probability("beta2", beta2);
        if (!(epsilon >= 0 && epsilon < 1)) {
            throw new IllegalArgumentException("epsilon is " + epsilon + ", must be at least 0 and below 1");
        }
        if (nesterov && momentum == 0) {
            throw new IllegalArgumentException("nesterov needs a momentum above 0");
        }
    }

    /** The rule with its usual numbers. */
    public static OptimizerSettings of(Rule rule, double learningRate, double weightDecay) {
        return read(rule, new Args(name(rule), Map.of()), learningRate, weightDecay);
    }

    /**
     * Reads {@code sgd}, {@code sgd:momentum=0.95,nesterov=true}, {@code adamw:beta2=0.95}, ...
     *
     * @param learningRate null for the rule's own
     * @throws IllegalArgumentException in one line, naming what is known
     */
    public static OptimizerSettings parse(String text, Double learningRate, double weightDecay) {
        Args args = Args.parse(text);
        Rule rule = Args.constant("--optimizer", "the rule", Rule.class, args.owner());
        return read(rule, args, learningRate == null ? rule.learningRate : learningRate, weightDecay);
    }

    private static OptimizerSettings read(Rule rule, Args args, double rate, double decay) {
        OptimizerSettings settings = switch (rule) {
            case SGD -> new OptimizerSettings(rule, rate, decay, args.number("momentum", 0.9),
                    args.flag("nesterov", false), 0, 0, 0);
            case ADAM, ADAMW -> new OptimizerSettings(rule, rate, decay, 0, false, args.number("beta1", 0.9),
                    args.number("beta2", 0.999), args.number("epsilon", 1e-8));
            case RMSPROP -> new OptimizerSettings(rule, rate, decay, args.number("momentum", 0), false, 0,
                    args.number("beta2", 0.99), args.number("epsilon", 1e-8));
            case LION -> new OptimizerSettings(rule, rate, decay, 0, false, args.number("beta1", 0.9),
                    args.number("beta2", 0.99), 0);
        };
        args.requireAllRead();
        return settings;
    }

    private static String name(Rule rule) {
        return rule.name().toLowerCase(Locale.ROOT);
    }
}
