package dev.glimpse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Layer;
import dev.glimpse.io.ParameterGroups;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.OptimizerSettings.Rule;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.RMSprop;
import org.bytedeco.pytorch.RMSpropOptions;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class OptimizerTest {
    private static final double RATE = 0.5;
    private static final double DECAY = 0.25;
    private static final int STEPS = 40;

    private PointerScope scope;

    @BeforeEach
    void open() {
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    /** Without a gradient only the decay moves anything. */
    @ParameterizedTest
    @EnumSource(Rule.class)
    void weightsDecayAndNothingElseDoes(Rule rule) {
        Layer network = new Sequential(Layers.conv2d(2, 3, 1), Layers.batchNorm2d(3));
        Map<String, Tensor> parameters = filled(network, 1);
        Optimizer optimizer = new Optimizer(network, OptimizerSettings.of(rule, RATE, DECAY));
        optimizer.zeroGrad();
        sum(parameters).mul(new Scalar(0)).backward();
        optimizer.step(RATE / 2);
        double moved = switch (rule) {
            case ADAM -> RATE / 2; // it normalises its gradient
            case RMSPROP -> RATE / 2 / Math.sqrt(1 - 0.99); // likewise
            case SGD, ADAMW, LION -> RATE / 2 * DECAY;
        };
        parameters.forEach((key, p) -> assertThat(p.min().item_double()).as(key)
                .isCloseTo(key.equals("0.weight") ? 1 - moved : 1, within(1e-5)));
    }

    /** The rate of a step holds for weights and biases alike; what has two names is stepped once. */
    @Test
    void allOfANetworkMovesAtTheRateOfTheStep() {
        Sequential network = new Sequential(Layers.linear(2, 2));
        network.then("again", network.parts().get("0"));
        Map<String, Tensor> parameters = filled(network, 0);
        assertThat(parameters).containsOnlyKeys("0.weight", "0.bias");
        Optimizer optimizer = new Optimizer(network, OptimizerSettings.of(Rule.SGD, RATE, DECAY));
        optimizer.zeroGrad();
        sum(parameters).backward();
        optimizer.step(0.125);
        parameters.forEach((key, p) -> assertThat(p.max().item_double()).as(key).isEqualTo(-0.125));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"sgd", "sgd:momentum=0", "sgd:nesterov=true,momentum=0.8", "adam", "adam:beta1=0.5,epsilon=1e-3",
                "adamw", "adamw:beta2=0.9", "rmsprop", "rmsprop:momentum=0.9,beta2=0.9,epsilon=1e-3"})
    void eachStepIsLibtorchs(String rule) {
        OptimizerSettings settings = OptimizerSettings.parse(rule, 0.01, 0.1);
        Layer ours = network();
        Layer theirs = network();
        StateDict.load(theirs, StateDict.of(ours));
        Optimizer optimizer = new Optimizer(ours, settings);
        org.bytedeco.pytorch.Optimizer reference = libtorchs(theirs, settings);
        Map<String, Tensor> expected = StateDict.parameters(theirs);
        for (int step = 1; step <= STEPS; step++) {
            double rate = 0.01 / step;
            optimizer.zeroGrad();
            ours.forward(torch.randn(4, 3, 5, 5)).square().sum().backward();
            StateDict.parameters(ours).forEach((key, p) -> expected.get(key).mutable_grad().put(p.grad().clone()));
            optimizer.step(rate);
            for (int group = 0; group < 2; group++) {
                reference.param_groups().get(group).options().set_lr(rate);
            }
            reference.step();
            assertClose(StateDict.parameters(ours), expected, rule + ", step " + step);
        }
    }

    @Test
    void lionFollowsItsPaper() {
        Layer network = new Sequential(Layers.linear(3, 2));
        Tensor weight = StateDict.parameters(network).get("0.weight");
        float[] w = Tensors.toFloats(weight);
        float[] m = new float[w.length];
        Optimizer optimizer = new Optimizer(network, OptimizerSettings.of(Rule.LION, 0.01, 0.1));
        for (int step = 0; step < STEPS; step++) {
            optimizer.zeroGrad();
            weight.square().sum().mul(new Scalar(step % 3 - 0.5)).backward();
            optimizer.step(0.01);
            for (int i = 0; i < w.length; i++) {
                double g = 2 * w[i] * (step % 3 - 0.5);
                double direction = Math.signum(0.9 * m[i] + 0.1 * g);
                w[i] = (float) (w[i] - 0.01 * (direction + 0.1 * w[i]));
                m[i] = (float) (0.99 * m[i] + 0.01 * g);
            }
            assertThat(Tensors.toFloats(weight)).as("step " + step).containsExactly(w, within(1e-5f));
        }
    }

    /** Half of the steps, then the other half by a new optimizer that takes over: the same bits. */
    @ParameterizedTest
    @EnumSource(Rule.class)
    void whatIsSavedGoesOnAsIfNothingWere(Rule rule) {
        OptimizerSettings settings = OptimizerSettings.of(rule, 0.01, 0.1);
        Layer whole = network();
        Layer halves = network();
        StateDict.load(halves, StateDict.of(whole));
        Optimizer optimizer = new Optimizer(whole, settings);
        Optimizer first = new Optimizer(halves, settings);
        Optimizer second = new Optimizer(halves, settings);
        for (int step = 0; step < 10; step++) {
            Tensor images = torch.randn(4, 3, 5, 5);
            if (step == 5) {
                Map<String, Tensor> saved = new LinkedHashMap<>();
                first.state().forEach((key, tensor) -> saved.put(key, tensor.clone()));
                second.load(saved);
            }
            step(whole, optimizer, images);
            step(halves, step < 5 ? first : second, images);
        }
        StateDict.of(whole).forEach(
                (key, tensor) -> assertThat(tensor.equal(StateDict.of(halves).get(key))).as(key).isTrue());
        Optimizer other = new Optimizer(new Sequential(Layers.linear(2, 2)), settings);
        assertThatThrownBy(() -> other.load(first.state())).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("another network's");
    }

    /** Channels-last weights whose gradients come in another order in memory. */
    @Test
    void aGradientMayLieOtherwiseInMemory() {
        Layer ours = network();
        Layer theirs = network();
        StateDict.load(theirs, StateDict.of(ours));
        Tensor weight = StateDict.parameters(ours).get("0.weight");
        weight.set_data(weight.detach().contiguous(torch.MemoryFormat.ChannelsLast));
        OptimizerSettings settings = OptimizerSettings.of(Rule.ADAMW, 0.01, 0.1);
        Optimizer one = new Optimizer(ours, settings);
        Optimizer other = new Optimizer(theirs, settings);
        for (int step = 0; step < 3; step++) {
            Tensor images = torch.randn(4, 3, 5, 5);
            step(theirs, other, images);
            one.zeroGrad();
            StateDict.parameters(ours).forEach((key, p) -> p.mutable_grad()
                    .put(StateDict.parameters(theirs).get(key).grad().clone().contiguous()));
            one.step(0.01);
        }
        assertClose(StateDict.parameters(ours), StateDict.parameters(theirs), "channels-last");
    }

    @Test
    void whatIsFrozenOrHasNoGradientStays() {
        Layer network = new Sequential(Layers.linear(2, 2), Layers.linear(2, 2), Layers.linear(2, 2));
        Map<String, Tensor> parameters = filled(network, 1);
        parameters.get("0.weight").set_requires_grad(false);
        Optimizer optimizer = new Optimizer(network, OptimizerSettings.of(Rule.ADAMW, RATE, DECAY));
        optimizer.zeroGrad();
        parameters.get("1.weight").sum().backward();
        optimizer.step(RATE);
        parameters.forEach((key, p) -> assertThat(p.eq(new Scalar(1)).all().item_bool()).as(key)
                .isEqualTo(!key.equals("1.weight")));
        assertThat(optimizer.state()).doesNotContainKey("mean.0.weight").containsKey("mean.2.weight");
    }

    private static void step(Layer network, Optimizer optimizer, Tensor images) {
        optimizer.zeroGrad();
        network.forward(images).square().sum().backward();
        optimizer.step(0.01);
    }

    private static Layer network() {
        return new Sequential(Layers.conv2d(3, 4, 3), Layers.batchNorm2d(4), Layers.conv2d(4, 2, 1));
    }

    private static Map<String, Tensor> filled(Layer network, double value) {
        Map<String, Tensor> parameters = StateDict.parameters(network);
        Scopes.noGrad(() -> {
            parameters.values().forEach(p -> p.fill_(new Scalar(value)));
            return null;
        });
        return parameters;
    }

    private static Tensor sum(Map<String, Tensor> parameters) {
        return parameters.values().stream().reduce(Tensors.of(new float[]{0}, 1), (sum, p) -> sum.add(p.sum())).sum();
    }

    private static void assertClose(Map<String, Tensor> actual, Map<String, Tensor> expected, String what) {
        expected.forEach((key, tensor) -> assertThat(actual.get(key).sub(tensor).abs().max().item_double())
                .as(what + ": " + key).isLessThan(1e-5 * Math.max(1, tensor.abs().max().item_double())));
    }

    private static org.bytedeco.pytorch.Optimizer libtorchs(Layer network, OptimizerSettings settings) {
        ParameterGroups groups = ParameterGroups.of(network);
        TensorVector decayed = vector(groups.decayed());
        org.bytedeco.pytorch.Optimizer optimizer = switch (settings.rule()) {
            case SGD -> {
                SGDOptions options = new SGDOptions(settings.learningRate());
                options.momentum().put(settings.momentum());
                options.nesterov().put(settings.nesterov());
                options.weight_decay().put(settings.weightDecay());
                yield new SGD(decayed, options);
            }
            case ADAM -> {
                AdamOptions options = new AdamOptions(settings.learningRate());
                betas(options.betas(), settings);
                options.eps().put(settings.epsilon());
                options.weight_decay().put(settings.weightDecay());
                yield new org.bytedeco.pytorch.Adam(decayed, options);
            }
            case ADAMW -> {
                AdamWOptions options = new AdamWOptions(settings.learningRate());
                betas(options.betas(), settings);
                options.eps().put(settings.epsilon());
                options.weight_decay().put(settings.weightDecay());
                yield new AdamW(decayed, options);
            }
            case RMSPROP -> {
                RMSpropOptions options = new RMSpropOptions(settings.learningRate());
                options.alpha().put(settings.beta2());
                options.eps().put(settings.epsilon());
                options.momentum().put(settings.momentum());
                options.weight_decay().put(settings.weightDecay());
                yield new RMSprop(decayed, options);
            }
            case LION -> throw new IllegalArgumentException("libtorch has no Lion");
        };
        optimizer.add_param_group(new OptimizerParamGroup(vector(groups.undecayed())));
        var rest = optimizer.param_groups().get(1).options();
        (switch (settings.rule()) {
            case SGD -> new SGDOptions(rest).weight_decay();
            case ADAM -> new AdamOptions(rest).weight_decay();
            case ADAMW -> new AdamWOptions(rest).weight_decay();
            case RMSPROP, LION -> new RMSpropOptions(rest).weight_decay();
        }).put(0);
        return optimizer;
    }

    /** A C++ pair whose second number comes first in memory. */
    private static void betas(DoublePointer pair, OptimizerSettings settings) {
        pair.put(0, settings.beta2());
        pair.put(1, settings.beta1());
    }

    private static TensorVector vector(Map<String, Tensor> parameters) {
        return new TensorVector(parameters.values().toArray(Tensor[]::new));
    }
}
