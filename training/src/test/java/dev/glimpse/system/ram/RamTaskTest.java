package dev.glimpse.system.ram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.glimpses.Ram;
import dev.glimpse.glimpses.Ram.Look;
import dev.glimpse.glimpses.Retina;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.Mode;
import dev.glimpse.train.Regularisation;
import dev.glimpse.train.Tally;
import dev.glimpse.train.Task;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RamTaskTest {
    @BeforeAll
    static void load() {
        Libtorch.load();
    }

    /** Three images, the first two answered rightly, of which the first as was to be expected. */
    private static Look look(Tensor densities, Tensor baselines) {
        Tensor scores = Tensors.of(new float[]{2, 0, 0, 2, 2, 0}, 3, 2);
        Tensor middle = Tensors.zeros(ScalarType.Float, 3, 2);
        return new Look(scores, List.of(middle, middle), densities, baselines);
    }

    @Test
    void whatLedToARightAnswerBecomesLikelier() {
        try (PointerScope _ = new PointerScope()) {
            Tensor densities = Tensors.of(new float[]{1, 2, 3}, 1, 3).requires_grad_(true);
            Tensor baselines = Tensors.of(new float[]{1, 0.25f, 0.5f, 1, 1, 0}, 2, 3).requires_grad_(true);
            Tensor labels = Tensors.of(new long[]{0, 1, 1}, 3);
            Tensor loss = RamTask.chosen(look(densities, baselines), labels);
            double error = (0.75 * 0.75 + 0.5 * 0.5) / 6;
            double reinforce = (0 * 1 + 0.75 * 2 - 0.5 * 3) / 3;
            assertThat(loss.item().toDouble()).isCloseTo(error - 0.01 * reinforce, within(1e-6));
            loss.backward();
            assertThat(Tensors.toFloats(new Tensor(densities.grad()))).containsExactly(
                    new float[]{0, -0.01f * 0.75f / 3, 0.01f * 0.5f / 3}, within(1e-7f));
            assertThat(Tensors.toFloats(new Tensor(baselines.grad()))).containsExactly(
                    new float[]{0, -0.75f / 3, 0.5f / 3, 0, 0, 0}, within(1e-6f));
        }
    }

    @Test
    void aTallyCountsWhatIsSaid() {
        try (PointerScope _ = new PointerScope()) {
            Tally tally = new RamTally();
            Tensor scores = Tensors.of(new float[]{2, 0, 0, 2, 2, 0}, 3, 2);
            Tensor output = RamTally.output(scores, Tensors.of(new float[]{1, 0.5f, 0}, 3),
                    Tensors.of(new float[]{1, 1, 1}, 3));
            tally.add(output, Tensors.of(new long[]{0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 3, 5), 0.5);
            assertThat(tally.values()).containsEntry("loss", 0.5).containsEntry("covered", 0.5)
                    .containsEntry("on_digit", 1.0);
            assertThat(tally.values().get("accuracy")).isCloseTo(1 / 3.0, within(1e-9));
            Tally again = new RamTally();
            again.restore(tally.state());
            assertThat(again.values()).isEqualTo(tally.values());
        }
    }

    /** Counted by hand, look by look. */
    @Test
    void coverageIsOfTheLastGlimpse() {
        Ram ram = new Ram(new Ram.Config(new Retina(12, 1, 2), 1, 2, 3, 4, 4, 4, 0.6, 200));
        ram.eval();
        try (PointerScope _ = new PointerScope()) {
            Tensor images = Tensors.zeros(ScalarType.Float, 1, 1, 28, 28);
            double covered = 0;
            double on = 0;
            for (Look each : ram.looks(images)) {
                float[] at = Tensors.toFloats(each.locations().getLast());
                int x = (int) ((at[0] + 1) * 14);
                int y = (int) ((at[1] + 1) * 14);
                covered += 14 >= x - 6 && 14 < x + 6 && 11 >= y - 6 && 11 < y + 6 ? 1 : 0;
                on += x >= 10 && x < 18 && y >= 5 && y < 17 ? 1 : 0;
            }
            assertThat(covered).isBetween(1.0, 199.0);
            assertThat(on).isBetween(1.0, 199.0);
            Tensor facts = Tensors.of(new long[]{0, 10, 5, 18, 17}, 1, 5);
            Task task = new RamTask(Regularisation.NONE);
            Task.Outcome outcome = task.test(ram, Mode.PLAIN, images, facts);
            Tally tally = task.tally();
            tally.add(outcome.output(), facts, outcome.loss().item().toDouble());
            assertThat(tally.values().get("covered")).isCloseTo(covered / 200, within(1e-6));
            assertThat(tally.values().get("on_digit")).isCloseTo(on / 200, within(1e-6));
        }
    }
}
