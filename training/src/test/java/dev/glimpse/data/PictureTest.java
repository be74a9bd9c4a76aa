package dev.glimpse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_OPTIMIZE;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_PROGRESSIVE;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_QUALITY;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_RST_INTERVAL;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_SAMPLING_FACTOR;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.bytedeco.opencv.opencv_core.Mat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PictureTest {
    @TempDir
    private Path folder;

    private static byte[] part(Picture picture, Area area, double shrinking) throws IOException {
        try (Mat part = picture.part(area, shrinking)) {
            byte[] rgb = new byte[3 * part.cols() * part.rows()];
            for (int y = 0; y < part.rows(); y++) {
                part.ptr(y).get(rgb, 3 * y * part.cols(), 3 * part.cols());
            }
            return rgb;
        }
    }

    private static Area random(int width, int height, SplittableRandom random) {
        int w = random.nextInt(1, width + 1);
        int h = random.nextInt(1, height + 1);
        return new Area(random.nextInt(width - w + 1), random.nextInt(height - h + 1), w, h);
    }

    /** Whatever is left undecoded below a part, its pixels are those of the whole. */
    @ParameterizedTest
    @CsvSource({"0x111111, 0, 0", "0x211111, 0, 0", "0x221111, 0, 0", "0x221111, 1, 0", "0x221111, 0, 3",
        "0x411111, 0, 0", "0x121111, 0, 0", "0x121111, 1, 2"})
    void partsOfJpegsAreThoseOfTheWhole(String sampling, int progressive, int restarts) throws IOException {
        Image leaves = DeadLeaves.image(3, 203, 157);
        byte[] file = Pictures.encode("jpg", leaves, IMWRITE_JPEG_QUALITY, 85, IMWRITE_JPEG_OPTIMIZE, 1,
                IMWRITE_JPEG_SAMPLING_FACTOR, Integer.decode(sampling), IMWRITE_JPEG_PROGRESSIVE, progressive,
                IMWRITE_JPEG_RST_INTERVAL, restarts);
        Image whole = ImageReader.read(Pictures.write(folder, "leaves.jpg", file));
        SplittableRandom random = new SplittableRandom(7);
        try (Picture picture = new Picture()) {
            for (int i = 0; i < 200; i++) {
                Area area = random(203, 157, random);
                picture.read(file, "leaves");
                assertThat(part(picture, area, 1)).as("%s", area)
                        .isEqualTo(Resize.crop(whole, area.left(), area.top(), area.width(), area.height()).rgb());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8})
    void shrunkenPartsAreThoseOfTheShrunkenWhole(int by) throws IOException {
        byte[] file = Pictures.encode("jpg", DeadLeaves.image(3, 400, 360));
        SplittableRandom random = new SplittableRandom(7);
        try (Picture picture = new Picture()) {
            picture.read(file, "leaves");
            Area all = new Area(0, 0, 400, 360);
            Image whole = new Image(400 / by, 360 / by, part(picture, all, by));
            for (int i = 0; i < 100; i++) {
                Area area = random(400, 360, random);
                picture.read(file, "leaves");
                try (Mat part = picture.part(area, by + 0.5)) {
                    Area shrunk = area.shrunk(by, whole.width(), whole.height());
                    assertThat(part.cols()).isEqualTo(shrunk.width()).isBetween(1, area.width() / by + 1);
                    assertThat(part.rows()).isEqualTo(shrunk.height()).isBetween(1, area.height() / by + 1);
                    picture.read(file, "leaves");
                    assertThat(part(picture, area, by + 0.5)).as("%s", area).isEqualTo(Resize.crop(whole, shrunk.left(),
                            shrunk.top(), shrunk.width(), shrunk.height()).rgb());
                }
            }
        }
    }

    /** Every kind of file, straight to native memory or not, has the pixels that the reader reads. */
    @Test
    void filesHaveTheReadersPixels() throws IOException {
        Image leaves = DeadLeaves.image(4, 37, 23);
        byte[] jpeg = Pictures.encode("jpg", leaves);
        byte[] rows = new byte[23 * (1 + 4 * 37)];
        new SplittableRandom(1).nextBytes(rows);
        for (int y = 0; y < 23; y++) {
            rows[y * (1 + 4 * 37)] = 0;
        }
        byte[] grey = Pictures.encode("jpg", 37, 23, org.bytedeco.opencv.global.opencv_core.CV_8UC1,
                Pictures.cut(leaves.rgb(), 37 * 23));
        try (Picture picture = new Picture()) {
            List<byte[]> files = new java.util.ArrayList<>(List.of(jpeg, grey, Pictures.encode("png", leaves),
                    Pictures.encode("bmp", leaves), Pictures.encode("tiff", leaves), Pictures.encode("webp", leaves),
                    Pictures.png(37, 23, 8, 6, rows)));
            for (int orientation = 1; orientation <= 8; orientation++) {
                files.add(Pictures.insert(jpeg, 2, Pictures.exifSegment(orientation)));
            }
            for (int i = 0; i < files.size(); i++) {
                Image expected = ImageReader.read(Pictures.write(folder, i + ".x", files.get(i)));
                picture.read(folder.resolve(i + ".x"));
                assertThat(picture.width()).isEqualTo(expected.width());
                assertThat(picture.height()).isEqualTo(expected.height());
                assertThat(part(picture, new Area(2, 1, 20, 19), 1)).as("file " + i)
                        .isEqualTo(Resize.crop(expected, 2, 1, 20, 19).rgb());
                assertThat(picture.image().rgb()).isEqualTo(expected.rgb());
                picture.set(expected);
                assertThat(part(picture, new Area(0, 0, expected.width(), expected.height()), 8))
                        .isEqualTo(expected.rgb());
            }
        }
    }

    /** Damage is an error of one line or other pixels, never the end of the process. */
    @Test
    void damagedFiles() throws IOException {
        byte[] file = Pictures.encode("jpg", DeadLeaves.image(4, 61, 47), IMWRITE_JPEG_QUALITY, 80);
        SplittableRandom random = new SplittableRandom(11);
        int refused = 0;
        try (Picture picture = new Picture()) {
            for (int i = 0; i < 3000; i++) {
                byte[] damaged = file.clone();
                for (int changes = random.nextInt(1, 6); changes > 0; changes--) {
                    damaged[random.nextInt(random.nextBoolean() ? 200 : damaged.length)] = (byte) random.nextInt();
                }
                try {
                    picture.read(damaged, "odd");
                    Area area = random(picture.width(), picture.height(), random);
                    picture.part(area, random.nextInt(1, 10)).close();
                } catch (IOException e) {
                    assertThat(e).hasMessageStartingWith("odd: ").message().doesNotContain("\n");
                    refused++;
                }
            }
            assertThat(refused).isBetween(100, 2999);
            picture.read(file, "whole");
            assertThat(part(picture, new Area(0, 0, 61, 47), 1)).hasSize(3 * 61 * 47);
        }
    }

    @Test
    void whatCannotBeReadIsNamed() throws IOException {
        Path missing = folder.resolve("missing.jpg");
        Path text = Files.writeString(folder.resolve("text.jpg"), "text");
        try (Picture picture = new Picture()) {
            assertThatThrownBy(() -> picture.read(missing)).isInstanceOf(IOException.class)
                    .hasMessage(missing + ": no such file");
            assertThatThrownBy(() -> picture.read(text)).isInstanceOf(IOException.class)
                    .hasMessageStartingWith(text + ": not an image");
        }
    }
}
