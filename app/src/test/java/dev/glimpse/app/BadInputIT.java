package dev.glimpse.app;

import static dev.glimpse.app.Launched.glimpse;
import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures and folders that are not as they should be, met while a training is under way. */
class BadInputIT {
    private static final int WORK_FAILED = 1;

    @TempDir
    static Path folder;

    private static Path data;

    @BeforeAll
    static void makeOnce() throws IOException {
        data = SamplePictures.dataSet(folder.resolve("data"), 4, 2);
    }

    private static Launched train(Path from, Object... more) {
        List<Object> args = new ArrayList<>(List.of("train", from, "--stem", "cifar", "--size", 16, "--epochs", 1,
                "--batch", 4, "--precision", "fp32", "--layout", "nchw"));
        args.addAll(List.of(more));
        return glimpse(args.toArray());
    }

    private static void refused(Launched run, String... words) {
        assertThat(run.exit()).as(run.err()).isEqualTo(WORK_FAILED);
        assertThat(run.errorLine()).startsWith("glimpse: ").contains(words);
        assertThat(run.out()).isEmpty();
    }

    @Test
    void picturesOfEveryKindAreReadOrSkippedByName() throws IOException {
        Path odd = SamplePictures.dataSet(folder.resolve("odd"), 6, 2);
        Path red = odd.resolve("train/red");
        byte[] jpeg = jpeg(40, BufferedImage.TYPE_INT_RGB);
        Files.write(red.resolve("truncated.jpg"), Arrays.copyOf(jpeg, jpeg.length / 2));
        Files.createFile(red.resolve("zero.jpg"));
        Files.writeString(red.resolve("text.png"), "this is no picture");
        Files.write(red.resolve("huge.png"), hugePng());
        Files.write(red.resolve("grey.jpg"), jpeg(40, BufferedImage.TYPE_BYTE_GRAY));
        Files.write(red.resolve("cmyk.jpg"), cmykJpeg());
        ImageIO.write(new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB), "png", red.resolve("one.png").toFile());
        ImageIO.write(new BufferedImage(30, 50, BufferedImage.TYPE_INT_ARGB), "png", red.resolve("alpha.png").toFile());
        Launched training = train(odd, "--out", folder.resolve("odd-run"), "--json");
        assertThat(training.exit()).as(training.err()).isZero();
        assertThat(training.out()).contains("\"skipped_images\" : 4");
        assertThat(training.err())
                .contains("4 images were skipped", "truncated.jpg", "zero.jpg", "text.png", "huge.png")
                .doesNotContain("grey.jpg", "one.png", "alpha.png", "cmyk.jpg");
    }

    @Test
    void tooManyPicturesThatCannotBeReadEndTheRun() throws IOException {
        Path broken = SamplePictures.dataSet(folder.resolve("broken"), 6, 2);
        for (int i = 0; i < 6; i++) {
            Files.writeString(broken.resolve("train/red").resolve("broken" + i + ".png"), "no picture");
        }
        Launched training = train(broken, "--out", folder.resolve("broken-run"));
        assertThat(training.exit()).as(training.err()).isEqualTo(WORK_FAILED);
        assertThat(training.err().lines().toList().getLast())
                .startsWith("glimpse: 6 of 24 images cannot be read, more than 5.0 %: ")
                .contains("broken0.png: not an image", "; ...");
    }

    @Test
    void aFolderThatCannotBeWritten() throws IOException {
        Path file = Files.writeString(folder.resolve("occupied"), "a file");
        refused(train(data, "--out", file.resolve("run")), "cannot write", "occupied");
        if (Files.isDirectory(Path.of("/proc/self"))) { // nobody can write there, not even root
            refused(train(data, "--out", "/proc/run"), "cannot write", "/proc/run");
        }
        refused(glimpse("demo", "--networks", "cnn", "--train", 4, "--test", 4, "--epochs", 1, "--out",
                file.resolve("demo")), "occupied");
    }

    /** A disk that is full, as far as one file goes: the shell's limit on file sizes is below the weights'. */
    @Test
    void aDiskThatIsFull() throws IOException, InterruptedException {
        Path out = folder.resolve("full");
        Path err = folder.resolve("full.err");
        String launcher = Path.of(System.getProperty("glimpse.root"), "glimpse").toString();
        Process process = new ProcessBuilder("sh", "-c", "ulimit -f 4000; exec \"$@\"", "sh", launcher, "train",
                data.toString(), "--stem", "cifar", "--size", "16", "--epochs", "1", "--batch", "4", "--out",
                out.toString()).redirectError(err.toFile()).redirectOutput(folder.resolve("full.out").toFile()).start();
        assertThat(process.waitFor()).isEqualTo(WORK_FAILED);
        assertThat(Files.readString(err)).contains("cannot write", "checkpoint.safetensors", "ile too large");
        try (var files = Files.list(out)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactly("config.json");
        }
    }

    private static byte[] jpeg(int side, int type) throws IOException {
        BufferedImage image = new BufferedImage(side, side, type);
        for (int p = 0; p < side * side; p++) {
            image.setRGB(p % side, p / side, Color.HSBtoRGB(p % 7 / 7f, 1, 1));
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "jpg", bytes);
        return bytes.toByteArray();
    }

    private static byte[] cmykJpeg() throws IOException {
        WritableRaster inks = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 24, 24, 4, null);
        inks.setSamples(0, 0, 24, 24, 1, new int[24 * 24]);
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(inks, null, null), null);
        }
        writer.dispose();
        return bytes.toByteArray();
    }

    /** A header that announces 60000 x 60000 pixels, and nothing behind it. */
    private static byte[] hugePng() {
        ByteBuffer png = ByteBuffer.allocate(33 + 12);
        png.putLong(0x89504e470d0a1a0aL).putInt(13).putInt(0x49484452).putInt(60_000).putInt(60_000);
        png.put((byte) 8).put((byte) 2).put((byte) 0).put((byte) 0).put((byte) 0);
        CRC32 crc = new CRC32();
        crc.update(png.array(), 12, 17);
        png.putInt((int) crc.getValue());
        crc.reset();
        crc.update("IEND".getBytes(StandardCharsets.US_ASCII));
        png.putInt(0).putInt(0x49454e44).putInt((int) crc.getValue());
        return png.array();
    }
}
