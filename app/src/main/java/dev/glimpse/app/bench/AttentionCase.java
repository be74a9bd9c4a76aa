package dev.glimpse.app.bench;

import dev.glimpse.attention.Attentions;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What is measured at once.
 *
 * @param name of a module, with arguments as in {@code cbam:reduction=8}
 */
public record AttentionCase(String name, MapShape shape, Dtype dtype, Layout layout, Pass pass) {
    /** Refuses a name that nothing has. */
    public AttentionCase {
        Attentions.slot(name);
    }

    /** For machines. */
    public Map<String, Object> asMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", name);
        map.put("shape", shape.toString());
        map.put("dtype", dtype.word());
        map.put("layout", layout.word());
        map.put("pass", pass.word());
        return map;
    }

    @Override
    public String toString() {
        return name + " " + shape + " " + dtype.word() + " " + layout.word() + " " + pass.word();
    }
}
