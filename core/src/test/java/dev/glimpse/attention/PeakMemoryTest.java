package dev.glimpse.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.glimpse.FreshProcess;
import dev.glimpse.Layer;
import dev.glimpse.nn.Libtorch;
import java.io.IOException;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a training step on one large map adds to the peak of a process that has done nothing else. */
class PeakMemoryTest {
    private static final long MIB = 1L << 20;

    /**
     * An attention, its map and the bound. The weights of all pairs of 128x128 positions take 1024 MiB, and a composed
     * attention holds four tensors of that size. Two channels leave a head of one number.
     */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            nonlocal:sub_sample=false                  | 64x128x128 | 300
            nonlocal:sub_sample=false,mode=dot_product | 64x128x128 | 300
            nonlocal:sub_sample=false                  | 2x96x96    | 300
            pam                                        | 64x128x128 | 300
            """)
    void aLargeMapAddsLittle(String attention, String map, long boundMib) {
        assumeTrue(FreshProcess.tellsPeak(), "needs Linux");
        long growth = Long.parseLong(FreshProcess.run(PeakMemoryTest.class, attention, map).strip());
        assertThat(growth / MIB).isBetween(0L, boundMib);
    }

    /** The measurement sees what is held: pairs that must be, 81 MiB of them three times in training. */
    @Test
    void allPairsAreSeen() {
        assumeTrue(FreshProcess.tellsPeak(), "needs Linux");
        long growth = Long.parseLong(FreshProcess
                .run(PeakMemoryTest.class, "nonlocal:sub_sample=false,mode=concatenation", "2x68x68").strip());
        assertThat(growth / MIB).isBetween(200L, 400L);
    }

    /** Prints by how many bytes the peak grows in a forward and a backward, after a tiny one of each. */
    public static void main(String[] args) throws IOException {
        Libtorch.load();
        long[] map = Arrays.stream(args[1].split("x")).mapToLong(Long::parseLong).toArray();
        Layer layer = Attentions.slot(args[0]).create(map[0]);
        step(layer, map[0], 4, 4);
        long before = FreshProcess.peakBytes();
        step(layer, map[0], map[1], map[2]);
        System.out.println(FreshProcess.peakBytes() - before);
    }

    private static void step(Layer layer, long channels, long height, long width) {
        try (PointerScope _ = new PointerScope()) {
            Tensor x = torch.randn(1, channels, height, width).set_requires_grad(true);
            layer.forward(x).sum().backward();
        }
    }
}
