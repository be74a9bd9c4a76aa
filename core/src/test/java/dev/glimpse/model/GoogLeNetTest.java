package dev.glimpse.model;

import static dev.glimpse.Support.magnitude;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.randomise;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GoogLeNetTest {
    private final GoogLeNet network =
            new GoogLeNet(GoogLeNet.Config.DEFAULT.withAuxiliary(true).forTask(6, 3));

    @ParameterizedTest
    @CsvSource({"0, conv1 pool conv2 conv3 pool inception3a inception3b pool inception4a",
        "1, conv1 pool conv2 conv3 pool inception3a inception3b pool inception4a inception4b inception4c inception4d"})
    void anAuxiliaryClassifierReadsEarlierMaps(int index, String way) {
        randomise(network, 3);
        network.eval();
        Map<String, Module> parts = network.walk();
        Map<String, Tensor> state = StateDict.of(network);
        try (PointerScope _ = new PointerScope()) {
            Tensor images = random(1, ScalarType.Float, 2, 3, 79, 96);
            GoogLeNet.Result result = network.forwardAll(images);
            assertThat(result.scores().equal(network.forward(images))).isTrue();
            Tensor x = images;
            for (String step : way.split(" ")) {
                x = step.equals("pool") ? torch.max_pool2d(x, new long[]{3, 3}, new long[]{2, 2}, new long[]{0, 0},
                        new long[]{1, 1}, true) : Layers.forward(parts.get(step), x);
            }
            String path = "aux" + (index + 1);
            Tensor y = Layers.forward(parts.get(path + ".conv"), torch.adaptive_avg_pool2d(x, 4, 4));
            y = torch.linear(y.flatten(1, -1), state.get(path + ".fc1.weight"), state.get(path + ".fc1.bias"));
            y = torch.linear(y.relu(), state.get(path + ".fc2.weight"), state.get(path + ".fc2.bias"));
            Tensor ours = result.auxiliary().get(index);
            assertThat(Tensors.shape(ours)).containsExactly(2, 6);
            assertThat(magnitude(ours.sub(y))).isLessThan(1e-4 * magnitude(y));
        }
    }

    @Test
    void allScoresTogetherTrainEverything() {
        try (PointerScope _ = new PointerScope()) {
            GoogLeNet.Result result = network.forwardAll(random(1, ScalarType.Float, 2, 3, 33, 33));
            Tensor loss = result.scores().sum();
            for (Tensor early : result.auxiliary()) {
                loss = loss.add(early.sum());
            }
            loss.backward();
            StateDict.parameters(network)
                    .forEach((key, parameter) -> assertThat(parameter.grad().defined()).as(key).isTrue());
        }
    }

    @Test
    void allClassifiersAreReplaced() {
        network.replaceClassifier(4);
        assertThat(StateDict.of(network)).containsKeys("aux1.fc2.bias", "aux2.conv.bn.running_var");
        try (PointerScope _ = new PointerScope()) {
            GoogLeNet.Result result = network.forwardAll(random(1, ScalarType.Float, 2, 3, 32, 32));
            List<Tensor> all = List.of(result.scores(), result.auxiliary().get(0), result.auxiliary().get(1));
            all.forEach(scores -> assertThat(Tensors.shape(scores)).containsExactly(2, 4));
        }
    }

    @Test
    void withoutThemThereIsOneScore() {
        GoogLeNet plain = new GoogLeNet(GoogLeNet.Config.DEFAULT.forTask(6, 3));
        assertThat(plain.parts().keySet()).noneMatch(key -> key.startsWith("aux"));
        assertThat(plain.forwardAll(random(1, ScalarType.Float, 2, 3, 32, 32)).auxiliary()).isEmpty();
    }
}
