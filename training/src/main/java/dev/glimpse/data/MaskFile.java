package dev.glimpse.data;

import static org.bytedeco.opencv.global.opencv_core.CV_16U;
import static org.bytedeco.opencv.global.opencv_core.CV_8U;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_UNCHANGED;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imdecode;

import dev.glimpse.data.ImageHeader.BadImageException;
import dev.glimpse.data.ImageHeader.Format;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * A mask as its file has it, a number a pixel, before anybody knows what the numbers mean.
 *
 * @param kind what the values are
 * @param values row by row: indices, levels, or colours as {@code 0xrrggbb}
 * @param palette the colours of the indices; null for the other kinds
 */
record MaskFile(int width, int height, Kind kind, int[] values, int[] palette) {
    /** What a file's numbers are. */
    enum Kind {
        /** Places in a palette. */
        INDICES,
        /** Grey, of 8 or 16 bits. */
        LEVELS,
        /** Red, green and blue. */
        COLOURS
    }

    private static final int PALETTE = 3; // PNG's number for it, at this place
    private static final int COLOUR_TYPE = 25;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED
            .withOrder(ByteOrder.nativeOrder());

    static {
        OpenCvLog.silence();
    }

    /**
     * Reads a file. A grey picture that is stored in colour is a grey one.
     *
     * @throws IOException of one line that names the file and what is wrong with it
     */
    static MaskFile read(Path file) throws IOException {
        try {
            byte[] bytes = ImageReader.bytes(file, ImageReader.PIXEL_LIMIT);
            ImageHeader header = ImageReader.header(bytes, ImageReader.PIXEL_LIMIT);
            if (header.format() == Format.JPEG || header.format() == Format.CMYK_JPEG) {
                throw new BadImageException(
                        "a JPEG, which keeps no exact classes; masks are to be PNG, BMP, TIFF or GIF");
            }
            return header.format() == Format.PNG && bytes[COLOUR_TYPE] == PALETTE ? indices(bytes) : decoded(bytes);
        } catch (BadImageException e) {
            throw ImageReader.named(file.toString(), e);
        }
    }

    /** The width and height that a file announces; a photo's as it is seen upright. */
    static int[] size(Path file) throws IOException {
        try {
            ImageHeader header = ImageReader.header(ImageReader.bytes(file, ImageReader.PIXEL_LIMIT),
                    ImageReader.PIXEL_LIMIT);
            boolean turned = header.orientation() >= 5;
            int width = (int) header.width();
            int height = (int) header.height();
            return turned ? new int[]{height, width} : new int[]{width, height};
        } catch (BadImageException e) {
            throw ImageReader.named(file.toString(), e);
        }
    }

    /** The values as colours, whatever they are. */
    int[] colours() {
        if (kind == Kind.COLOURS) {
            return values;
        }
        int[] colours = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            colours[i] = kind == Kind.INDICES ? palette[values[i]] : (values[i] & 0xff) * 0x010101;
        }
        return colours;
    }

    /** By Java's own reader: OpenCV's gives the palette's colours, and of two equal ones cannot tell which. */
    private static MaskFile indices(byte[] bytes) throws BadImageException {
        try {
            BufferedImage image = ImageIO.read(new ByteArrayInputStream(bytes));
            if (image == null || !(image.getColorModel() instanceof IndexColorModel model)) {
                throw new BadImageException("the file is damaged");
            }
            int[] palette = new int[model.getMapSize()];
            model.getRGBs(palette);
            for (int i = 0; i < palette.length; i++) {
                palette[i] &= 0xffffff;
            }
            int[] values = image.getRaster().getSamples(0, 0, image.getWidth(), image.getHeight(), 0, (int[]) null);
            for (int value : values) {
                if (value >= palette.length) {
                    throw new BadImageException("index " + value + " is not in its palette of " + palette.length);
                }
            }
            return new MaskFile(image.getWidth(), image.getHeight(), Kind.INDICES, values, palette);
        } catch (IOException | RuntimeException e) {
            throw new BadImageException("the file is damaged");
        }
    }

    private static MaskFile decoded(byte[] bytes) throws BadImageException {
        try (PointerScope _ = new PointerScope()) {
            Mat mat = imdecode(new Mat(1, bytes.length, CV_8UC1, new BytePointer(bytes)), IMREAD_UNCHANGED);
            if (mat.empty()) {
                throw new BadImageException("the file is damaged");
            }
            if (mat.depth() != CV_8U && mat.depth() != CV_16U) {
                throw new BadImageException("its pixels are no whole numbers of 8 or 16 bits");
            }
            boolean grey = mat.channels() == 1;
            if (!grey && mat.depth() == CV_16U) {
                throw new BadImageException("colours of 16 bits; masks are to have 8");
            }
            int[] values = new int[mat.rows() * mat.cols()];
            for (int y = 0; y < mat.rows(); y++) {
                row(mat, y, values);
            }
            return grey ? new MaskFile(mat.cols(), mat.rows(), Kind.LEVELS, values, null)
                    : withoutColours(mat.cols(), mat.rows(), values);
        }
    }

    @SuppressWarnings("restricted") // the address and the size are OpenCV's
    private static void row(Mat mat, int y, int[] values) {
        int channels = mat.channels();
        long bytes = (long) mat.cols() * channels * (mat.depth() == CV_16U ? 2 : 1);
        MemorySegment row = MemorySegment.ofAddress(mat.ptr(y).address()).reinterpret(bytes);
        for (int x = 0; x < mat.cols(); x++) {
            long at = (long) x * channels;
            values[y * mat.cols() + x] = mat.depth() == CV_16U
                    ? Short.toUnsignedInt(row.getAtIndex(SHORT, at))
                    : channels == 1 ? level(row, at)
                            : level(row, at + 2) << 16 | level(row, at + 1) << 8 | level(row, at);
        }
    }

    private static int level(MemorySegment row, long at) {
        return Byte.toUnsignedInt(row.get(ValueLayout.JAVA_BYTE, at));
    }

    private static MaskFile withoutColours(int width, int height, int[] colours) {
        for (int colour : colours) {
            if (colour != (colour & 0xff) * 0x010101) {
                return new MaskFile(width, height, Kind.COLOURS, colours, null);
            }
        }
        int[] levels = new int[colours.length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = colours[i] & 0xff;
        }
        return new MaskFile(width, height, Kind.LEVELS, levels, null);
    }
}
