package dev.glimpse.nn;

import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;

/** Who frees native memory, and when gradients are kept. */
public final class Scopes {
    private Scopes() {}

    /** Runs without recording for backward, and leaves the mode as it was. */
    public static <T> T noGrad(Supplier<T> work) {
        try (AutoGradMode _ = new AutoGradMode(false)) {
            return work.get();
        }
    }

    /**
     * Frees every tensor that the work makes, but for its result, which goes to the scope around or, where
     * there is none, to the garbage collector.
     *
     * <p>
     * For a network's block in inference: without it one scope around a forward keeps every activation. With gradients on
     * the work runs as it is, since backward needs what it makes.
     */
    public static Tensor freeing(Supplier<Tensor> work) {
        return GradMode.is_enabled() ? work.get() : lettingGo(work);
    }

    /**
     * The same whether gradients are on or off: autograd itself holds what backward needs of what the work makes, and all
     * else is freed now instead of with the scope around.
     *
     * <p>
     * For a module whose tensors are far larger than the maps that come and go.
     */
    public static Tensor lettingGo(Supplier<Tensor> work) {
        Tensor result;
        try (PointerScope _ = new PointerScope()) {
            result = work.get();
            result.retainReference();
        }
        PointerScope outer = PointerScope.getInnerScope();
        if (outer != null) {
            outer.attach(result);
            result.releaseReference();
        }
        return result;
    }
}
