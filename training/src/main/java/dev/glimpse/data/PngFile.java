package dev.glimpse.data;

import static dev.glimpse.data.ImageHeader.u16;
import static dev.glimpse.data.ImageHeader.u32;
import static dev.glimpse.data.ImageHeader.u8;

import dev.glimpse.data.ImageHeader.BadImageException;
import dev.glimpse.data.ImageHeader.Format;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/** PNG files (ISO/IEC 15948): chunks of length, type, data and checksum, from IHDR to IEND. */
final class PngFile {
    private static final int IHDR = 0x49484452, IDAT = 0x49444154, IEND = 0x49454e44;
    private static final int TRNS = 0x74524e53, EXIF = 0x65584966;
    private static final int GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGB_ALPHA = 6;

    private PngFile() {}

    static ImageHeader header(ByteBuffer in) throws BadImageException {
        if (in.getLong(0) != 0x89504e470d0a1a0aL || in.getInt(12) != IHDR) {
            throw new BadImageException("a damaged PNG: it does not start with a header");
        }
        long width = u32(in, 16);
        long height = u32(in, 20);
        int depth = u8(in, 24);
        int colour = u8(in, 25);
        boolean alpha = colour == GREY_ALPHA || colour == RGB_ALPHA;
        int[] key = null;
        int orientation = 1;
        boolean data = false;
        for (int at = 8;;) {
            long length = u32(in, at);
            int type = in.getInt(at + 4);
            if (length > in.limit() - at - 12L) {
                throw new IndexOutOfBoundsException();
            }
            int size = (int) length;
            CRC32 crc = new CRC32();
            crc.update(in.array(), at + 4, size + 4);
            if ((int) crc.getValue() != in.getInt(at + 8 + size)) {
                throw new BadImageException("a damaged PNG: wrong checksum at byte " + at);
            }
            switch (type) {
                case IDAT -> data = true;
                case EXIF -> orientation = TiffFile.orientation(in.slice(at + 8, size));
                case TRNS -> {
                    alpha |= colour == PALETTE;
                    if (colour == GREY || colour == RGB) {
                        key = colourKey(in, at + 8, colour, depth);
                    }
                }
                default -> {
                }
            }
            if (type == IEND) {
                break;
            }
            at += size + 12;
        }
        if (!data) {
            throw new BadImageException("a PNG without a picture");
        }
        return new ImageHeader(Format.PNG, width, height, alpha, orientation, key);
    }

    /** The transparent colour at the depth that it is decoded to: 8 bits, or 16. */
    private static int[] colourKey(ByteBuffer in, int at, int colour, int depth) {
        int[] key = new int[3];
        for (int c = 0; c < 3; c++) {
            int value = u16(in, colour == GREY ? at : at + 2 * c);
            key[c] = depth < 8 ? value * 255 / ((1 << depth) - 1) : value;
        }
        return key;
    }
}
