package dev.glimpse.data;

import static dev.glimpse.data.ImageHeader.u16;
import static dev.glimpse.data.ImageHeader.u8;

import dev.glimpse.data.ImageHeader.BadImageException;
import dev.glimpse.data.ImageHeader.Format;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * JPEG files (ITU-T T.81): markers, and between SOS and the next of them compressed data.
 *
 * <p>
 * A thumbnail, with an end marker of its own, lies inside of an APP1 segment, whose length leads past it.
 */
final class JpegFile {
    private static final int SOF0 = 0xc0, SOF15 = 0xcf, DHT = 0xc4, JPG = 0xc8, DAC = 0xcc;
    private static final int RST0 = 0xd0, SOI = 0xd8, EOI = 0xd9, SOS = 0xda, DRI = 0xdd, APP1 = 0xe1, TEM = 0x01;

    private static final VarHandle EIGHT = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private JpegFile() {}

    static ImageHeader header(ByteBuffer in) throws BadImageException {
        int width = 0;
        int height = 0;
        int components = 0;
        int orientation = 1;
        boolean scanned = false;
        for (int at = 2;;) {
            int marker = u8(in, at + 1);
            if (u8(in, at) != 0xff || marker == 0xff || marker == 0) { // stray and fill bytes, as libjpeg takes them
                at++;
                continue;
            }
            if (marker == EOI) {
                break;
            }
            at += 2;
            if (marker == TEM || marker >= RST0 && marker <= SOI) {
                continue;
            }
            if (marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC) {
                if (u8(in, at + 2) != 8) {
                    throw new BadImageException("a JPEG of " + u8(in, at + 2) + " bits a channel; only 8 are read");
                }
                height = u16(in, at + 3);
                width = u16(in, at + 5);
                components = u8(in, at + 7);
            } else if (marker == APP1 && orientation == 1) {
                orientation = TiffFile.exifOrientation(in.slice(at + 2, Math.max(0, u16(in, at) - 2)));
            }
            at += u16(in, at);
            if (marker == SOS) {
                scanned = true;
                at = endOfScan(in, at);
            }
        }
        if (width == 0 || height == 0 || !scanned) {
            throw new BadImageException("a JPEG without a picture");
        }
        return new ImageHeader(components == 4 ? Format.CMYK_JPEG : Format.JPEG, width, height, false, orientation);
    }

    /** Where the marker stands that ends the compressed data: neither a stuffed zero nor a restart. */
    private static int endOfScan(ByteBuffer in, int from) {
        byte[] bytes = in.array();
        int at = from;
        while (true) {
            at = nextFf(bytes, at);
            if (bytes[at + 1] != 0 && (bytes[at + 1] & 0xf8) != RST0) {
                return at;
            }
            at++;
        }
    }

    /** Where the next byte 255 stands; eight are looked at at once, as most of a file passes here. */
    private static int nextFf(byte[] bytes, int from) {
        int at = from;
        for (; at <= bytes.length - Long.BYTES; at += Long.BYTES) {
            long inverted = ~(long) EIGHT.get(bytes, at);
            long zeros = inverted - 0x0101010101010101L & ~inverted & 0x8080808080808080L;
            if (zeros != 0) {
                return at + (Long.numberOfTrailingZeros(zeros) >> 3);
            }
        }
        while (bytes[at] != (byte) 0xff) {
            at++;
        }
        return at;
    }

    /**
     * A picture whose rows are stored from the top to the bottom, once, so that a decoder that is told of fewer rows
     * reads no further.
     *
     * @param heightAt where its height stands, in two bytes
     * @param end where its compressed data end
     */
    record Rows(int heightAt, int end) {}

    /** Where a sequential picture in one scan without restarts lies in its file; null for others. */
    static Rows rows(byte[] file) {
        ByteBuffer in = ByteBuffer.wrap(file);
        int found = -1;
        for (int at = 2;;) {
            int marker = u8(in, at + 1);
            if (u8(in, at) != 0xff || marker == 0xff || marker == 0) {
                at++;
                continue;
            }
            at += 2;
            if (marker == TEM || marker >= RST0 && marker <= SOI) {
                continue;
            }
            if (marker == SOS) {
                boolean whole = found >= 0 && u8(in, at + 2) == u8(in, found + 4);
                return whole ? new Rows(found, endOfScan(in, at + u16(in, at))) : null;
            }
            if (marker == DRI && u16(in, at + 2) != 0) {
                return null;
            }
            if (marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC) {
                if (found >= 0 || marker > SOF0 + 1) {
                    return null;
                }
                found = at + 3;
            }
            at += u16(in, at);
        }
    }

    /** What an APP14 segment of Adobe's says of the colours: 0 as they are, 2 YCCK; -1 without such a segment. */
    static int adobeTransform(byte[] file) {
        ByteBuffer in = ByteBuffer.wrap(file);
        for (int at = 2; u8(in, at + 1) != SOS;) {
            int marker = u8(in, at + 1);
            if (u8(in, at) != 0xff || marker == 0xff || marker == 0) {
                at++;
                continue;
            }
            if (marker == TEM || marker >= RST0 && marker <= SOI) {
                at += 2;
                continue;
            }
            if (marker == 0xee && u16(in, at + 2) >= 14 && in.getInt(at + 4) == 0x41646f62) { // "Adob"
                return u8(in, at + 15);
            }
            at += 2 + u16(in, at + 2);
        }
        return -1;
    }
}
