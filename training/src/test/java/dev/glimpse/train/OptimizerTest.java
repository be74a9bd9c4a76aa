package dev.glimpse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Sequential;
import dev.glimpse.nn.Tensors;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OptimizerTest {
    private static final double RATE = 0.5;
    private static final double DECAY = 0.25;

    private static Recipe recipe(Optimizer.Rule rule) {
        return new Recipe(1, 1, rule, RATE, Recipe.Schedule.CONSTANT, 0.9, DECAY, 0, 0, 1);
    }

    /** Without a gradient only the decay moves anything. */
    @ParameterizedTest
    @EnumSource(Optimizer.Rule.class)
    void weightsDecayAndNothingElseDoes(Optimizer.Rule rule) {
        try (PointerScope _ = new PointerScope()) {
            Layer network = new Sequential(Layers.conv2d(2, 3, 1), Layers.batchNorm2d(3));
            Map<String, Tensor> parameters = StateDict.parameters(network);
            Scopes.noGrad(() -> {
                parameters.values().forEach(p -> p.fill_(new Scalar(1)));
                return null;
            });
            Optimizer optimizer = new Optimizer(network, recipe(rule));
            optimizer.zeroGrad();
            parameters.values().stream().reduce(Tensors.of(new float[]{0}, 1), (sum, p) -> sum.add(p.sum()))
                    .mul(new Scalar(0)).sum().backward();
            optimizer.step(RATE / 2);
            double moved = rule == Optimizer.Rule.ADAM ? RATE / 2 : RATE / 2 * DECAY; // Adam normalises its gradient
            parameters.forEach((key, p) -> assertThat(p.min().item_double()).as(key)
                    .isCloseTo(key.equals("0.weight") ? 1 - moved : 1, within(1e-6)));
        }
    }

    /** The rate of a step holds for weights and biases alike; what has two names is stepped once. */
    @Test
    void allOfANetworkMovesAtTheRateOfTheStep() {
        try (PointerScope _ = new PointerScope()) {
            Sequential network = new Sequential(Layers.linear(2, 2));
            network.then("again", network.parts().get("0"));
            Map<String, Tensor> parameters = StateDict.parameters(network);
            assertThat(parameters).containsOnlyKeys("0.weight", "0.bias");
            Scopes.noGrad(() -> {
                parameters.values().forEach(p -> p.fill_(new Scalar(0)));
                return null;
            });
            Optimizer optimizer = new Optimizer(network, recipe(Optimizer.Rule.SGD));
            optimizer.zeroGrad();
            parameters.values().stream().reduce(Tensors.of(new float[]{0}, 1), (sum, p) -> sum.add(p.sum())).sum()
                    .backward();
            optimizer.step(0.125);
            parameters.forEach((key, p) -> assertThat(p.max().item_double()).as(key).isEqualTo(-0.125));
        }
    }
}
