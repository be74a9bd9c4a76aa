package dev.glimpse.data;

import static dev.glimpse.data.ImageHeader.u16;
import static dev.glimpse.data.ImageHeader.u8;

import dev.glimpse.data.ImageHeader.BadImageException;
import dev.glimpse.data.ImageHeader.Format;
import java.nio.ByteBuffer;

/** GIF files (GIF89a): a screen, then pictures and extensions in blocks up to the trailer. The first picture counts. */
final class GifFile {
    private static final int EXTENSION = 0x21, PICTURE = 0x2c, TRAILER = 0x3b;

    private GifFile() {}

    static ImageHeader header(ByteBuffer in) throws BadImageException {
        int width = u16(in, 6);
        int height = u16(in, 8);
        int pictures = 0;
        int at = 13 + colours(u8(in, 10));
        while (u8(in, at) != TRAILER) {
            switch (u8(in, at)) {
                case EXTENSION -> at = skipBlocks(in, at + 2);
                case PICTURE -> {
                    pictures++;
                    at = skipBlocks(in, at + 11 + colours(u8(in, at + 9)));
                }
                default -> throw new BadImageException("a damaged GIF: no block at byte " + at);
            }
        }
        if (pictures == 0 || width == 0 || height == 0) {
            throw new BadImageException("a GIF without a picture");
        }
        return new ImageHeader(Format.GIF, width, height, true, 1);
    }

    private static int colours(int flags) {
        return (flags & 0x80) == 0 ? 0 : 3 << (flags & 7) + 1;
    }

    private static int skipBlocks(ByteBuffer in, int from) {
        int at = from;
        while (u8(in, at) != 0) {
            at += u8(in, at) + 1;
        }
        return at + 1;
    }
}
