package dev.glimpse.data;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_COLOR_RGB;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_GRAYSCALE_2;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_GRAYSCALE_4;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_GRAYSCALE_8;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imdecode;

import dev.glimpse.data.ImageHeader.BadImageException;
import dev.glimpse.data.ImageHeader.Format;
import java.io.IOException;
import java.nio.file.Path;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Rect;

/**
 * One thread's memory for one picture after another: first the file is read and walked, and only once it is known which
 * part is wanted, and how large, is that part decoded.
 *
 * <p>
 * A JPEG is decoded as far down as the part reaches; where more than twice as many pixels are there as are wanted, at a
 * half, a quarter or an eighth of its size, which libjpeg does by smaller cosine transforms. Plain JPEGs and PNGs go
 * straight to native memory; all else goes through {@link ImageReader}.
 */
public final class Picture implements AutoCloseable {
    private static final int LOOK_AHEAD = 1024; // bytes behind compressed data
    private static final long SMALLEST = 1 << 17; // bytes of memory for files
    private static final long KEPT = 16 << 20; // and how many stay for later pictures

    static {
        OpenCvLog.silence();
        opencv_core.setNumThreads(1); // whoever reads pictures has threads of their own
    }

    private BytePointer memory = new BytePointer(SMALLEST + LOOK_AHEAD);
    private final Mat decoded = new Mat();
    private final Mat turned = new Mat();
    private String name = "";
    private byte[] file;
    private ImageHeader header;
    private Image image;

    /** Takes a picture that is decoded already. */
    public void set(Image decodedImage) {
        image = decodedImage;
        file = null;
        header = null;
    }

    /**
     * Reads an image file.
     *
     * @throws IOException of one line where it is missing, damaged, too large or no image
     */
    public void read(Path path) throws IOException {
        try {
            read(ImageReader.bytes(path, ImageReader.PIXEL_LIMIT), path.toString());
        } catch (BadImageException e) {
            throw ImageReader.named(path.toString(), e);
        }
    }

    /**
     * Takes the bytes of an image file.
     *
     * @param called what messages call it
     */
    public void read(byte[] bytes, String called) throws IOException {
        try {
            header = ImageReader.header(bytes, ImageReader.PIXEL_LIMIT);
            file = bytes;
            name = called;
            image = null;
        } catch (BadImageException e) {
            throw ImageReader.named(called, e);
        }
    }

    /** In pixels, the picture being upright. */
    public int width() {
        return image != null ? image.width() : (int) (header.orientation() >= 5 ? header.height() : header.width());
    }

    /** In pixels, the picture being upright. */
    public int height() {
        return image != null ? image.height() : (int) (header.orientation() >= 5 ? header.width() : header.height());
    }

    /** The whole, decoded. */
    public Image image() throws IOException {
        if (image == null) {
            try {
                image = ImageReader.decode(file, header);
            } catch (BadImageException e) {
                throw ImageReader.named(name, e);
            }
        }
        return image;
    }

    /**
     * A part as rows of 8-bit RGB, in memory that holds until the next part. Closing the result frees no pixels.
     *
     * @param shrinking by how much the part may come smaller: 1 not at all, 8 to an eighth of its width and height
     */
    Mat part(Area area, double shrinking) throws IOException {
        int by = 1;
        if (image == null && plain()) {
            by = header.format() != Format.JPEG || shrinking < 2 ? 1 : shrinking < 4 ? 2 : shrinking < 8 ? 4 : 8;
            decode(area, by);
        } else {
            Image whole = image();
            fill(whole.rgb());
            try (Mat pixels = new Mat(whole.height(), whole.width(), CV_8UC3, memory)) {
                pixels.copyTo(decoded);
            }
        }
        Area found = by == 1 ? area : area.shrunk(by, decoded.cols(), decoded.rows());
        try (Rect rect = new Rect(found.left(), found.top(), found.width(), found.height())) {
            return new Mat(decoded, rect);
        }
    }

    private boolean plain() {
        return header.format() == Format.JPEG
                || header.format() == Format.PNG && !header.alpha() && header.colourKey() == null;
    }

    private void decode(Area area, int by) throws IOException {
        fill(file);
        long rows = header.height();
        int length = file.length;
        long wanted = area.bottom() + 2L * by; // two rows more are what the smoothing of colours looks at
        if (header.format() == Format.JPEG && header.orientation() == 1 && wanted < rows) {
            JpegFile.Rows stored = JpegFile.rows(file);
            if (stored != null) {
                rows = wanted;
                length = stopAt(stored, wanted);
            }
        }
        int flags = IMREAD_IGNORE_ORIENTATION | IMREAD_COLOR_RGB | switch (by) { // which outdoes their grey
            case 2 -> IMREAD_REDUCED_GRAYSCALE_2;
            case 4 -> IMREAD_REDUCED_GRAYSCALE_4;
            case 8 -> IMREAD_REDUCED_GRAYSCALE_8;
            default -> 0;
        };
        try (Mat bytes = new Mat(1, length, CV_8UC1, memory); Mat _ = imdecode(bytes, flags, decoded)) {
            if (decoded.cols() != Math.ceilDiv(header.width(), by) || decoded.rows() != Math.ceilDiv(rows, by)
                    || decoded.type() != CV_8UC3) {
                throw damaged();
            }
        } catch (RuntimeException _) { // how a C++ exception arrives
            throw damaged();
        }
        Orientation.apply(header.orientation(), decoded, turned);
    }

    private IOException damaged() {
        return ImageReader.named(name, new BadImageException("the file is damaged"));
    }

    /**
     * Has a decoder stop after some rows: what it looks for behind them is an end, and would complain of finding more
     * before it; so it finds none, only zeros to look ahead at.
     *
     * @return the length of the file that it is given
     */
    private int stopAt(JpegFile.Rows stored, long rows) {
        memory.put(stored.heightAt(), (byte) (rows >> 8));
        memory.put(stored.heightAt() + 1L, (byte) rows);
        for (int i = 0; i < LOOK_AHEAD; i += Long.BYTES) {
            memory.putLong(stored.end() + (long) i, 0);
        }
        return stored.end() + LOOK_AHEAD;
    }

    private void fill(byte[] bytes) {
        if (memory.capacity() < bytes.length + LOOK_AHEAD || memory.capacity() > KEPT && bytes.length <= KEPT) {
            memory.close();
            memory = new BytePointer(Math.max(bytes.length + bytes.length / 2L, SMALLEST) + LOOK_AHEAD);
        }
        memory.put(bytes, 0, bytes.length);
    }

    @Override
    public void close() {
        memory.close();
        decoded.close();
        turned.close();
    }
}
