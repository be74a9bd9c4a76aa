package dev.glimpse.system.caption;

import dev.glimpse.data.Image;
import dev.glimpse.explain.ContactSheet;
import dev.glimpse.explain.Pictures;
import dev.glimpse.explain.Scaling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A caption as a row of panels, one a word: the picture, brightest where the decoder looked before it said the word. */
public final class CaptionStrip {
    private static final int SIDE = 160;
    private static final int PIXELS_SHOW_FROM = 4;
    private static final double OPACITY = 0.55;
    private static final int PANELS = 9; // in a row of a strip

    private CaptionStrip() {}

    /** The picture, then a panel a word, by what stands above them. */
    static Map<String, Image> panels(Captioner.Caption caption) {
        int side = Math.max(caption.picture().width(), caption.picture().height());
        Image shown = Pictures.fitted(caption.picture(), SIDE,
                SIDE / side >= PIXELS_SHOW_FROM ? Scaling.NEAREST : Scaling.CUBIC);
        Map<String, Image> panels = new LinkedHashMap<>();
        panels.put("picture", shown);
        for (Captioner.Word word : caption.words()) {
            panels.put(panels.size() + " " + word.text(), word.looked().over(shown, OPACITY));
        }
        return panels;
    }

    /** Captions below one another; a long one goes on in the next row. */
    public static Image draw(List<Captioner.Caption> captions) {
        List<Image> rows = new ArrayList<>();
        for (Captioner.Caption caption : captions) {
            List<Map.Entry<String, Image>> panels = List.copyOf(panels(caption).entrySet());
            for (int from = 0; from < panels.size(); from += PANELS) {
                List<Map.Entry<String, Image>> row = panels.subList(from, Math.min(from + PANELS, panels.size()));
                rows.add(new ContactSheet(row.stream().map(Map.Entry::getKey).toList(),
                        List.of(new ContactSheet.Row("", "", row.stream().map(Map.Entry::getValue).toList()))).draw());
            }
        }
        return below(rows);
    }

    private static Image below(List<Image> rows) {
        int width = rows.stream().mapToInt(Image::width).max().orElseThrow();
        int height = rows.stream().mapToInt(Image::height).sum();
        byte[] rgb = new byte[3 * width * height];
        Arrays.fill(rgb, (byte) 0xff);
        int y = 0;
        for (Image row : rows) {
            for (int i = 0; i < row.height(); i++) {
                System.arraycopy(row.rgb(), 3 * i * row.width(), rgb, 3 * (y + i) * width, 3 * row.width());
            }
            y += row.height();
        }
        return new Image(width, height, rgb);
    }
}
