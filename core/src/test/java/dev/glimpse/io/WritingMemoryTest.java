package dev.glimpse.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.glimpse.FreshProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights that lie channels-last are laid out for their file one at a time. */
class WritingMemoryTest {
    private static final int TENSORS = 24;
    private static final long BYTES = 512 * 512 * 9 * Float.BYTES;

    @TempDir
    private Path folder;

    @Test
    void takesTheMemoryOfOneTensor() {
        assumeTrue(FreshProcess.tellsPeak(), "needs Linux");
        String file = folder.resolve("weights.safetensors").toString();
        long growth = Long.parseLong(FreshProcess.run(WritingMemoryTest.class, file).strip());
        assertThat(growth).isLessThan(4 * BYTES);
    }

    /** Prints by how much writing raises the most memory that this process has held. */
    public static void main(String[] args) throws IOException {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (int i = 0; i < TENSORS; i++) {
            try (Tensor plain = torch.ones(512, 512, 3, 3)) {
                weights.put("weight" + i, plain.contiguous(MemoryFormat.ChannelsLast));
            }
        }
        SafeTensors.write(Path.of(args[0] + ".one"), Map.of("one", weights.get("weight0")), Map.of());
        long before = FreshProcess.peakBytes();
        SafeTensors.write(Path.of(args[0]), weights, Map.of());
        System.out.println(FreshProcess.peakBytes() - before);
    }
}
