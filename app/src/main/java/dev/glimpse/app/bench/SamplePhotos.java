package dev.glimpse.app.bench;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_QUALITY;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imencode;
import static org.bytedeco.opencv.global.opencv_imgproc.COLOR_RGB2BGR;
import static org.bytedeco.opencv.global.opencv_imgproc.cvtColor;

import dev.glimpse.data.DeadLeaves;
import dev.glimpse.data.Image;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;

/** A folder of two classes of JPEGs with the statistics of photographs, gone when closed. */
public record SamplePhotos(Path folder) implements AutoCloseable {
    /** Makes 500x375 pictures of so many, half of them a class. */
    public static SamplePhotos make(int count, int quality) throws IOException {
        SamplePhotos photos = new SamplePhotos(Files.createTempDirectory("glimpse-photos"));
        try {
            for (String name : List.of("even", "odd")) {
                Files.createDirectory(photos.folder.resolve(name));
            }
            IntStream.range(0, count).parallel().forEach(i -> photos.write(i, quality));
            return photos;
        } catch (IOException | RuntimeException e) {
            photos.close();
            throw e;
        }
    }

    private void write(int index, int quality) {
        try {
            Files.write(folder.resolve(index % 2 == 0 ? "even" : "odd").resolve(index + ".jpg"),
                    jpeg(DeadLeaves.image(index, 500, 375), quality));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] jpeg(Image image, int quality) {
        try (PointerScope _ = new PointerScope()) {
            Mat bgr = new Mat();
            cvtColor(new Mat(image.height(), image.width(), CV_8UC3, new BytePointer(image.rgb())), bgr,
                    COLOR_RGB2BGR);
            BytePointer encoded = new BytePointer();
            if (!imencode(".jpg", bgr, encoded, new IntPointer(new int[]{IMWRITE_JPEG_QUALITY, quality}))) {
                throw new IllegalStateException("OpenCV cannot encode JPEG");
            }
            return encoded.getStringBytes();
        }
    }

    @Override
    public void close() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
