package dev.glimpse.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.data.Image;
import dev.glimpse.explain.ContactSheet.Row;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ContactSheetTest {
    private static final Image SMALL = PicturesTest.noise(32, 32);

    @Test
    void showsEveryPixelOfASmallPictureLarge() {
        Image sheet = new ContactSheet(List.of(""), List.of(new Row("", "", List.of(SMALL)))).draw();
        int gap = (sheet.width() - 160) / 4;
        int left = 2 * gap;
        int top = sheet.height() - 2 * gap - 160;
        for (int y = 0; y < 160; y++) {
            for (int x = 0; x < 160; x++) {
                assertThat(sheet.rgb()[((top + y) * sheet.width() + left + x) * 3])
                        .isEqualTo(SMALL.rgb()[(y / 5 * 32 + x / 5) * 3]);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void drawsTextWithFontsAndWithStrokes(boolean fonts) throws IOException {
        Lettering lettering = fonts ? Lettering.best() : new Lettering.Strokes();
        Image wide = PicturesTest.noise(300, 90);
        HeatMap map = new HeatMap(3, 3, new float[]{0, 0, 1, 0, 5, 1, 0, 0, 2});
        Image sheet = new ContactSheet.Sheet(new ContactSheet(List.of("image", "layer1.1.cbam", "Grad-CAM"),
                List.of(new Row("0001.png", "airplane 93.1 %\nthen ship 4.2 %",
                        List.of(SMALL, map.over(SMALL, 0.5), map.over(SMALL, 0.5))),
                        new Row("a-file-with-a-name-that-is-much-too-long.jpeg", "café 50 %",
                                List.of(wide, map.over(wide, 0.5))))),
                160, lettering).draw();
        Pictures.write(sheet, Path.of("target/contact-sheet-" + (fonts ? "fonts" : "strokes") + ".png"));
        assertThat(sheet.width()).isBetween(3 * 160, 1000);
        assertThat(darkPixels(sheet, 160)).as("the captions' ink").isGreaterThan(100);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 13, 64, 320})
    void drawsAtAnySize(int tile) {
        Image sheet = new ContactSheet(List.of("image", "a title wider than its column"),
                List.of(new Row("file.png", "class\n".repeat(40), List.of(SMALL, SMALL)))).draw(tile);
        assertThat(sheet.height()).isGreaterThan(tile);
    }

    @Test
    void drawsWithoutRows() {
        assertThat(new ContactSheet(List.of("image"), List.of()).draw().width()).isGreaterThan(160);
        assertThat(new ContactSheet(List.of(), List.of()).draw().width()).isPositive();
    }

    @Test
    void refusesPicturesWithoutAColumn() {
        assertThatThrownBy(() -> new ContactSheet(List.of("image"), List.of(new Row("x", "", List.of(SMALL, SMALL)))))
                .hasMessage("row \"x\" has 2 pictures, but there are 1 columns");
    }

    private static int darkPixels(Image sheet, int columns) {
        int dark = 0;
        for (int y = 0; y < sheet.height(); y++) {
            for (int x = 0; x < columns; x++) {
                dark += Byte.toUnsignedInt(sheet.rgb()[(y * sheet.width() + x) * 3]) < 128 ? 1 : 0;
            }
        }
        return dark;
    }
}
