package dev.glimpse.glimpses;

import dev.glimpse.nn.Tensors;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import java.util.zip.CRC32;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * What is left to chance when images are looked at.
 *
 * @param start the first places, (B, 2) in -1 to 1
 * @param noise of each place after it, T - 1 times (B, 2), normal with deviation 1
 */
public record Chance(Tensor start, List<Tensor> noise) {
    private static final long SAMPLE = 1L << 32; // beyond any checksum

    public Chance {
        noise = List.copyOf(noise);
    }

    /** Drawn by libtorch's generator, for training. */
    static Chance drawn(Tensor images, long glimpses) {
        long count = images.size(0);
        Tensor start = torch.rand(count, 2).mul(new Scalar(2.0)).sub(new Scalar(1.0)).type_as(images);
        return new Chance(start,
                LongStream.range(1, glimpses).mapToObj(_ -> torch.randn(count, 2).type_as(images)).toList());
    }

    /** As each image's own pixels say: always the same of an image, in whatever batch it stands. */
    static Chance of(Tensor images, long glimpses, int sample) {
        int count = (int) images.size(0);
        SplittableRandom[] randoms = new SplittableRandom[count];
        MemorySegment pixels = Tensors.memory(images.contiguous());
        long bytes = pixels.byteSize() / count;
        float[] start = new float[2 * count];
        for (int i = 0; i < count; i++) {
            CRC32 sum = new CRC32();
            sum.update(pixels.asSlice(i * bytes, bytes).asByteBuffer());
            randoms[i] = new SplittableRandom(sum.getValue() + sample * SAMPLE);
            start[2 * i] = (float) (2 * randoms[i].nextDouble() - 1);
            start[2 * i + 1] = (float) (2 * randoms[i].nextDouble() - 1);
        }
        List<Tensor> noise = new ArrayList<>();
        for (long t = 1; t < glimpses; t++) {
            float[] each = new float[2 * count];
            for (int i = 0; i < each.length; i++) {
                each[i] = (float) randoms[i / 2].nextGaussian();
            }
            noise.add(Tensors.of(each, count, 2).type_as(images));
        }
        return new Chance(Tensors.of(start, count, 2).type_as(images), noise);
    }
}
