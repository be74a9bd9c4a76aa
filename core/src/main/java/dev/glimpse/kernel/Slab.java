package dev.glimpse.kernel;

import dev.glimpse.nn.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Memory for many small things that live as long as each other: a tensor for all of them costs a call of libtorch, each by
 * itself would cost one too. It belongs to the scope that is open when it is made.
 */
final class Slab {
    private static final int ALIGNMENT = 16;
    private final int least;
    private Tensor block;
    private long address;
    private long left;

    /** @param numbers how many are about to be taken; more may be */
    Slab(long numbers) {
        least = Math.toIntExact(numbers + 8 * ALIGNMENT);
    }

    /** As many numbers for each image, not set: float32, or int32 for indices. */
    Numbers take(int images, int each) {
        long wanted = Math.ceilDiv((long) images * each, (long) ALIGNMENT) * ALIGNMENT;
        if (wanted > left) {
            block = Tensors.empty(ScalarType.Float, Math.max(least, wanted));
            address = block.data_ptr().address();
            left = Math.max(least, wanted);
        }
        Numbers taken = new Numbers(block, address, each);
        address += wanted * Float.BYTES;
        left -= wanted;
        return taken;
    }

    /** The same, all 0. */
    Numbers zeros(int images, int each) {
        Numbers taken = take(images, each);
        Rows.fill(taken.address(), images * each, 0);
        return taken;
    }
}
