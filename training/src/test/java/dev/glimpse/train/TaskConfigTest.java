package dev.glimpse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.data.Deformation;
import dev.glimpse.data.Legend;
import dev.glimpse.nn.Tensors;
import dev.glimpse.train.TaskConfig.Kind;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class TaskConfigTest {
    private static final Legend LEGEND = new Legend(true,
            List.of(new Legend.Entry("ground", 0), new Legend.Entry("cell", 0xff8000)), List.of(7));
    private static final TaskConfig SEGMENTATION = new TaskConfig(Kind.SEGMENTATION, null,
            new TaskConfig.Masks(LEGEND, 0, Deformation.USUAL));

    @Test
    void aSegmentationIsMeasuredByItsOverlap() {
        try (PointerScope _ = new PointerScope()) {
            ForwardTask task = SEGMENTATION.task(2, Regularisation.NONE);
            Tally tally = task.tally();
            Tensor scores = Tensors.of(new float[]{1, 1, 0, 0, 0, 0, 1, 1}, 1, 2, 2, 2);
            Tensor target = Tensors.zeros(ScalarType.Long, 1, 2, 2);
            double loss = task.loss(scores, target).item_double();
            double yes = Math.E / (1 + Math.E); // the share of what has the higher score
            double dice = (1 - (2 * (2 * yes + 2 * (1 - yes)) + 1) / (2 + 4 + 1) + 1 - 1 / 3.0) / 2;
            assertThat(loss).isCloseTo((-Math.log(yes) - Math.log(1 - yes)) / 2 + dice, within(1e-5));
            tally.add(scores, target, loss);
            assertThat(tally.images()).isEqualTo(1);
            assertThat(tally.values().keySet()).containsExactly("loss", "pixel_accuracy", "mean_iou", "mean_dice");
            assertThat(tally.values().get(task.best())).isEqualTo(0.25);
            Tally other = task.tally();
            other.restore(tally.state());
            other.add(scores, target, loss);
            assertThat(other.values()).isEqualTo(tally.values());
            assertThat(other.images()).isEqualTo(2);
        }
    }

    @Test
    void severalLabelsAreMeasuredByTheirOrder() {
        try (PointerScope _ = new PointerScope()) {
            ForwardTask task = new TaskConfig(Kind.MULTI_LABEL, null, null).task(2, Regularisation.NONE);
            Tally tally = task.tally();
            Tensor scores = Tensors.of(new float[]{1, -1, -1, 1}, 2, 2);
            Tensor target = Tensors.of(new float[]{1, 0, 0, 0}, 2, 2);
            tally.add(scores, target, task.loss(scores, target).item_double());
            assertThat(tally.values().get("loss"))
                    .isCloseTo((3 * Math.log1p(Math.exp(-1)) + Math.log1p(Math.E)) / 4, within(1e-6));
            assertThat(tally.values().get(task.best())).isEqualTo(1);
            Tally other = task.tally();
            other.restore(tally.state());
            assertThat(other.values()).isEqualTo(tally.values());
        }
    }

    @Test
    void smoothingAndWeightsAreThoseOfTheRecipe() {
        try (PointerScope _ = new PointerScope()) {
            Regularisation recipe = new Regularisation(0.1, List.of(1.0, 3.0), 0, 0, 0);
            TaskConfig plain = new TaskConfig(Kind.SEGMENTATION, "ce", SEGMENTATION.masks());
            Tensor scores = Tensors.of(new float[]{1, 0}, 1, 2, 1, 1);
            Tensor target = Tensors.zeros(ScalarType.Long, 1, 1, 1);
            double right = -Math.log(Math.E / (1 + Math.E));
            double wrong = -Math.log(1 / (1 + Math.E));
            assertThat(plain.task(2, recipe).loss(scores, target).item_double())
                    .isCloseTo(0.95 * right + 3 * 0.05 * wrong, within(1e-6));
        }
    }

    @Test
    void itIsWrittenAndReadAgain() {
        JsonMapper json = new JsonMapper();
        assertThat(json.readValue(json.writeValueAsString(SEGMENTATION), TaskConfig.class)).isEqualTo(SEGMENTATION);
        assertThatThrownBy(() -> new TaskConfig(Kind.CLASSIFICATION, "dice", null))
                .hasMessageStartingWith("the loss 'dice' is for segmentation or several labels");
        assertThatThrownBy(() -> new TaskConfig(Kind.SEGMENTATION, "dice", null))
                .hasMessage("a segmentation lacks what its masks mean");
    }
}
