package dev.glimpse.train;

import dev.glimpse.Layer;
import dev.glimpse.io.StateDict;
import dev.glimpse.nn.Memory;
import dev.glimpse.nn.NativeHeap;
import dev.glimpse.nn.Tensors;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What memory a training step takes, measured by forwards of two and of four images, and asked for before the first step:
 * a system that has granted too much kills the process.
 */
public final class StepMemory {
    /** Backward's own tensors come on top of what the forward holds for it. */
    private static final double BACKWARD = 1.25;
    /** The parameters, their gradients, and two numbers that the update rule remembers. */
    private static final int COPIES_OF_PARAMETERS = 4;

    private static final int MOST_TRIED = 4;
    private static final int TRIES = 5;
    private static final String SMALLER = "take a smaller --size or --model";

    private StepMemory() {}

    /**
     * Refuses a batch that cannot fit; passes where the C library cannot tell what it has given out.
     *
     * @param images how many there are: no batch has more
     * @param buffers batches that the loaders hold
     * @throws IllegalArgumentException in one line, with a batch that fits
     */
    public static void require(Layer network, Recipe recipe, int size, int images, int buffers) {
        double image = 3.0 * size * size * Float.BYTES;
        Memory.require("training on " + size + "x" + size + " pixels", (long) (MOST_TRIED * image), SMALLER);
        network.eval(); // nothing that the network remembers may change
        OptionalDouble more = growth(network, recipe.mode(), size);
        if (more.isEmpty()) {
            return;
        }
        double step = BACKWARD * more.getAsDouble() + image;
        double fixed = (double) COPIES_OF_PARAMETERS * Float.BYTES * StateDict.parameterCount(network);
        double needed = fixed + step * Math.min(recipe.batch(), images) + image * buffers * recipe.batch();
        double fits = (0.9 * Memory.available() - fixed) / (step + image * buffers);
        Memory.require("training on " + size + "x" + size + " pixels with --batch " + recipe.batch(), (long) needed,
                fits >= 1 ? "take --batch " + Long.highestOneBit((long) fits)
                        + ", and --accumulate for steps as large as now" : SMALLER);
    }

    /** What one image more holds: the median of some tries, since the compiler takes and frees memory meanwhile. */
    private static OptionalDouble growth(Layer network, Mode mode, int size) {
        held(network, mode, size, 2); // what is made once
        double[] growths = new double[TRIES];
        for (int i = 0; i < TRIES; i++) {
            OptionalLong two = held(network, mode, size, 2);
            OptionalLong four = held(network, mode, size, MOST_TRIED);
            if (two.isEmpty() || four.isEmpty()) {
                return OptionalDouble.empty();
            }
            growths[i] = (double) (four.getAsLong() - two.getAsLong()) / (MOST_TRIED - 2);
        }
        Arrays.sort(growths);
        return OptionalDouble.of(Math.max(0, growths[TRIES / 2]));
    }

    private static OptionalLong held(Layer network, Mode mode, int size, int images) {
        try (PointerScope _ = new PointerScope()) {
            Tensor input = Tensors.zeros(ScalarType.Float, images, 3, size, size);
            OptionalLong before = NativeHeap.bytesInUse();
            Tensor output = mode.forward(network, input);
            OptionalLong after = NativeHeap.bytesInUse();
            return before.isEmpty() || !output.requires_grad() ? OptionalLong.empty()
                    : OptionalLong.of(after.getAsLong() - before.getAsLong());
        }
    }
}
