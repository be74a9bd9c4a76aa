package dev.glimpse.attention;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * Lets a caller see the attention maps that modules compute inside a network.
 *
 * <pre>
 * List&lt;AttentionMap&gt; maps = AttentionMaps.during(() -> network.forward(x));
 * </pre>
 *
 * A module shows each map where it computes it; while nobody watches, that costs one look-up. The maps belong to the
 * scope that is open around the forward.
 */
public final class AttentionMaps {
    private static final ScopedValue<List<AttentionMap>> WATCHER = ScopedValue.newInstance();

    /** What a map says. */
    public enum Kind {
        /** One weight a channel: (B, C, 1, 1). */
        CHANNEL,
        /** One weight a position: (B, maps, H, W), nearly always one map; several where parts or classes have their own. */
        SPATIAL,
        /** One weight a channel and position: (B, C, H, W). */
        ELEMENT,
        /**
         * For each query, the weights of the keys, both positions: (B, heads, queries, keys). A distribution where a softmax
         * makes them; the keys may be those of a coarser map.
         */
        PAIRS,
        /** For each channel, a distribution over the channels: (B, 1, C, C). */
        CHANNEL_PAIRS,
        /** For each position, a distribution over its row, then its column without itself: (B, H+W-1, H, W). */
        CROSS
    }

    /**
     * A map and who computed it.
     *
     * @param source the module as it stands in {@link dev.glimpse.Layer#walk}
     * @param values detached from the graph; the shape is the kind's
     */
    public record AttentionMap(Module source, Kind kind, Tensor values) {}

    private AttentionMaps() {}

    /** Runs a forward and returns the maps that this thread's modules showed, in the order of computation. */
    public static List<AttentionMap> during(Runnable forward) {
        List<AttentionMap> maps = new ArrayList<>();
        ScopedValue.where(WATCHER, maps).run(forward);
        return maps;
    }

    /** Whether somebody watches: a network then keeps its maps instead of freeing each block's tensors. */
    public static boolean watched() {
        return WATCHER.isBound();
    }

    /** Shows a map to the watcher, if there is one, and returns it: {@code seen(this, SPATIAL, gate)}. */
    public static Tensor seen(Module source, Kind kind, Tensor map) {
        if (WATCHER.isBound()) {
            WATCHER.get().add(new AttentionMap(source, kind, map.detach()));
        }
        return map;
    }
}
