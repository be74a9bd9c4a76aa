package dev.glimpse.data;

import static dev.glimpse.data.ImageHeader.u16;
import static dev.glimpse.data.ImageHeader.u32;
import static dev.glimpse.data.ImageHeader.u8;

import dev.glimpse.data.ImageHeader.BadImageException;
import dev.glimpse.data.ImageHeader.Format;
import java.nio.ByteBuffer;

/** WebP files (RFC 9649): RIFF chunks around a VP8 or VP8L picture. */
final class WebpFile {
    private static final int WEBP = 0x50424557;
    private static final int VP8 = 0x20385056, VP8L = 0x4c385056, VP8X = 0x58385056, ANMF = 0x464d4e41;
    private static final int EXIF = 0x46495845;

    private WebpFile() {}

    static ImageHeader header(ByteBuffer in) throws BadImageException {
        if (in.getInt(8) != WEBP) {
            throw new BadImageException("a RIFF file, but not WebP");
        }
        long end = u32(in, 4) + 8;
        if (end > in.limit()) {
            throw new IndexOutOfBoundsException();
        }
        long width = 0;
        long height = 0;
        boolean alpha = false;
        boolean picture = false;
        int orientation = 1;
        for (int at = 12; at + 8 <= end;) {
            int type = in.getInt(at);
            long size = u32(in, at + 4);
            int data = at + 8;
            if (data + size > end) {
                throw new IndexOutOfBoundsException();
            }
            switch (type) {
                case VP8X -> {
                    alpha = (u8(in, data) & 0x10) != 0;
                    width = (in.getInt(data + 4) & 0xff_ffff) + 1;
                    height = (u32(in, data + 6) >> 8) + 1;
                }
                case VP8 -> {
                    picture = true;
                    if (width == 0) {
                        width = u16(in, data + 6) & 0x3fff;
                        height = u16(in, data + 8) & 0x3fff;
                    }
                }
                case VP8L -> {
                    picture = true;
                    int bits = in.getInt(data + 1);
                    alpha |= (bits & 1 << 28) != 0;
                    if (width == 0) {
                        width = (bits & 0x3fff) + 1;
                        height = (bits >> 14 & 0x3fff) + 1;
                    }
                }
                case ANMF -> picture = true;
                case EXIF -> orientation = TiffFile.exifOrientation(in.slice(data, (int) size));
                default -> {
                }
            }
            at = (int) Math.min(end, data + size + (size & 1));
        }
        if (!picture) {
            throw new BadImageException("a WebP file without a picture");
        }
        return new ImageHeader(Format.WEBP, width, height, alpha, orientation);
    }
}
