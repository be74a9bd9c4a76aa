package dev.glimpse.explain;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.AttentionMaps.Kind;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * The attention over positions that a network's modules computed for some images: spatial gates as they are, and of
 * attention between positions how much each one receives, averaged over queries and heads.
 */
public final class NetworkMaps {
    private NetworkMaps() {}

    /**
     * For each module with attention over positions, by its path in the network and in the order of computation, a map
     * for each image. Channel gates have no positions and are left out.
     *
     * @param network in eval mode
     * @param images (B, planes, H, W)
     */
    public static Map<String, List<HeatMap>> of(Layer network, Tensor images) {
        Map<Module, String> paths = new IdentityHashMap<>();
        network.walk().forEach((path, module) -> paths.put(module, path));
        try (PointerScope _ = new PointerScope()) {
            List<AttentionMap> shown = Scopes.noGrad(() -> AttentionMaps.during(() -> network.forward(images)));
            Map<String, List<HeatMap>> maps = new LinkedHashMap<>();
            for (AttentionMap map : shown) {
                if (map.kind() != Kind.CHANNEL) {
                    maps.put(paths.getOrDefault(map.source(), "attention"), heat(map, images));
                }
            }
            return maps;
        }
    }

    private static List<HeatMap> heat(AttentionMap map, Tensor images) {
        Tensor values = map.values();
        long height = values.size(2);
        long width = values.size(3);
        if (map.kind() == Kind.PAIRS) {
            long positions = values.size(3);
            values = values.mean(1, 2); // (B, keys)
            height = Math.round(Math.sqrt((double) positions * images.size(2) / images.size(3)));
            width = positions / height;
            if (height * width != positions) {
                throw new IllegalArgumentException(positions + " positions are no map of the image's "
                        + images.size(2) + "x" + images.size(3));
            }
        }
        List<HeatMap> maps = new ArrayList<>();
        for (long i = 0; i < images.size(0); i++) {
            maps.add(new HeatMap((int) width, (int) height, Tensors.toFloats(values.get(i))));
        }
        return maps;
    }
}
