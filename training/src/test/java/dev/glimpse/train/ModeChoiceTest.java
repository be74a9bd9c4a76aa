package dev.glimpse.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.Layer;
import dev.glimpse.nn.Layers;
import dev.glimpse.nn.Sequential;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModeChoiceTest {
    private static final Mode NHWC = new Mode(Mode.Precision.FP32, Mode.Layout.NHWC);

    @TempDir
    Path folder;

    /** Refuses, or dawdles, in one layout. */
    private static final class Picky extends Layer {
        private final Layer inner = register_module("inner", new Sequential(Layers.conv2d(3, 2, 1)));
        private final boolean channelsLast;
        private final boolean refuses;

        Picky(boolean channelsLast, boolean refuses) {
            this.channelsLast = channelsLast;
            this.refuses = refuses;
        }

        @Override
        public Tensor forward(Tensor x) {
            if (!x.is_contiguous() == channelsLast) {
                if (refuses) {
                    throw new RuntimeException("not so");
                }
                long end = System.nanoTime() + 30_000_000;
                while (System.nanoTime() < end) {
                    Thread.onSpinWait();
                }
            }
            return inner.forward(x);
        }
    }

    private ModeChoice choose(boolean channelsLast, boolean refuses, String key, Path file) {
        return ModeChoice.of(List.of(Mode.PLAIN, NHWC), () -> new Picky(channelsLast, refuses), 8, 4, key, file);
    }

    @Test
    void theFasterIsTakenAndRemembered() throws IOException {
        Path file = folder.resolve("deep/modes.json");
        ModeChoice first = choose(false, false, "a", file);
        assertThat(first.mode()).isEqualTo(NHWC);
        assertThat(first.remembered()).isFalse();
        assertThat(first.milliseconds().get(Mode.PLAIN)).isGreaterThan(30);
        ModeChoice second = choose(true, false, "a", file); // would now come out otherwise
        assertThat(second.mode()).isEqualTo(NHWC);
        assertThat(second.remembered()).isTrue();
        assertThat(choose(true, false, "b", file).mode()).isEqualTo(Mode.PLAIN);
        Files.writeString(file, "{ no JSON");
        assertThat(choose(true, false, "a", file).mode()).isEqualTo(Mode.PLAIN);
        assertThat(choose(true, true, "c", Path.of("/proc/nowhere/modes.json")).mode()).isEqualTo(Mode.PLAIN);
    }

    @Test
    void whatANetworkCannotIsNotTaken() {
        ModeChoice choice = choose(false, true, "a", folder.resolve("modes.json"));
        assertThat(choice.mode()).isEqualTo(NHWC);
        assertThat(choice.milliseconds().get(Mode.PLAIN)).isInfinite();
    }
}
