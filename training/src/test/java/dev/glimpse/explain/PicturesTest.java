package dev.glimpse.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.glimpse.data.Image;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PicturesTest {
    @TempDir
    Path folder;

    @Test
    void anotherReaderSeesTheSamePixels() throws IOException {
        Image picture = noise(7, 5);
        assertThat(decoded(Pictures.png(picture))).isEqualTo(picture.rgb());
        assertThat(Pictures.png(picture)).isEqualTo(Pictures.png(picture));
    }

    @Test
    void writesAndReplaces() throws IOException {
        Path file = folder.resolve("new/picture.png");
        Pictures.write(noise(3, 3), file);
        Pictures.write(noise(9, 2), file);
        assertThat(decoded(Files.readAllBytes(file))).isEqualTo(noise(9, 2).rgb());
        try (var files = Files.list(file.getParent())) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void saysInOneLineWhyAFileCannotBeWritten() throws IOException {
        Path notAFolder = Files.writeString(folder.resolve("file"), "kept");
        Path file = notAFolder.resolve("picture.png");
        assertThatIOException().isThrownBy(() -> Pictures.write(noise(2, 2), file)).satisfies(
                e -> assertThat(e.getMessage()).startsWith("cannot write " + file + ": ").doesNotContain("\n"));
        assertThat(notAFolder).hasContent("kept");
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(notAFolder);
        }
    }

    @Test
    void nearestRepeatsPixels() {
        Image picture = noise(2, 2);
        Image enlarged = Pictures.scaled(picture, 6, 4, Scaling.NEAREST);
        for (int y = 0; y < 4; y++) {
            for (int x = 0; x < 6; x++) {
                for (int c = 0; c < 3; c++) {
                    assertThat(enlarged.rgb()[(y * 6 + x) * 3 + c])
                            .isEqualTo(picture.rgb()[(y / 2 * 2 + x / 3) * 3 + c]);
                }
            }
        }
    }

    @Test
    void fitsIntoASquareAndKeepsTheShape() {
        assertThat(Pictures.fitted(noise(32, 16), 160, Scaling.CUBIC)).extracting(Image::width, Image::height)
                .containsExactly(160, 80);
        assertThat(Pictures.fitted(noise(300, 600), 160, Scaling.CUBIC)).extracting(Image::width, Image::height)
                .containsExactly(80, 160);
        assertThat(Pictures.fitted(noise(1000, 1), 160, Scaling.CUBIC)).extracting(Image::width, Image::height)
                .containsExactly(160, 1);
    }

    static Image noise(int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        new Random(width * 31L + height).nextBytes(rgb);
        return new Image(width, height, rgb);
    }

    private static byte[] decoded(byte[] png) throws IOException {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
        byte[] rgb = new byte[image.getWidth() * image.getHeight() * 3];
        for (int i = 0; i < rgb.length / 3; i++) {
            int pixel = image.getRGB(i % image.getWidth(), i / image.getWidth());
            rgb[3 * i] = (byte) (pixel >> 16);
            rgb[3 * i + 1] = (byte) (pixel >> 8);
            rgb[3 * i + 2] = (byte) pixel;
        }
        return rgb;
    }
}
