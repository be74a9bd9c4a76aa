package dev.glimpse.explain;

import dev.glimpse.data.Image;
import dev.glimpse.data.Legend;
import dev.glimpse.data.Mask;
import dev.glimpse.io.AtomicFiles;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * Classes of pixels as pictures: in colours, laid over the image that they belong to, or as lines around regions.
 *
 * @param colours {@code 0xrrggbb} of each class, in the order of their numbers
 */
public record Segments(int[] colours) {
    private static final int ENTRIES = 256;
    /** Pixels that nobody knows, as PASCAL VOC has them. */
    private static final int UNKNOWN = 0xe0e0c0;

    /** The colours that masks themselves have, or else those of PASCAL VOC: black first, neighbours far apart. */
    public static Segments of(Legend legend) {
        int[] colours = new int[legend.classes().size()];
        for (int i = 0; i < colours.length; i++) {
            colours[i] = legend.colours() ? legend.classes().get(i).value() : colour(i);
        }
        return new Segments(colours);
    }

    /** Three bits of the number give the highest bit of red, green and blue, the next three the second, and so on. */
    private static int colour(int number) {
        int colour = 0;
        for (int bit = 7, rest = number; rest > 0; bit--, rest >>= 3) {
            colour |= (rest & 1) << 16 + bit | (rest >> 1 & 1) << 8 + bit | (rest >> 2 & 1) << bit;
        }
        return colour;
    }

    private int colourOf(byte found) {
        return found == Mask.IGNORED ? UNKNOWN : colours[found & 0xff];
    }

    /** Each pixel in its class's colour. */
    public Image picture(Mask mask) {
        byte[] rgb = new byte[3 * mask.classes().length];
        for (int i = 0; i < mask.classes().length; i++) {
            put(rgb, i, colourOf(mask.classes()[i]));
        }
        return new Image(mask.width(), mask.height(), rgb);
    }

    /**
     * The classes' colours over the image; where a class's colour is black, and where nobody knows, the image alone.
     *
     * @param opacity from 0, the image alone, to 1, the colours alone
     */
    public Image over(Image image, Mask mask, double opacity) {
        if (!(opacity >= 0 && opacity <= 1)) {
            throw new IllegalArgumentException("opacity is " + opacity + ", must be 0 to 1");
        }
        requireSameSize(image, mask);
        byte[] rgb = image.rgb().clone();
        for (int i = 0; i < mask.classes().length; i++) {
            int colour = colourOf(mask.classes()[i]);
            if (colour != 0 && mask.classes()[i] != Mask.IGNORED) {
                for (int c = 0; c < 3; c++) {
                    int below = rgb[3 * i + c] & 0xff;
                    rgb[3 * i + c] = (byte) Math.round(below + opacity * ((colour >> 16 - 8 * c & 0xff) - below));
                }
            }
        }
        return new Image(image.width(), image.height(), rgb);
    }

    /** A line along the borders between classes, on the last pixels before each. */
    public static Image contours(Image image, Mask mask, int colour) {
        requireSameSize(image, mask);
        byte[] rgb = image.rgb().clone();
        int width = mask.width();
        byte[] classes = mask.classes();
        for (int i = 0; i < classes.length; i++) {
            boolean right = i % width < width - 1 && classes[i] != classes[i + 1];
            boolean below = i + width < classes.length && classes[i] != classes[i + width];
            if (right || below) {
                put(rgb, i, colour);
            }
        }
        return new Image(image.width(), image.height(), rgb);
    }

    private static void requireSameSize(Image image, Mask mask) {
        if (image.width() != mask.width() || image.height() != mask.height()) {
            throw new IllegalArgumentException("a mask of " + mask.width() + "x" + mask.height()
                    + " pixels over an image of " + image.width() + "x" + image.height());
        }
    }

    private static void put(byte[] rgb, int pixel, int colour) {
        rgb[3 * pixel] = (byte) (colour >> 16);
        rgb[3 * pixel + 1] = (byte) (colour >> 8);
        rgb[3 * pixel + 2] = (byte) colour;
    }

    /** The mask as a PNG file's bytes: the classes as indices of a palette of their colours, 255 where nobody knows. */
    public byte[] png(Mask mask) {
        byte[] red = new byte[ENTRIES];
        byte[] green = new byte[ENTRIES];
        byte[] blue = new byte[ENTRIES];
        for (int i = 0; i < ENTRIES; i++) {
            int colour = i < colours.length ? colours[i] : UNKNOWN;
            red[i] = (byte) (colour >> 16);
            green[i] = (byte) (colour >> 8);
            blue[i] = (byte) colour;
        }
        BufferedImage image = new BufferedImage(mask.width(), mask.height(), BufferedImage.TYPE_BYTE_INDEXED,
                new IndexColorModel(8, ENTRIES, red, green, blue));
        image.getRaster().setDataElements(0, 0, mask.width(), mask.height(), mask.classes());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(image, "png", out)) {
                throw new IllegalStateException("Java cannot encode PNG");
            }
        } catch (IOException e) {
            throw new IllegalStateException(e); // there is no file
        }
        return out.toByteArray();
    }

    /**
     * Writes a mask as {@link #png}, whole or not at all.
     *
     * @throws IOException in one line naming the file and the reason
     */
    public void write(Mask mask, Path file) throws IOException {
        AtomicFiles.write(file, png(mask));
    }
}
