package dev.glimpse.attention;

import static dev.glimpse.Support.growth;
import static dev.glimpse.Support.random;
import static dev.glimpse.Support.scoped;
import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.attention.Attentions.Entry;
import dev.glimpse.attention.Attentions.Size;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A step that owns a scope leaves nothing behind. */
class AttentionMemoryTest {
    private static final int STEPS = 50;
    private static final Size SIZE = new Size(32, 64, 9, 7);
    /** A third of what {@link #STEPS} copies of one map take: noise is a few MiB. */
    private static final long BOUND = 8L << 20;

    static Stream<Arguments> rows() {
        return Attentions.table().values().stream().map(entry -> Arguments.of(Named.of(entry.name(), entry)));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void trainingStepsLeaveNothingBehind(Entry entry) {
        Module module = entry.create(new Args(entry.name(), entry.exampleArgs().apply(SIZE)));
        List<Tensor> inputs = new ArrayList<>();
        for (long[] shape : entry.exampleInputs().apply(SIZE)) {
            inputs.add(random(1, ScalarType.Float, shape).set_requires_grad(true));
        }
        long growth = growth(STEPS, scoped(() -> entry.call().apply(module, inputs).getFirst().sum().backward()));
        assertThat(growth).isLessThan(BOUND);
    }

    @Test
    void theBoundSeesALeak() {
        List<Tensor> kept = new ArrayList<>();
        long growth = growth(STEPS, scoped(() -> {
            Tensor leak = random(1, ScalarType.Float, SIZE.batch(), SIZE.channels(), SIZE.height(),
                    SIZE.width());
            leak.retainReference();
            kept.add(leak);
        }));
        assertThat(growth).isGreaterThan(BOUND);
        kept.forEach(Tensor::close);
    }
}
