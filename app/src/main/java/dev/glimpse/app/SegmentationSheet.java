package dev.glimpse.app;

import dev.glimpse.data.Image;
import dev.glimpse.data.Legend;
import dev.glimpse.data.Mask;
import dev.glimpse.explain.ContactSheet;
import dev.glimpse.explain.HeatMap;
import dev.glimpse.explain.NetworkMaps;
import dev.glimpse.explain.Pictures;
import dev.glimpse.explain.Scaling;
import dev.glimpse.explain.Segments;
import dev.glimpse.train.Segmenter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;

/** Rows of an image, its true classes, the predicted ones with the true ones' borders, and where the network looked. */
final class SegmentationSheet {
    private static final double OPACITY = 0.5;
    private static final int MOST_ROWS = 50; // it is held in memory as a whole
    private static final int MOST_MAPS = 4;
    private static final int TILE = 240;
    private static final int CONTOUR = 0xffffff;
    /** Watched, a network keeps all that it computes: larger pictures are made smaller for it. */
    private static final int LARGEST_WATCHED = 512;

    private final Segmenter segmenter;
    private final Segments segments;
    private final List<String> columns = new ArrayList<>();
    private final List<ContactSheet.Row> rows = new ArrayList<>();

    SegmentationSheet(Segmenter segmenter, Legend legend) {
        this.segmenter = segmenter;
        this.segments = Segments.of(legend);
    }

    /** @param truth null where nobody knows */
    void add(String name, String caption, Image image, Mask truth, Mask found) {
        if (rows.size() == MOST_ROWS) {
            return;
        }
        Map<String, Image> pictures = pictures(image, truth, found);
        if (pictures.size() > columns.size()) {
            columns.clear();
            columns.addAll(pictures.keySet());
        }
        rows.add(new ContactSheet.Row(name, caption, List.copyOf(pictures.values())));
    }

    /**
     * A row's pictures by their titles.
     *
     * @param truth null where nobody knows
     */
    Map<String, Image> pictures(Image image, Mask truth, Mask found) {
        Image small = Pictures.fitted(image, TILE, Scaling.CUBIC);
        Mask smallFound = found.scaled(small.width(), small.height());
        Map<String, Image> pictures = new LinkedHashMap<>();
        pictures.put("image", small);
        Image overlay = segments.over(small, smallFound, OPACITY);
        if (truth != null) {
            Mask smallTruth = truth.scaled(small.width(), small.height());
            pictures.put("truth", segments.over(small, smallTruth, OPACITY));
            overlay = Segments.contours(overlay, smallTruth, CONTOUR);
        }
        pictures.put("prediction", overlay);
        attention(image).forEach((title, map) -> pictures.put(title, map.over(small, OPACITY)));
        return pictures;
    }

    /** What the network attended to, finest first; nothing of a picture that would have to be filled up for it. */
    private Map<String, HeatMap> attention(Image image) {
        Image seen = segmenter.seen(image);
        if (Math.max(seen.width(), seen.height()) > LARGEST_WATCHED) {
            seen = Pictures.fitted(seen, LARGEST_WATCHED, Scaling.CUBIC);
        }
        Map<String, HeatMap> maps = new LinkedHashMap<>();
        if (Math.min(seen.width(), seen.height()) >= segmenter.least()) {
            try (PointerScope _ = new PointerScope()) {
                NetworkMaps.of(segmenter.network(), segmenter.input(seen)).entrySet().stream().limit(MOST_MAPS)
                        .forEach(entry -> maps.put(entry.getKey(), entry.getValue().getFirst()));
            }
        }
        return maps;
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    Image draw() {
        return new ContactSheet(columns, rows).draw(TILE);
    }
}
