package dev.glimpse.glimpses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.Support;
import dev.glimpse.attention.Args;
import dev.glimpse.glimpses.Ram.Look;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RamTest {
    private static final double STD = 0.1;

    @BeforeAll
    static void load() {
        Libtorch.load();
    }

    private static Ram ram(int glimpses, int samples) {
        torch.manual_seed(3);
        return new Ram(new Ram.Config(new Retina(4, 2, 2), 1, 5, glimpses, 12, 10, 16, STD, samples));
    }

    private static Tensor images(int count) {
        return Support.random(7, ScalarType.Float, count, 1, 14, 14);
    }

    @Test
    void itLooksAsOftenAsItIsTold() {
        try (PointerScope _ = new PointerScope()) {
            Look look = ram(4, 1).look(images(3));
            assertThat(look.locations()).hasSize(4)
                    .allSatisfy(at -> assertThat(Support.magnitude(at)).isBetween(0.0, 1.0));
            assertThat(Tensors.shape(look.densities())).containsExactly(3, 3);
            assertThat(Tensors.shape(look.baselines())).containsExactly(4, 3);
            assertThat(Tensors.toFloats(look.scores().exp().sum(1))).containsExactly(new float[]{1, 1, 1},
                    within(1e-5f));
            Look single = ram(1, 1).look(images(3));
            assertThat(single.locations()).hasSize(1);
            assertThat(Tensors.shape(single.densities())).containsExactly(0, 3);
        }
    }

    /** In training by chance, in a test always alike: and of an image alone as in company. */
    @Test
    void aTestIsLeftToNoChance() {
        try (PointerScope _ = new PointerScope()) {
            Ram ram = ram(4, 3);
            Tensor images = images(6);
            assertThat(Tensors.toFloats(ram.forward(images))).isNotEqualTo(Tensors.toFloats(ram.forward(images)));
            ram.eval();
            float[] together = Tensors.toFloats(ram.forward(images));
            torch.manual_seed(99);
            assertThat(Tensors.toFloats(ram.forward(images))).isEqualTo(together);
            assertThat(Tensors.toFloats(ram.forward(images.narrow(0, 4, 1))))
                    .containsExactly(Arrays.copyOfRange(together, 20, 25), within(1e-5f));
            List<Look> looks = ram.looks(images);
            assertThat(looks).hasSize(3);
            assertThat(Tensors.toFloats(looks.get(0).locations().getFirst()))
                    .isNotEqualTo(Tensors.toFloats(looks.get(1).locations().getFirst()));
            double mean = looks.stream().mapToDouble(look -> Math.exp(Tensors.toFloats(look.scores())[0])).average()
                    .orElseThrow();
            assertThat(Math.exp(together[0])).isCloseTo(mean, within(1e-5));
        }
    }

    /** The density is that of the normal distribution, before the location is cut off at the image's border. */
    @Test
    void densitiesAreNormal() {
        try (PointerScope _ = new PointerScope()) {
            Ram ram = ram(2, 1);
            Tensor start = Tensors.zeros(ScalarType.Float, 2, 2);
            Tensor noise = Tensors.of(new float[]{0.5f, -1, 100, 0}, 2, 2);
            Look look = ram.look(images(2), new Chance(start, List.of(noise)));
            double constant = -2 * Math.log(STD) - Math.log(2 * Math.PI);
            assertThat(Tensors.toFloats(look.densities())).containsExactly(
                    new float[]{(float) (constant - 0.5 * (0.25 + 1)), (float) (constant - 0.5 * 10000)},
                    within(0.01f));
            assertThat(Tensors.toFloats(look.locations().get(1))[2]).isEqualTo(1);
        }
    }

    /** What is learnt of where to look does not disturb what is seen, and the other way round. */
    @Test
    void gradientsKeepApart() {
        Ram ram = ram(3, 1);
        try (PointerScope _ = new PointerScope()) {
            ram.look(images(4)).densities().sum().backward();
            assertThat(touched(ram)).containsExactlyInAnyOrder("locator.fc.weight", "locator.fc.bias",
                    "locator.fc_lt.weight", "locator.fc_lt.bias");
            ram.zero_grad(true);
            ram.look(images(4)).baselines().sum().backward();
            assertThat(touched(ram)).containsExactlyInAnyOrder("baseliner.fc.weight", "baseliner.fc.bias");
            ram.zero_grad(true);
            ram.look(images(4)).scores().select(1, 0).sum().backward();
            assertThat(touched(ram)).noneMatch(key -> key.startsWith("locator") || key.startsWith("baseliner"))
                    .contains("sensor.fc1.weight", "rnn.h2h.weight", "classifier.fc.bias");
        }
    }

    private static List<String> touched(Ram ram) {
        return StateDict.parameters(ram).entrySet().stream()
                .filter(entry -> Support.magnitude(new Tensor(entry.getValue().grad())) > 0).map(Map.Entry::getKey)
                .toList();
    }

    /** A step up the density makes what was drawn likelier: the mean moves towards it. */
    @Test
    void theMeanMovesTowardsWhatIsMadeLikelier() {
        Ram ram = ram(2, 1);
        try (PointerScope _ = new PointerScope()) {
            Tensor images = images(3);
            Chance chance = new Chance(Tensors.zeros(ScalarType.Float, 3, 2),
                    List.of(Tensors.of(new float[]{1, -1, 1, -1, 1, -1}, 3, 2)));
            Look before = ram.look(images, chance);
            before.densities().sum().backward();
            Scopes.noGrad(() -> {
                StateDict.parameters(ram).values().forEach(parameter -> {
                    Tensor gradient = new Tensor(parameter.grad());
                    if (gradient.defined()) {
                        parameter.add_(gradient.mul(new Scalar(1e-3)));
                    }
                });
                return null;
            });
            Tensor moved = ram.look(images, chance).locations().get(1).sub(before.locations().get(1));
            float[] by = Tensors.toFloats(moved);
            for (int i = 0; i < by.length; i++) {
                assertThat(by[i]).matches(i % 2 == 0 ? x -> x > 0 : x -> x < 0);
            }
        }
    }

    @Test
    void argumentsAreRead() {
        Args args = Args.parse("ram:patch=12,patches=3,glimpses=8,hidden=128");
        Ram.Config config = Ram.Config.read(args, 10, new Retina(8, 1, 2), 0.05);
        args.requireAllRead();
        assertThat(config).isEqualTo(new Ram.Config(new Retina(12, 3, 2), 1, 10, 8, 128, 128, 128, 0.05, 4));
        assertThatThrownBy(() -> Ram.Config.read(Args.parse("ram:std=0"), 10, new Retina(8, 1, 2), 0.05)).hasMessage(
                "ram: std is 0.0, must be above 0.0");
        assertThatThrownBy(() -> Ram.Config.read(Args.parse("ram:hidden=1"), 10, new Retina(8, 1, 2), 0.05))
                .hasMessageContaining("hidden is 1");
    }
}
