package dev.glimpse.model;

import static dev.glimpse.Support.growth;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.scoped;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.Layer;
import java.util.Map;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Resident memory is flat while a network trains, one scope a step. */
class TrainingMemoryTest {
    /** Of what a step makes, one of its largest maps (32 KB) kept a step would be seen. */
    private static final long KEPT_A_STEP = 24L << 10;

    @Test
    void someSteps() {
        assertThat(growthOfTraining(250)).isLessThan(250 * KEPT_A_STEP);
    }

    @Test
    @Tag("slow")
    void aThousandSteps() {
        assertThat(growthOfTraining(1_000)).isLessThan(1_000 * KEPT_A_STEP);
    }

    private static long growthOfTraining(int steps) {
        Layer network = Networks.create("resnet18", Map.of("attention", "cbam", "stem", "cifar", "classes", 10));
        SGD optimiser = new SGD(network.parameters(), new SGDOptions(0.01));
        Tensor images = random(1, ScalarType.Float, 2, 3, 8, 8);
        long growth = growth(steps, scoped(() -> {
            optimiser.zero_grad();
            Tensor scores = network.forward(images);
            scores.mul(scores).mean().backward();
            optimiser.step();
        }));
        assertThat(network.forward(images).isfinite().all().item().toBool()).isTrue();
        return growth;
    }
}
