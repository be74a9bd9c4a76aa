package dev.glimpse.explain;

import dev.glimpse.data.Image;
import java.util.List;

/**
 * Rows of pictures under column titles, as one picture.
 *
 * <pre>
 * new ContactSheet(List.of("image", "Grad-CAM"), List.of(new Row("dog.png", "beagle 93 %", List.of(dog, cam)))).draw()
 * </pre>
 *
 * @param columns a title above each column of pictures
 */
public record ContactSheet(List<String> columns, List<Row> rows) {
    /** The side of the square that a picture is fitted into. */
    public static final int TILE = 160;

    private static final int PAPER = 0xffffff;
    private static final int INK = 0x1f2328;
    private static final int FAINT_INK = 0x656d76;
    /** A small picture keeps its pixels visible if it grows by this much: smoothed, it would only be a blur. */
    private static final int PIXELS_SHOW_FROM = 4;

    public ContactSheet {
        for (Row row : rows) {
            if (row.pictures.size() > columns.size()) {
                throw new IllegalArgumentException("row \"" + row.title + "\" has " + row.pictures.size()
                        + " pictures, but there are " + columns.size() + " columns");
            }
        }
    }

    /**
     * @param title of the row: a file's name
     * @param caption below it, of any number of lines: the class and its probability
     */
    public record Row(String title, String caption, List<Image> pictures) {}

    public Image draw() {
        return draw(TILE);
    }

    /**
     * @param tile side of the square that a picture is fitted into; the text grows with it
     */
    public Image draw(int tile) {
        return new Sheet(this, tile, Lettering.best()).draw();
    }

    /** The drawing of one sheet. */
    static final class Sheet {
        private final ContactSheet content;
        private final Lettering lettering;
        private final int tile;
        private final int letters;
        private final int gap;
        private final int captions;
        private int width;
        private byte[] rgb;

        Sheet(ContactSheet content, int tile, Lettering lettering) {
            if (tile < 1) {
                throw new IllegalArgumentException("tile is " + tile + ", must be at least 1");
            }
            this.content = content;
            this.lettering = lettering;
            this.tile = tile;
            letters = Math.max(10, tile * 13 / TILE);
            gap = Math.max(4, tile / 13);
            captions = captionsWidth();
        }

        Image draw() {
            int titles = content.columns.isEmpty() ? 0 : letters * 2;
            int height = 4 * gap + titles - gap;
            for (Row row : content.rows) {
                height += height(row) + gap;
            }
            width = 4 * gap + captions + content.columns.size() * (tile + gap) - gap;
            rgb = new byte[width * height * 3];
            fill(PAPER);
            for (int i = 0; i < content.columns.size(); i++) {
                text(content.columns.get(i), columnX(i), 2 * gap, tile, true, INK);
            }
            int y = 2 * gap + titles;
            for (Row row : content.rows) {
                row(row, y);
                y += height(row) + gap;
            }
            return new Image(width, height, rgb);
        }

        private int height(Row row) {
            int lines = 1 + (int) row.caption.lines().count();
            int tallest = lines * lineHeight(lettering.line("", letters, true));
            for (Image picture : row.pictures) {
                tallest = Math.max(tallest, fitted(picture).height());
            }
            return tallest;
        }

        private static int lineHeight(Lettering.Line line) {
            return line.height() * 5 / 4;
        }

        private void row(Row row, int top) {
            int y = top;
            y += text(row.title, 2 * gap, y, captions - gap, true, INK);
            for (String line : row.caption.lines().toList()) {
                y += text(line, 2 * gap, y, captions - gap, false, FAINT_INK);
            }
            for (int i = 0; i < row.pictures.size(); i++) {
                picture(row.pictures.get(i), columnX(i), top);
            }
        }

        private int columnX(int column) {
            return 2 * gap + captions + column * (tile + gap);
        }

        /** As wide as the longest caption and a gap, but no wider than a tile and a half. */
        private int captionsWidth() {
            int widest = 0;
            for (Row row : content.rows) {
                widest = Math.max(widest, lettering.line(row.title, letters, true).width());
                for (String line : row.caption.lines().toList()) {
                    widest = Math.max(widest, lettering.line(line, letters, false).width());
                }
            }
            return widest <= 1 ? 0 : Math.min(widest, tile * 3 / 2) + 2 * gap;
        }

        /** Draws a line of text, cut short where it would not fit, and returns how far down the next one goes. */
        private int text(String text, int left, int top, int room, boolean bold, int colour) {
            Lettering.Line line = lettering.line(text, letters, bold);
            for (int end = text.length() - 1; line.width() > room && end > 0; end--) {
                line = lettering.line(text.substring(0, end) + "...", letters, bold);
            }
            for (int y = 0; y < line.height() && (top + y + 1) * width * 3 <= rgb.length; y++) {
                for (int x = 0; x < Math.min(line.width(), width - left); x++) {
                    blend((top + y) * width + left + x, colour, line.ink()[y * line.width() + x]);
                }
            }
            return lineHeight(line);
        }

        private void blend(int pixel, int colour, byte ink) {
            int cover = Byte.toUnsignedInt(ink);
            for (int c = 0; c < 3; c++) {
                int over = colour >> (16 - 8 * c) & 0xff;
                int under = Byte.toUnsignedInt(rgb[3 * pixel + c]);
                rgb[3 * pixel + c] = (byte) (under + (over - under) * cover / 255);
            }
        }

        private void picture(Image picture, int left, int top) {
            Image fitted = fitted(picture);
            int indent = (tile - fitted.width()) / 2;
            for (int y = 0; y < fitted.height(); y++) {
                System.arraycopy(fitted.rgb(), 3 * y * fitted.width(), rgb, 3 * ((top + y) * width + left + indent),
                        3 * fitted.width());
            }
        }

        private Image fitted(Image picture) {
            int growth = tile / Math.max(picture.width(), picture.height());
            return Pictures.fitted(picture, tile, growth >= PIXELS_SHOW_FROM ? Scaling.NEAREST : Scaling.CUBIC);
        }

        private void fill(int colour) {
            for (int c = 0; c < 3; c++) {
                byte value = (byte) (colour >> (16 - 8 * c));
                for (int i = c; i < rgb.length; i += 3) {
                    rgb[i] = value;
                }
            }
        }
    }
}
