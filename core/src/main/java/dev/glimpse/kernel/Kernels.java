package dev.glimpse.kernel;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Which kernels run: fused ones, or compositions of libtorch's operations.
 *
 * <p>
 * Fused kernels need the JDK's vectors ({@code --add-modules jdk.incubator.vector}); maps in float32 or bfloat16 on a
 * processor; and, where gradients are recorded, an open {@code PointerScope}, which holds what backward needs. Else the
 * composed form runs, and the reason is logged once. {@code -Dglimpse.kernels=composed} or {@code fused} forces one of
 * them: forced, fused kernels refuse to run composed for want of vectors or of a scope.
 */
public final class Kernels {
    /** The system property that forces a choice. */
    public static final String PROPERTY = "glimpse.kernels";
    /** Numbers of a map that is large: FcaNet and SPA gain nothing at 64x56x56, SPA does at 256x56x56. */
    private static final long LARGE = 1 << 19;
    static final String VECTOR_BITS = "glimpse.kernels.bits";

    /** What may run. */
    public enum Choice {
        /** Fused kernels where they win. */
        AUTO,
        /** Fused kernels wherever they can run. */
        FUSED,
        /** Libtorch's operations alone. */
        COMPOSED,
        /** The same with other maxima, whose ties share the gradient: a yardstick, since which is faster depends on the map. */
        COMPOSED_AMAX,
        /** Libtorch's operations alone, its own fused ones where they win: what it records, for counting costs. */
        LIBTORCH
    }

    private static final Choice CHOICE = choice();
    private static final boolean VECTORS =
            ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    private static final int BITS = VECTORS ? Vectors.BITS : 0;
    private static final ScopedValue<Choice> HERE = ScopedValue.newInstance();
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();
    private static final LongAdder FUSED_RUNS = new LongAdder();
    private static final System.Logger LOG = System.getLogger(Kernels.class.getName());

    private Kernels() {}

    private static Choice choice() {
        String typed = System.getProperty(PROPERTY, "auto");
        try {
            return Choice.valueOf(typed.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    PROPERTY + " is '" + typed + "'; known: auto, fused, composed", e);
        }
    }

    /** What may run on this thread. */
    public static Choice chosen() {
        return HERE.orElse(CHOICE);
    }

    /** Runs a work with a choice of its own. */
    public static void with(Choice choice, Runnable work) {
        ScopedValue.where(HERE, choice).run(work);
    }

    /** The same for a work with a result. */
    public static <T> T with(Choice choice, Supplier<T> work) {
        return ScopedValue.where(HERE, choice).call(work::get);
    }

    /** Why no fused kernel can run in this process; empty if they can. */
    public static Optional<String> whyNot() {
        return VECTORS ? Optional.empty()
                : Optional.of("the JDK's vectors are missing: start Java with --add-modules jdk.incubator.vector");
    }

    /** The width of the vectors in bits, or 0 where there are none. */
    public static int vectorBits() {
        return BITS;
    }

    /** How often a fused kernel was chosen in this process. */
    public static long fusedRuns() {
        return FUSED_RUNS.sum();
    }

    /** Whether a kernel that wins on large maps alone may run on one; where fused ones are forced, on any. */
    public static boolean large(Tensor map) {
        return chosen() == Choice.FUSED || map.numel() >= LARGE;
    }

    static boolean fuses(Tensor map) {
        if (chosen() != Choice.AUTO && chosen() != Choice.FUSED || !supported(map)) {
            return false;
        }
        if (!VECTORS) {
            return refused(whyNot().orElseThrow());
        }
        if (GradMode.is_enabled() && PointerScope.getInnerScope() == null) {
            return refused("no PointerScope is open around the forward, which would hold what backward needs");
        }
        countFused();
        return true;
    }

    static void countFused() {
        FUSED_RUNS.increment();
    }

    private static boolean supported(Tensor map) {
        ScalarType type = map.scalar_type().intern();
        return (type == ScalarType.Float || type == ScalarType.BFloat16) && map.dim() == 4 && map.is_cpu()
                && map.numel() > 0 && map.numel() / map.size(0) <= Integer.MAX_VALUE / 2;
    }

    private static boolean refused(String reason) {
        if (chosen() == Choice.FUSED) {
            throw new IllegalStateException("-D" + PROPERTY + "=fused, but " + reason);
        }
        if (SAID.add(reason)) {
            LOG.log(System.Logger.Level.WARNING, "composed kernels run, since {0}", reason);
        }
        return false;
    }
}
