package dev.glimpse.data;

import static dev.glimpse.data.ImageHeader.u16;
import static dev.glimpse.data.ImageHeader.u32;
import static dev.glimpse.data.ImageHeader.u8;

import dev.glimpse.data.ImageHeader.BadImageException;
import dev.glimpse.data.ImageHeader.Format;
import java.nio.ByteBuffer;

/** Windows bitmaps: two headers and rows of pixels, plain or run-length encoded. */
final class BmpFile {
    private static final int CORE = 12, WITH_ALPHA_MASK = 56;
    private static final int PLAIN = 0, RLE8 = 1, RLE4 = 2, MASKS = 3, ALPHA_MASKS = 6;

    private BmpFile() {}

    static ImageHeader header(ByteBuffer in) throws BadImageException {
        long pixels = u32(in, 10);
        long kind = u32(in, 14);
        boolean core = kind == CORE;
        long width = core ? u16(in, 18) : in.getInt(18);
        long height = core ? u16(in, 20) : Math.abs((long) in.getInt(22));
        int bits = u16(in, core ? 24 : 28);
        int compression = core ? PLAIN : in.getInt(30);
        if (width < 1 || height < 1 || kind < CORE) {
            throw new BadImageException("a damaged BMP: its header says " + width + "x" + height + " pixels");
        }
        switch (compression) {
            case PLAIN, MASKS, ALPHA_MASKS -> {
                long row = (width * bits + 31) / 32 * 4;
                if (pixels + row * height > in.limit()) {
                    throw new IndexOutOfBoundsException();
                }
            }
            case RLE8, RLE4 -> checkRuns(in, Math.toIntExact(pixels), compression == RLE4);
            default -> throw new BadImageException("a BMP with compression " + compression + ", which is not read");
        }
        boolean alpha = bits == 32 && compression != PLAIN && kind >= WITH_ALPHA_MASK && u32(in, 66) != 0;
        return new ImageHeader(Format.BMP, width, height, alpha, 1);
    }

    private static void checkRuns(ByteBuffer in, int from, boolean nibbles) {
        for (int at = from;;) {
            int count = u8(in, at);
            int value = u8(in, at + 1);
            at += 2;
            if (count > 0 || value == 0) { // a run, the end of a line
                continue;
            }
            if (value == 1) { // the end of the picture
                return;
            }
            int bytes = value == 2 ? 2 : nibbles ? (value + 1) / 2 : value; // a jump; literal pixels
            at += (bytes + 1) / 2 * 2;
        }
    }
}
