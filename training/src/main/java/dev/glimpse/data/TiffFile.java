package dev.glimpse.data;

import static dev.glimpse.data.ImageHeader.u16;
import static dev.glimpse.data.ImageHeader.u32;

import dev.glimpse.data.ImageHeader.BadImageException;
import dev.glimpse.data.ImageHeader.Format;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/** TIFF 6.0 and BigTIFF files, of which only the first picture counts, and EXIF data, which have the same form. */
final class TiffFile {
    private static final int WIDTH = 256, HEIGHT = 257, BITS = 258, STRIPS = 273, ORIENTATION = 274, CHANNELS = 277;
    private static final int STRIP_SIZES = 279, TILES = 324, TILE_SIZES = 325, EXTRA = 338, SAMPLE_FORMAT = 339;
    private static final long PREMULTIPLIED = 1, STRAIGHT = 2;
    private static final int[] TYPE_SIZES = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
    private static final long[] NONE = {};

    private TiffFile() {}

    static ImageHeader header(ByteBuffer in) throws BadImageException {
        Map<Integer, long[]> tags = directory(in);
        long width = one(tags, WIDTH, 0);
        long height = one(tags, HEIGHT, 0);
        if (width < 1 || height < 1) {
            throw new BadImageException("a damaged TIFF: its header says " + width + "x" + height + " pixels");
        }
        long bits = one(tags, BITS, 1);
        if (one(tags, SAMPLE_FORMAT, 1) != 1 || bits > 16) {
            throw new BadImageException("a TIFF of " + bits + "-bit or fractional samples; only 1 to 16 bits are read");
        }
        checkPieces(in, tags.get(STRIPS), tags.get(STRIP_SIZES));
        checkPieces(in, tags.get(TILES), tags.get(TILE_SIZES));
        if (!tags.containsKey(STRIPS) && !tags.containsKey(TILES)) {
            throw new BadImageException("a TIFF without a picture");
        }
        long extra = one(tags, EXTRA, 0);
        boolean alpha = (extra == PREMULTIPLIED || extra == STRAIGHT) && one(tags, CHANNELS, 1) % 2 == 0;
        // libtiff multiplies 8-bit colours by their alpha itself.
        boolean multiplied = alpha && (extra == PREMULTIPLIED || bits <= 8);
        return new ImageHeader(multiplied ? Format.PREMULTIPLIED_TIFF : Format.TIFF, width, height, alpha, 1);
    }

    private static void checkPieces(ByteBuffer in, long[] offsets, long[] sizes) throws BadImageException {
        if (offsets == null || sizes == null) {
            return;
        }
        if (offsets.length != sizes.length) {
            throw new BadImageException("a damaged TIFF: " + offsets.length + " pieces, " + sizes.length + " sizes");
        }
        for (int i = 0; i < offsets.length; i++) {
            if (offsets[i] < 0 || sizes[i] < 0 || offsets[i] > in.limit() - sizes[i]) {
                throw new IndexOutOfBoundsException();
            }
        }
    }

    /** The orientation in an EXIF block that may start with {@code Exif\0\0}; 1 where there is none. */
    static int exifOrientation(ByteBuffer exif) {
        boolean prefixed = exif.limit() > 6 && exif.getInt(0) == (exif.order() == ByteOrder.BIG_ENDIAN
                ? 0x45786966
                : 0x66697845);
        return orientation(prefixed ? exif.slice(6, exif.limit() - 6) : exif);
    }

    /** The orientation in a TIFF header and directory; 1 where there is none, or anything is odd about them. */
    static int orientation(ByteBuffer tiff) {
        try {
            long value = one(directory(tiff), ORIENTATION, 1);
            return value >= 1 && value <= 8 ? (int) value : 1;
        } catch (IndexOutOfBoundsException | BadImageException _) {
            return 1;
        }
    }

    private static long one(Map<Integer, long[]> tags, int tag, long otherwise) {
        long[] values = tags.getOrDefault(tag, NONE);
        return values.length == 0 ? otherwise : values[0];
    }

    /** The whole-numbered entries of the first directory. */
    private static Map<Integer, long[]> directory(ByteBuffer in) throws BadImageException {
        in.order(in.get(0) == 'M' ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        int version = u16(in, 2);
        if (version != 42 && version != 43) {
            throw new BadImageException("a damaged TIFF");
        }
        boolean big = version == 43;
        int at = index(big ? in.getLong(8) : u32(in, 4));
        int count = big ? index(in.getLong(at)) : u16(in, at);
        int entry = big ? 20 : 12;
        at += big ? 8 : 2;
        Map<Integer, long[]> tags = new HashMap<>();
        for (int i = 0; i < count; i++, at += entry) {
            int type = u16(in, at + 2);
            int size = type < TYPE_SIZES.length ? TYPE_SIZES[type] : 0;
            if (size == 0) {
                continue;
            }
            int values = index(big ? in.getLong(at + 4) : u32(in, at + 4));
            int inline = at + (big ? 12 : 8);
            boolean fits = (long) values * size <= (big ? 8 : 4);
            int from = fits ? inline : index(big ? in.getLong(inline) : u32(in, inline));
            if (from + (long) values * size > in.limit()) {
                throw new IndexOutOfBoundsException();
            }
            long[] read = new long[type == 2 ? 0 : values];
            for (int v = 0; v < read.length; v++) {
                read[v] = switch (size) {
                    case 1 -> in.get(from + v) & 0xff;
                    case 2 -> u16(in, from + 2 * v);
                    case 4 -> u32(in, from + 4 * v);
                    default -> in.getLong(from + 8 * v);
                };
            }
            tags.put(u16(in, at), read);
        }
        return tags;
    }

    private static int index(long value) {
        if (value < 0 || value > Integer.MAX_VALUE - 64) {
            throw new IndexOutOfBoundsException();
        }
        return (int) value;
    }
}
