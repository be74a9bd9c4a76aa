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
import org.junit.jupiter.api.Test;

/** Resident memory is flat while a network trains, one scope a step. */
class TrainingMemoryTest {
    /** A step makes some hundred tensors, the largest maps of 32 KB and gradients of 9 MB. */
    private static final long BOUND = 16L << 20;

    @Test
    void aThousandSteps() {
        assertThat(growthOfTraining(1_000)).isLessThan(BOUND);
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
