package dev.glimpse.data;

import static org.bytedeco.opencv.global.opencv_imgcodecs.imencode;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;

/** Files for tests, made byte by byte or by OpenCV. */
final class Pictures {
    private Pictures() {}

    /** Encodes bytes, blue first where there are colours; {@code type} is OpenCV's. */
    static byte[] encode(String extension, int width, int height, int type, byte[] pixels, int... options) {
        try (PointerScope _ = new PointerScope()) {
            BytePointer out = new BytePointer();
            Mat mat = new Mat(height, width, type, new BytePointer(pixels));
            IntPointer parameters = new IntPointer(options);
            if (!imencode("." + extension, mat, out, parameters.limit(options.length))) {
                throw new IllegalStateException(extension);
            }
            byte[] file = new byte[(int) out.limit()];
            out.get(file);
            return file;
        }
    }

    /** A smooth picture: red grows to the right, green downwards. */
    static Image gradient(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < width * height; i++) {
            rgb[3 * i] = (byte) (i % width * 255 / Math.max(1, width - 1));
            rgb[3 * i + 1] = (byte) (i / width * 255 / Math.max(1, height - 1));
            rgb[3 * i + 2] = 40;
        }
        return new Image(width, height, rgb);
    }

    static byte[] encode(String extension, Image image, int... options) {
        byte[] bgr = image.rgb().clone();
        for (int i = 0; i < bgr.length; i += 3) {
            bgr[i] = image.rgb()[i + 2];
            bgr[i + 2] = image.rgb()[i];
        }
        return encode(extension, image.width(), image.height(), org.bytedeco.opencv.global.opencv_core.CV_8UC3, bgr,
                options);
    }

    static Path write(Path folder, String name, byte[] file) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        return Files.write(folder.resolve(name), file);
    }

    static byte[] cut(byte[] file, int length) {
        return Arrays.copyOf(file, length);
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    static byte[] insert(byte[] file, int at, byte[] part) {
        return join(cut(file, at), part, Arrays.copyOfRange(file, at, file.length));
    }

    /** An APP1 segment with an orientation, and with a thumbnail's end marker in it. */
    static byte[] exifSegment(int orientation) {
        byte[] exif = join(bytes('E', 'x', 'i', 'f', 0, 0), exif(orientation), bytes(0xff, 0xd8, 0xff, 0xd9));
        return join(bytes(0xff, 0xe1, 0, exif.length + 2), exif);
    }

    static byte[] exif(int orientation) {
        return bytes('M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0);
    }

    /** A PNG of the given rows, which start with their filter byte. */
    static byte[] png(int width, int height, int depth, int colour, byte[] rows, byte[]... extraChunks) {
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) depth).put((byte) colour);
        Deflater deflater = new Deflater();
        deflater.setInput(rows);
        deflater.finish();
        byte[] data = new byte[rows.length + 100];
        data = cut(data, deflater.deflate(data));
        deflater.end();
        return join(bytes(0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'), chunk("IHDR", header.array()),
                join(extraChunks), chunk("IDAT", data), chunk("IEND"));
    }

    static byte[] chunk(String type, byte... data) {
        CRC32 crc = new CRC32();
        crc.update(type.getBytes());
        crc.update(data);
        return ByteBuffer.allocate(data.length + 12).putInt(data.length).put(type.getBytes()).put(data)
                .putInt((int) crc.getValue()).array();
    }

    /** A little-endian TIFF of 8-bit pixels in one strip. */
    static byte[] tiff(int width, int height, int channels, int photometric, int extraSamples, int orientation,
            byte[] pixels) {
        int[][] tags = {{256, 3, 1, width}, {257, 3, 1, height}, {258, 3, 1, 8}, {259, 3, 1, 1},
            {262, 3, 1, photometric}, {273, 4, 1, 8}, {274, 3, 1, orientation}, {277, 3, 1, channels},
            {278, 3, 1, height}, {279, 4, 1, pixels.length}, {338, 3, extraSamples < 0 ? 0 : 1, extraSamples}};
        int count = extraSamples < 0 ? tags.length - 1 : tags.length;
        int directory = 8 + pixels.length + pixels.length % 2;
        ByteBuffer out = ByteBuffer.allocate(directory + 2 + 12 * count + 4 + 8)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN);
        out.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(directory).put(pixels).position(directory);
        out.putShort((short) count);
        for (int[] tag : Arrays.copyOf(tags, count)) {
            boolean bits = tag[0] == 258 && channels > 1;
            out.putShort((short) tag[0]).putShort((short) tag[1]).putInt(bits ? channels : tag[2]);
            out.putInt(bits ? directory + 2 + 12 * count + 4 : tag[3]);
        }
        out.putInt(0);
        for (int c = 0; c < 4; c++) {
            out.putShort((short) 8);
        }
        return out.array();
    }
}
