package dev.glimpse.data;

/**
 * A class for each pixel of an image.
 *
 * @param width in pixels, at least 1
 * @param height in pixels, at least 1
 * @param classes row by row, {@code classes[y * width + x]}: 0 to 254, {@link #IGNORED} where nobody knows
 */
public record Mask(int width, int height, byte[] classes) {
    /** A pixel that counts for nothing. */
    public static final byte IGNORED = (byte) 255;
    /** The most classes that a mask can tell apart. */
    public static final int MOST_CLASSES = 255;

    public Mask {
        if (width < 1 || height < 1 || classes.length != (long) width * height) {
            throw new IllegalArgumentException(
                    width + "x" + height + " pixels do not fit " + classes.length + " classes");
        }
    }

    /** The mask in another size, each pixel taking the class of the nearest one. */
    public Mask scaled(int newWidth, int newHeight) {
        if (newWidth == width && newHeight == height) {
            return this;
        }
        byte[] scaled = new byte[newWidth * newHeight];
        for (int i = 0; i < scaled.length; i++) {
            int x = (int) ((i % newWidth + 0.5) * width / newWidth);
            int y = (int) ((i / newWidth + 0.5) * height / newHeight);
            scaled[i] = classes[y * width + x];
        }
        return new Mask(newWidth, newHeight, scaled);
    }
}
