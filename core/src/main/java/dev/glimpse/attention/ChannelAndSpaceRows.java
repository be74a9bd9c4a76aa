package dev.glimpse.attention;

import dev.glimpse.attention.Attentions.Entry;
import java.util.List;

/** Attention over channels and positions. */
final class ChannelAndSpaceRows {
    private ChannelAndSpaceRows() {}

    static List<Entry> rows() {
        return List.of();
    }
}
