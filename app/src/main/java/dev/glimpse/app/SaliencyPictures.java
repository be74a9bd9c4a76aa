package dev.glimpse.app;

import dev.glimpse.data.Image;
import dev.glimpse.explain.ContactSheet;
import dev.glimpse.explain.HeatMap;
import dev.glimpse.explain.HeatMap.Palette;
import dev.glimpse.explain.Pictures;
import dev.glimpse.explain.Scaling;
import dev.glimpse.saliency.Fixation;
import dev.glimpse.saliency.Plane;
import dev.glimpse.saliency.Saliency;
import dev.glimpse.saliency.ScanPath;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Draws a picture's maps, at its own size, and the path of attention over it. */
final class SaliencyPictures {
    static final List<String> COLUMNS = List.of("image", "intensity", "colour", "orientation", "saliency", "path");

    private SaliencyPictures() {}

    /** By name: {@link #COLUMNS} without the first. */
    static Map<String, Image> of(Image picture, Saliency saliency, List<Fixation> path, double radius) {
        Map<String, Image> pictures = new LinkedHashMap<>();
        pictures.put("intensity", map(picture, saliency.intensity()));
        pictures.put("colour", map(picture, saliency.colour()));
        pictures.put("orientation", map(picture, saliency.orientation()));
        pictures.put("saliency", map(picture, saliency.map()));
        pictures.put("path", ScanPath.over(picture, path, radius));
        return pictures;
    }

    static ContactSheet.Row row(String title, String caption, Image picture, Map<String, Image> pictures) {
        List<Image> row = new ArrayList<>();
        row.add(small(picture));
        pictures.values().forEach(drawn -> row.add(small(drawn)));
        return new ContactSheet.Row(title, caption, row);
    }

    private static Image map(Image picture, Plane plane) {
        return new HeatMap(plane.width(), plane.height(), plane.values())
                .scaled(picture.width(), picture.height(), Scaling.LINEAR).coloured(Palette.INFERNO);
    }

    private static Image small(Image picture) {
        return Pictures.fitted(picture, ContactSheet.TILE, Scaling.CUBIC);
    }
}
