package dev.glimpse.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.glimpse.FreshProcess;
import dev.glimpse.Layer;
import dev.glimpse.nn.Libtorch;
import dev.glimpse.nn.Scopes;
import java.io.IOException;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What criss-cross attention on a large map adds to the peak of a process that has done nothing but load libtorch. */
class CrissCrossMemoryTest {
    private static final long MIB = 1L << 20;

    /**
     * The affinities of 256x256 positions take 128 MiB in float32, a map of 64 channels 16 MiB; all pairs of positions would
     * take 16 GiB.
     */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            cc              | 1x64x256x256 | backward | 900
            cc:recurrence=1 | 1x64x256x256 | backward | 620
            cc              | 4x64x128x128 | backward | 850
            cc              | 1x64x256x256 | forward  | 350
            """)
    void aLargeMapAddsLittle(String attention, String map, String work, long boundMib) {
        assumeTrue(FreshProcess.tellsPeak(), "needs Linux");
        long growth = Long.parseLong(FreshProcess.run(CrissCrossMemoryTest.class, attention, map, work).strip());
        assertThat(growth / MIB).isBetween(0L, boundMib);
    }

    /** Prints by how many bytes the peak grows. */
    public static void main(String[] args) throws IOException {
        Libtorch.load();
        long[] map = Arrays.stream(args[1].split("x")).mapToLong(Long::parseLong).toArray();
        long before = FreshProcess.peakBytes();
        Layer layer = Attentions.slot(args[0]).create(map[1]);
        try (PointerScope _ = new PointerScope()) {
            Tensor x = torch.randn(map).set_requires_grad(true);
            if (args[2].equals("backward")) {
                layer.forward(x).sum().backward();
            } else {
                Scopes.noGrad(() -> layer.forward(x));
            }
        }
        System.out.println(FreshProcess.peakBytes() - before);
    }
}
