package dev.glimpse.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What an image file says of itself before any pixel is decoded.
 *
 * <p>
 * Each format's class walks its file from end to end without decoding, so that a truncated file is known as one before
 * a native decoder sees it: those fill what is missing with grey and call it done. All of them read past the end of a
 * truncated file, and the {@link IndexOutOfBoundsException} that this throws is what tells.
 *
 * @param alpha whether some pixels may be transparent
 * @param orientation as in EXIF, 1 to 8; 1 where the decoder itself turns the picture
 * @param colourKey red, green and blue of the one transparent colour, or null
 */
record ImageHeader(Format format, long width, long height, boolean alpha, int orientation, int[] colourKey) {
    enum Format {
        JPEG, CMYK_JPEG, PNG, BMP, GIF, WEBP, TIFF, PREMULTIPLIED_TIFF
    }

    ImageHeader(Format format, long width, long height, boolean alpha, int orientation) {
        this(format, width, height, alpha, orientation, null);
    }

    /** Thrown with a few words that follow the file's name. */
    static final class BadImageException extends Exception {
        private static final long serialVersionUID = 1;

        BadImageException(String message) {
            super(message);
        }
    }

    static ImageHeader of(byte[] file) throws BadImageException {
        if (file.length == 0) {
            throw new BadImageException("the file is empty");
        }
        ByteBuffer in = ByteBuffer.wrap(file);
        try {
            return switch (first(file, 4)) {
                case "RIFF" -> WebpFile.header(in.order(ByteOrder.LITTLE_ENDIAN));
                case "GIF8" -> GifFile.header(in.order(ByteOrder.LITTLE_ENDIAN));
                case "\u0089PNG" -> PngFile.header(in);
                case "II*\0", "II+\0", "MM\0*", "MM\0+" -> TiffFile.header(in);
                default -> {
                    if (first(file, 2).equals("BM")) {
                        yield BmpFile.header(in.order(ByteOrder.LITTLE_ENDIAN));
                    }
                    if (first(file, 3).equals("\u00ff\u00d8\u00ff")) {
                        yield JpegFile.header(in);
                    }
                    throw new BadImageException("not an image of a known format (" + ImageReader.FORMATS + ")");
                }
            };
        } catch (IndexOutOfBoundsException _) {
            throw new BadImageException("the file is truncated");
        }
    }

    private static String first(byte[] file, int count) {
        return new String(file, 0, Math.min(count, file.length), java.nio.charset.StandardCharsets.ISO_8859_1);
    }

    /** Moves on by {@code count} bytes. */
    static void skip(ByteBuffer in, long count) {
        if (count > in.remaining()) {
            throw new IndexOutOfBoundsException();
        }
        in.position(in.position() + (int) count);
    }

    static int u8(ByteBuffer in, int at) {
        return in.get(at) & 0xff;
    }

    static int u16(ByteBuffer in, int at) {
        return in.getShort(at) & 0xffff;
    }

    static long u32(ByteBuffer in, int at) {
        return in.getInt(at) & 0xffff_ffffL;
    }
}
