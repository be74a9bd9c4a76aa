package dev.glimpse.app;

import dev.glimpse.Layer;
import dev.glimpse.data.Image;
import dev.glimpse.explain.GradCam;
import dev.glimpse.explain.HeatMap;
import dev.glimpse.explain.NetworkMaps;
import dev.glimpse.model.ImageNetwork;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Where a classifier looks, laid over the picture. */
final class AttentionOverlays {
    private static final double OPACITY = 0.5;
    private static final String GRAD_CAM = "Grad-CAM";

    private AttentionOverlays() {}

    /**
     * Every module's map in the order of computation, and Grad-CAM where the network allows it, by name.
     *
     * @param input the picture as the network is fed it
     * @param square the same to look at, of any size
     * @param explained the class whose score Grad-CAM explains
     */
    static Map<String, Image> all(Layer network, Tensor input, Image square, int explained) {
        return some(network, input, square, explained, Integer.MAX_VALUE);
    }

    /** The same of so many modules at most, evenly spread, the last among them. */
    static Map<String, Image> some(Layer network, Tensor input, Image square, int explained, int modules) {
        Map<String, Image> overlays = new LinkedHashMap<>();
        try (PointerScope _ = new PointerScope()) {
            Map<String, List<HeatMap>> maps = NetworkMaps.of(network, input);
            for (String path : spread(List.copyOf(maps.keySet()), modules)) {
                overlays.put(shorten(path), maps.get(path).getFirst().over(square, OPACITY));
            }
            if (network instanceof ImageNetwork parts) {
                HeatMap cam = GradCam.maps(parts, input, new int[]{explained}).getFirst();
                overlays.put(GRAD_CAM, cam.over(square, OPACITY));
            }
        }
        return overlays;
    }

    private static List<String> spread(List<String> all, int most) {
        int count = Math.min(most, all.size());
        List<String> some = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            some.add(all.get(i * all.size() / count - 1));
        }
        return some;
    }

    /** {@code layer1.0.cbam.SpatialGate} is one word too many for a column's title. */
    private static String shorten(String path) {
        int last = path.lastIndexOf('.');
        return last > 0 && Character.isLetter(path.charAt(last + 1)) && path.indexOf('.') < last
                ? path.substring(0, last)
                : path;
    }
}
