package dev.glimpse.data;

import static org.bytedeco.opencv.global.opencv_core.CV_16U;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_COLOR;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_UNCHANGED;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imdecode;

import dev.glimpse.data.ImageHeader.BadImageException;
import dev.glimpse.data.ImageHeader.Format;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Locale;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * Reads image files to 8-bit RGB, the way they are meant to be seen: turned as EXIF says, transparency over white.
 *
 * <p>
 * A file that is not whole, or not an image, or larger than allowed, is an {@link IOException} of one line that names
 * the file; nothing is decoded before the file has been walked from end to end. Of an animation the first picture is
 * read.
 */
public final class ImageReader {
    /** The most pixels that a picture may have unless said otherwise. */
    public static final long PIXEL_LIMIT = 50_000_000;

    /** The endings of the files that are taken for images, in lower case. */
    public static final List<String> EXTENSIONS = List.of("jpg", "jpeg", "png", "bmp", "gif", "webp", "tif", "tiff");

    /** What an array of RGB holds. */
    private static final long MOST_PIXELS = (Integer.MAX_VALUE - 64) / 3;

    static final String FORMATS = "JPEG, PNG, BMP, GIF, WebP, TIFF";

    static {
        OpenCvLog.silence();
    }

    private ImageReader() {}

    /** Whether the file's name ends as an image's does. */
    public static boolean recognises(Path file) {
        String name = file.getFileName().toString();
        return EXTENSIONS.contains(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT))
                && name.indexOf('.') >= 0;
    }

    public static Image read(Path file) throws IOException {
        return read(file, PIXEL_LIMIT);
    }

    /** Reads a picture of at most {@code pixelLimit} pixels. */
    public static Image read(Path file, long pixelLimit) throws IOException {
        try {
            byte[] bytes = bytes(file, pixelLimit);
            return decode(bytes, header(bytes, pixelLimit));
        } catch (BadImageException e) {
            throw named(file.toString(), e);
        }
    }

    /** What is wrong with an image, after its name. */
    static IOException named(String name, BadImageException e) {
        return new IOException(name.replaceAll("\\p{Cntrl}", "?") + ": " + e.getMessage());
    }

    /** A file as it is, if it may be an image of so many pixels. */
    static byte[] bytes(Path file, long pixelLimit) throws BadImageException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            if (attributes.isDirectory()) {
                throw new BadImageException("a folder, not an image");
            }
            if (!attributes.isRegularFile()) {
                throw new BadImageException("not a regular file");
            }
            if (attributes.size() > Math.min(8 * pixelLimit + (64 << 20), Integer.MAX_VALUE - 64)) {
                throw new BadImageException("too large for an image of at most " + pixelLimit + " pixels");
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException _) {
            throw new BadImageException("no such file");
        } catch (IOException e) {
            throw new BadImageException("cannot be read (" + e.getClass().getSimpleName() + ")");
        }
    }

    /** Walks a file from end to end without decoding it. */
    static ImageHeader header(byte[] file, long pixelLimit) throws BadImageException {
        long limit = Math.min(pixelLimit, MOST_PIXELS);
        ImageHeader header = ImageHeader.of(file);
        String pixels = header.width() + "x" + header.height() + " pixels";
        if (header.width() < 1 || header.height() < 1) {
            throw new BadImageException("its header announces " + pixels);
        }
        if (header.width() > limit / header.height()) {
            throw new BadImageException("its header announces " + pixels + "; at most " + limit + " are read");
        }
        return header;
    }

    /** Decodes a file whose {@link #header} is known, and turns it upright. */
    static Image decode(byte[] file, ImageHeader header) throws BadImageException {
        Image image = header.format() == Format.CMYK_JPEG ? CmykJpeg.decode(file) : pixels(file, header);
        return Orientation.apply(header.orientation(), image);
    }

    @SuppressWarnings("restricted") // MemorySegment.reinterpret
    private static Image pixels(byte[] file, ImageHeader header) throws BadImageException {
        boolean unchanged = header.alpha() || header.colourKey() != null;
        int flags = unchanged ? IMREAD_UNCHANGED : IMREAD_COLOR | IMREAD_IGNORE_ORIENTATION;
        try (PointerScope _ = new PointerScope()) {
            Mat mat = imdecode(new Mat(1, file.length, CV_8UC1, new BytePointer(file)), flags);
            if (mat.empty()) {
                throw new BadImageException("the file is damaged");
            }
            byte[] pixels = new byte[Math.multiplyExact(3, mat.cols() * mat.rows())];
            boolean wide = mat.depth() == CV_16U;
            int channels = mat.channels();
            long row = (long) mat.cols() * channels * (wide ? 2 : 1);
            for (int y = 0; y < mat.rows(); y++) {
                MemorySegment from = MemorySegment.ofAddress(mat.ptr(y).address()).reinterpret(row);
                if (channels == 3 && !unchanged) {
                    copyBgr(from, pixels, y * mat.cols() * 3, mat.cols());
                } else {
                    new Blend(header, channels, wide).row(from, pixels, y * mat.cols() * 3, mat.cols());
                }
            }
            return new Image(mat.cols(), mat.rows(), pixels);
        } catch (RuntimeException e) { // how a C++ exception arrives
            throw new BadImageException("the file is damaged");
        }
    }

    private static void copyBgr(MemorySegment from, byte[] to, int at, int width) {
        MemorySegment.copy(from, ValueLayout.JAVA_BYTE, 0, to, at, 3 * width);
        for (int i = at; i < at + 3 * width; i += 3) {
            byte blue = to[i];
            to[i] = to[i + 2];
            to[i + 2] = blue;
        }
    }

    /** Lays pixels of any depth and number of channels over white. */
    private record Blend(ImageHeader header, int channels, boolean wide) {
        private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED
                .withOrder(ByteOrder.nativeOrder());

        void row(MemorySegment from, byte[] to, int at, int width) {
            int full = wide ? 65535 : 255;
            int[] key = header.colourKey();
            boolean multiplied = header.format() == Format.PREMULTIPLIED_TIFF;
            for (int x = 0; x < width; x++) {
                int red = sample(from, x * channels + (channels >= 3 ? 2 : 0));
                int green = sample(from, x * channels + (channels >= 3 ? 1 : 0));
                int blue = sample(from, x * channels);
                int alpha = full;
                if (header.alpha() && (channels == 4 || channels == 2)) {
                    alpha = sample(from, x * channels + channels - 1);
                }
                if (key != null && red == key[0] && green == key[1] && blue == key[2]) {
                    alpha = 0;
                }
                int i = at + 3 * x;
                to[i] = over(red, alpha, full, multiplied);
                to[i + 1] = over(green, alpha, full, multiplied);
                to[i + 2] = over(blue, alpha, full, multiplied);
            }
        }

        private static byte over(int value, int alpha, int full, boolean multiplied) {
            long colour = multiplied ? (long) value * full : (long) value * alpha;
            long sum = Math.min(colour + (long) (full - alpha) * full, (long) full * full);
            return (byte) ((sum * 255 + (long) full * full / 2) / ((long) full * full));
        }

        private int sample(MemorySegment from, int index) {
            return wide
                    ? from.getAtIndex(SHORT, index) & 0xffff
                    : from.get(ValueLayout.JAVA_BYTE, index) & 0xff;
        }
    }
}
