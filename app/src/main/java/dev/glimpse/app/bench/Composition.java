package dev.glimpse.app.bench;

import dev.glimpse.kernel.Kernels;
import java.util.function.Consumer;

/** A way to compose a module of libtorch's operations; the fastest is what fused kernels are compared with. */
enum Composition {
    /** Maxima with their indices: a tie's gradient goes to the first, as in the authors' code. Errors are judged by it. */
    INDEXED("indexed max", work -> Kernels.with(Kernels.Choice.COMPOSED, work)),
    /** Maxima without: ties share the gradient. Where a module pools no maxima it is the same composition again. */
    SHARED("amax", work -> Kernels.with(Kernels.Choice.COMPOSED_AMAX, work));

    /** As it is called in results. */
    final String title;
    private final Consumer<Runnable> running;

    Composition(String title, Consumer<Runnable> running) {
        this.title = title;
        this.running = running;
    }

    void run(Runnable work) {
        running.accept(work);
    }
}
