package dev.glimpse.data;

import static dev.glimpse.data.Pictures.bytes;
import static dev.glimpse.data.Pictures.chunk;
import static dev.glimpse.data.Pictures.cut;
import static dev.glimpse.data.Pictures.encode;
import static dev.glimpse.data.Pictures.gradient;
import static dev.glimpse.data.Pictures.insert;
import static dev.glimpse.data.Pictures.join;
import static dev.glimpse.data.Pictures.png;
import static dev.glimpse.data.Pictures.tiff;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bytedeco.opencv.global.opencv_core.CV_16UC3;
import static org.bytedeco.opencv.global.opencv_core.CV_32FC3;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC4;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReaderTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "tif", "tiff", "gif", "webp", "jpg", "jpeg", "PNG"})
    void everyExtensionIsDecoded(String extension) throws IOException {
        Image expected = gradient(24, 16);
        Image image = read("a." + extension, encode(extension.toLowerCase(), expected));
        assertThat(ImageReader.recognises(folder.resolve("a." + extension))).isTrue();
        assertThat(image.width()).isEqualTo(24);
        assertThat(image.height()).isEqualTo(16);
        int tolerance = extension.equals("gif") || extension.startsWith("j") || extension.equals("webp") ? 60 : 0;
        assertClose(image, expected, tolerance);
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "tif", "gif", "webp", "jpg"})
    void onePixel(String extension) throws IOException {
        assertThat(read("one." + extension, encode(extension, gradient(1, 1))).rgb()).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "tif", "gif", "webp", "jpg"})
    void everyTruncationIsRefused(String extension) {
        byte[] whole = encode(extension, gradient(40, 30));
        for (int length = 0; length < whole.length; length += Math.max(1, whole.length / 97)) {
            assertRefused("cut." + extension, cut(whole, length));
        }
        assertRefused("cut." + extension, cut(whole, whole.length - 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "tif", "gif", "webp", "jpg"})
    void damageNeverCrashes(String extension) throws IOException {
        byte[] whole = encode(extension, gradient(40, 30));
        Random random = new Random(7);
        for (int i = 0; i < 300; i++) {
            byte[] damaged = whole.clone();
            for (int n = 0; n < 3; n++) {
                damaged[random.nextInt(Math.min(damaged.length, i % 2 == 0 ? 100 : 100_000))] = (byte) random.nextInt();
            }
            Path file = Pictures.write(folder, "damaged." + extension, damaged);
            try {
                ImageReader.read(file, 1_000_000);
            } catch (IOException e) {
                assertThat(e.getMessage()).startsWith(file + ": ").doesNotContain("\n");
            }
        }
    }

    @Test
    void aThumbnailsEndDoesNotMakeAJpegWhole() throws IOException {
        byte[] whole = insert(encode("jpg", gradient(40, 30)), 2, Pictures.exifSegment(1));
        assertThat(read("whole.jpg", whole).width()).isEqualTo(40);
        assertThat(read("more.jpg", join(whole, bytes(1, 2, 3))).width()).isEqualTo(40);
        assertRefused("cut.jpg", cut(whole, whole.length - 2), "the file is truncated");
    }

    @Test
    void filesThatAreNoImages() throws IOException {
        assertRefused("empty.png", new byte[0], "the file is empty");
        assertRefused("text.jpg", "hello, world".getBytes(), "not an image of a known format");
        assertRefused("riff.webp", "RIFF\4\0\0\0WAVE".getBytes(), "but not WebP");
        assertThatThrownBy(() -> ImageReader.read(folder.resolve("none.png"))).isInstanceOf(IOException.class)
                .hasMessage(folder.resolve("none.png") + ": no such file");
        assertThatThrownBy(() -> ImageReader.read(folder)).hasMessageEndingWith("a folder, not an image");
        assertRefused("cut.png", png(4, 4, 8, 0, new byte[10]), "the file is damaged"); // checksums right, rows missing
        assertRefused("none.png", join(cut(png(4, 4, 8, 0, new byte[10]), 33), chunk("IEND")), "without a picture");
        assertRefused("zero.png", png(0, 4, 8, 0, new byte[10]), "its header announces 0x4 pixels");
        byte[] wrong = encode("png", gradient(8, 8));
        wrong[wrong.length - 20] ^= 1;
        assertRefused("crc.png", wrong, "wrong checksum");
    }

    @Test
    void headersThatAnnounceTooMuch() {
        String lie = "its header announces 60000x60000 pixels; at most 50000000 are read";
        assertRefused("lie.png", png(60000, 60000, 8, 2, new byte[10]), lie);
        byte[] jpeg = encode("jpg", gradient(8, 8));
        int sof = new String(jpeg, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("\u00ff\u00c0");
        put(jpeg, sof + 5, 0xea, 0x60, 0xea, 0x60);
        assertRefused("lie.jpg", jpeg, lie);
        byte[] gif = encode("gif", gradient(8, 8));
        put(gif, 6, 0x60, 0xea, 0x60, 0xea);
        assertRefused("lie.gif", gif, lie);
        assertRefused("lie.tif", tiff(60000, 60000, 1, 1, -1, 1, new byte[10]), lie);
        byte[] webp = encode("webp", gradient(8, 8));
        assertThatThrownBy(() -> ImageReader.read(Pictures.write(folder, "large.webp", webp), 63))
                .hasMessageEndingWith("its header announces 8x8 pixels; at most 63 are read");
        byte[] bmp = encode("bmp", gradient(8, 8));
        put(bmp, 18, 0x60, 0xea, 0, 0, 0x60, 0xea, 0, 0);
        assertRefused("lie.bmp", bmp);
    }

    @Test
    void transparencyLiesOverWhite() throws IOException {
        byte[] bgra = bytes(0, 0, 255, 0, 0, 0, 255, 255, 0, 0, 200, 128, 10, 20, 30, 255);
        byte[] expected = bytes(255, 255, 255, 255, 0, 0, 227, 127, 127, 30, 20, 10);
        assertThat(read("a.png", encode("png", 4, 1, CV_8UC4, bgra)).rgb()).isEqualTo(expected);
        assertClose(read("a.webp", encode("webp", 4, 1, CV_8UC4, bgra)), new Image(4, 1, expected), 1);
        byte[] rgba = bytes(255, 0, 0, 0, 255, 0, 0, 255, 200, 0, 0, 128, 30, 20, 10, 255);
        assertClose(read("straight.tif", tiff(4, 1, 4, 2, 2, 1, rgba)), new Image(4, 1, expected), 1);
        byte[] multiplied = bytes(0, 0, 0, 0, 255, 0, 0, 255, 100, 0, 0, 128, 30, 20, 10, 255);
        assertClose(read("multiplied.tif", tiff(4, 1, 4, 2, 1, 1, multiplied)), new Image(4, 1, expected), 1);
        byte[] greyAlpha = bytes(0, 9, 0, 9, 255);
        assertThat(read("ga.png", png(2, 1, 8, 4, greyAlpha)).rgb()).isEqualTo(bytes(255, 255, 255, 9, 9, 9));
        byte[] wide = bytes(0, 200, 0, 0, 0, 0, 0, 128, 0, 9, 9, 8, 8, 7, 7, 255, 255);
        assertClose(read("wide.png", png(2, 1, 16, 6, wide)), new Image(2, 1, bytes(227, 127, 127, 9, 8, 7)), 1);
    }

    @Test
    void onePngColourMayBeTransparent() throws IOException {
        byte[] rgb = bytes(0, 1, 2, 3, 4, 5, 6);
        Image image = read("key.png", png(2, 1, 8, 2, rgb, chunk("tRNS", bytes(0, 4, 0, 5, 0, 6))));
        assertThat(image.rgb()).isEqualTo(bytes(1, 2, 3, 255, 255, 255));
        image = read("grey.png", png(2, 1, 8, 0, bytes(0, 1, 7), chunk("tRNS", bytes(0, 7))));
        assertThat(image.rgb()).isEqualTo(bytes(1, 1, 1, 255, 255, 255));
        image = read("nibbles.png", png(2, 1, 4, 0, bytes(0, 0x2a), chunk("tRNS", bytes(0, 10))));
        assertThat(image.rgb()).isEqualTo(bytes(34, 34, 34, 255, 255, 255));
        byte[] palette = chunk("PLTE", bytes(10, 20, 30, 40, 50, 60));
        image = read("palette.png", png(2, 1, 8, 3, bytes(0, 0, 1), palette, chunk("tRNS", bytes(255, 0))));
        assertThat(image.rgb()).isEqualTo(bytes(10, 20, 30, 255, 255, 255));
    }

    @Test
    void fewAndManyBits() throws IOException {
        assertThat(read("grey.png", encode("png", 2, 1, CV_8UC1, bytes(3, 200))).rgb())
                .isEqualTo(bytes(3, 3, 3, 200, 200, 200));
        assertThat(read("one.png", png(2, 1, 1, 0, bytes(0, 0x40))).rgb()).isEqualTo(bytes(0, 0, 0, 255, 255, 255));
        assertThat(read("wide.png", png(1, 1, 16, 2, bytes(0, 9, 9, 100, 100, 200, 200))).rgb())
                .isEqualTo(bytes(9, 100, 200));
        byte[] palette = chunk("PLTE", bytes(10, 20, 30, 40, 50, 60));
        assertThat(read("palette.png", png(2, 1, 1, 3, bytes(0, 0x40), palette)).rgb())
                .isEqualTo(bytes(10, 20, 30, 40, 50, 60));
        assertThat(read("grey.tif", tiff(2, 1, 1, 1, -1, 1, bytes(3, 200))).rgb())
                .isEqualTo(bytes(3, 3, 3, 200, 200, 200));
        assertThat(read("inverse.tif", tiff(2, 1, 1, 0, -1, 1, bytes(3, 200))).rgb())
                .isEqualTo(bytes(252, 252, 252, 55, 55, 55));
    }

    @Test
    void rarerKinds() throws IOException {
        byte[] inks = bytes(0, 255, 255, 0, 0, 0, 0, 0);
        assertClose(read("cmyk.tif", tiff(2, 1, 4, 5, -1, 1, inks)), new Image(2, 1, bytes(255, 0, 0, 255, 255, 255)),
                3);
        byte[] bmp = encode("bmp", 2, 1, CV_8UC4, bytes(0, 0, 200, 128, 10, 20, 30, 255));
        assertClose(read("alpha.bmp", bmp), new Image(2, 1, bytes(227, 127, 127, 30, 20, 10)), 1);
        byte[] wide = new byte[6 * 4];
        Arrays.fill(wide, (byte) 100);
        assertClose(read("wide.tif", encode("tif", 2, 2, CV_16UC3, wide)),
                new Image(2, 2, bytes(100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100)), 1);
        assertRefused("float.tif", encode("tif", 2, 2, CV_32FC3, new byte[48]), "fractional samples");
        BufferedImage clear = new BufferedImage(2, 1, BufferedImage.TYPE_INT_ARGB);
        clear.setRGB(1, 0, 0xff0000ff);
        ByteArrayOutputStream gif = new ByteArrayOutputStream();
        ImageIO.write(clear, "gif", gif);
        assertThat(read("clear.gif", gif.toByteArray()).rgb()).isEqualTo(bytes(255, 255, 255, 0, 0, 255));
        for (int type : new int[]{BufferedImage.TYPE_USHORT_565_RGB, BufferedImage.TYPE_BYTE_BINARY,
            BufferedImage.TYPE_BYTE_INDEXED}) {
            BufferedImage white = new BufferedImage(5, 3, type);
            white.setRGB(4, 2, 0xffffffff);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ImageIO.write(white, "bmp", out);
            byte[] rgb = read("few.bmp", out.toByteArray()).rgb();
            assertThat(rgb[44] & 0xff).isGreaterThan(247);
            assertThat(rgb[0]).isZero();
        }
        for (String compression : new String[]{"Deflate", "LZW", "JPEG", "PackBits"}) {
            Image image = read(compression + ".tif", compressed("tiff", compression));
            assertClose(image, gradient(24, 16), compression.equals("JPEG") ? 60 : 0);
        }
        assertClose(read("plain.bmp", compressed("bmp", "BI_RGB")), gradient(24, 16), 0);
        // Width 5: a run of 2, literally 1 0 1 and a zero to even it out, the end of the line, the end of the picture.
        byte[] runs = bytes(2, 0, 0, 3, 1, 0, 1, 0, 0, 0, 0, 1);
        byte[] file = join(
                bytes('B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, 62, 0, 0, 0, 40, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 1, 0,
                        8, 0, 1, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0),
                bytes(9, 8, 7, 0, 3, 2, 1, 0), runs);
        assertThat(read("runs.bmp", file).rgb()).isEqualTo(bytes(7, 8, 9, 7, 8, 9, 1, 2, 3, 7, 8, 9, 1, 2, 3));
        assertRefused("cut.bmp", cut(file, file.length - 2), "the file is truncated");
    }

    private static byte[] compressed(String format, String compression) throws IOException {
        BufferedImage picture = new BufferedImage(24, 16, BufferedImage.TYPE_INT_RGB);
        byte[] rgb = gradient(24, 16).rgb();
        for (int i = 0; i < 24 * 16; i++) {
            picture.setRGB(i % 24, i / 24, (rgb[3 * i] & 0xff) << 16 | (rgb[3 * i + 1] & 0xff) << 8 | rgb[3 * i + 2]);
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ImageOutputStream stream = ImageIO.createImageOutputStream(out)) {
            writer.setOutput(stream);
            ImageWriteParam how = writer.getDefaultWriteParam();
            how.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            how.setCompressionType(compression);
            writer.write(null, new IIOImage(picture, null, null), how);
        } finally {
            writer.dispose();
        }
        return out.toByteArray();
    }

    @Test
    void picturesAreTurnedUpright() throws IOException {
        byte[] grey = bytes(10, 80, 160, 240); // 2x2: 10 80 / 160 240
        int[][] upright = {{}, {10, 80, 160, 240}, {80, 10, 240, 160}, {240, 160, 80, 10}, {160, 240, 10, 80},
            {10, 160, 80, 240}, {160, 10, 240, 80}, {240, 80, 160, 10}, {80, 240, 10, 160}};
        Image large = large(grey);
        for (int orientation = 1; orientation <= 8; orientation++) {
            Image expected = large(bytes(upright[orientation]));
            byte[] jpeg = insert(encode("jpg", large), 2, Pictures.exifSegment(orientation));
            assertClose(read("turned.jpg", jpeg), expected, 4);
            byte[] exif = chunk("eXIf", Pictures.exif(orientation));
            assertClose(read("turned.png", insert(encode("png", large), 33, exif)), expected, 0);
            byte[] webp = encode("webp", large);
            byte[] extended = join(bytes('V', 'P', '8', 'X', 10, 0, 0, 0, 8, 0, 0, 0, 15, 0, 0, 15, 0, 0),
                    Arrays.copyOfRange(webp, 12, webp.length), bytes('E', 'X', 'I', 'F', 26, 0, 0, 0),
                    Pictures.exif(orientation));
            assertClose(read("turned.webp", join("RIFF".getBytes(), bytes(extended.length + 4, 0, 0, 0),
                    "WEBP".getBytes(), extended)), expected, 8);
            assertClose(read("turned.tif", tiff(16, 16, 3, 2, -1, orientation, large.rgb())), expected, 0);
        }
        byte[] wide = insert(encode("jpg", gradient(40, 30)), 2, Pictures.exifSegment(6));
        assertThat(read("wide.jpg", wide).width()).isEqualTo(30);
    }

    /** Four squares of 8x8. */
    private static Image large(byte[] corners) {
        byte[] rgb = new byte[3 * 16 * 16];
        for (int i = 0; i < 256; i++) {
            Arrays.fill(rgb, 3 * i, 3 * i + 3, corners[i / 128 * 2 + i % 16 / 8]);
        }
        return new Image(16, 16, rgb);
    }

    @Test
    void jpegsForPrint() throws IOException {
        byte[] plain = cmyk(0, 255, 255, 0); // red
        assertClose(read("plain.jpg", plain), filled(255, 0, 0), 3);
        assertClose(read("dark.jpg", cmyk(0, 255, 255, 127)), filled(128, 0, 0), 3);
        byte[] adobe = bytes(0xff, 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0);
        assertClose(read("adobe.jpg", insert(cmyk(255, 0, 0, 255), 2, adobe)), filled(255, 0, 0), 3);
        adobe[15] = 2; // YCCK: this Y, Cb, Cr is that of 255 less pure red
        byte[] ycck = insert(cmyk(179, 171, 1, 255), 2, adobe);
        Image image = read("ycck.jpg", ycck);
        assertClose(image, filled(255, 0, 0), 4);
    }

    private static Image filled(int red, int green, int blue) {
        byte[] rgb = new byte[3 * 64];
        for (int i = 0; i < rgb.length; i += 3) {
            rgb[i] = (byte) red;
            rgb[i + 1] = (byte) green;
            rgb[i + 2] = (byte) blue;
        }
        return new Image(8, 8, rgb);
    }

    /** An 8x8 JPEG of four channels that are stored as they are. */
    private static byte[] cmyk(int... channels) throws IOException {
        WritableRaster raster = Raster.createInterleavedRaster(java.awt.image.DataBuffer.TYPE_BYTE, 8, 8, 4, null);
        for (int i = 0; i < 64; i++) {
            raster.setPixel(i % 8, i / 8, channels);
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ImageOutputStream stream = ImageIO.createImageOutputStream(out)) {
            writer.setOutput(stream);
            writer.write(null, new IIOImage(raster, null, null), null);
        } finally {
            writer.dispose();
        }
        return out.toByteArray();
    }

    @Test
    void imagesOfTheJdkAreRead() throws IOException {
        BufferedImage picture = new BufferedImage(5, 4, BufferedImage.TYPE_BYTE_INDEXED);
        picture.setRGB(2, 3, 0xffff0000);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(picture, "gif", out);
        Image image = read("jdk.gif", out.toByteArray());
        int at = 3 * (3 * 5 + 2);
        assertThat(Arrays.copyOfRange(image.rgb(), at, at + 3)).isEqualTo(bytes(255, 0, 0));
    }

    private Image read(String name, byte[] file) throws IOException {
        return ImageReader.read(Pictures.write(folder, name, file));
    }

    private void assertRefused(String name, byte[] file) {
        assertRefused(name, file, "");
    }

    private void assertRefused(String name, byte[] file, String words) {
        assertThatThrownBy(() -> read(name, file)).as("%s of %d bytes", name, file.length)
                .isInstanceOf(IOException.class).hasMessageStartingWith(folder.resolve(name) + ": ")
                .hasMessageContaining(words).message().doesNotContain("\n");
    }

    private static void put(byte[] file, int at, int... values) {
        System.arraycopy(bytes(values), 0, file, at, values.length);
    }

    private static void assertClose(Image image, Image expected, int tolerance) {
        assertThat(image.width()).isEqualTo(expected.width());
        assertThat(image.height()).isEqualTo(expected.height());
        for (int i = 0; i < expected.rgb().length; i++) {
            assertThat((image.rgb()[i] & 0xff) - (expected.rgb()[i] & 0xff)).as("byte %d", i).isBetween(-tolerance,
                    tolerance);
        }
    }
}
