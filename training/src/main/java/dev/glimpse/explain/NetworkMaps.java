package dev.glimpse.explain;

import dev.glimpse.Layer;
import dev.glimpse.attention.AttentionMaps;
import dev.glimpse.attention.AttentionMaps.AttentionMap;
import dev.glimpse.attention.CrissCross;
import dev.glimpse.nn.Scopes;
import dev.glimpse.nn.Tensors;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * The attention over positions that a network's modules computed for some images: spatial gates as they are, the mean
 * where there are several or one a channel, and of attention between positions how much each one receives, averaged over
 * queries and heads.
 */
public final class NetworkMaps {
    private NetworkMaps() {}

    /**
     * For each module with attention over positions, by its path in the network and in the order of computation, a map
     * for each image. What attends to channels alone has no positions and is left out. Of a module that attends several
     * times, the last.
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
                overPositions(map, images).ifPresent(
                        heat -> maps.put(paths.getOrDefault(map.source(), "attention"), heatMaps(heat)));
            }
            return maps;
        }
    }

    /** A map for each image, (B, H, W), where there is one. */
    private static Optional<Tensor> overPositions(AttentionMap map, Tensor images) {
        Tensor values = map.values();
        return switch (map.kind()) {
            case CHANNEL, CHANNEL_PAIRS -> Optional.empty();
            case SPATIAL, ELEMENT -> Optional.of(values.mean(1));
            case PAIRS -> Optional.of(asMap(values.mean(1, 2), images));
            case CROSS -> Optional.of(CrissCross.received(values));
        };
    }

    /** (B, positions) to (B, H, W), in the images' proportions. */
    private static Tensor asMap(Tensor values, Tensor images) {
        long positions = values.size(1);
        long height = Math.round(Math.sqrt((double) positions * images.size(2) / images.size(3)));
        long width = positions / height;
        if (height * width != positions) {
            throw new IllegalArgumentException(positions + " positions are no map of the image's " + images.size(2)
                    + "x" + images.size(3));
        }
        return values.view(-1, height, width);
    }

    private static List<HeatMap> heatMaps(Tensor values) {
        List<HeatMap> maps = new ArrayList<>();
        for (long i = 0; i < values.size(0); i++) {
            maps.add(new HeatMap((int) values.size(2), (int) values.size(1), Tensors.toFloats(values.get(i))));
        }
        return maps;
    }
}
