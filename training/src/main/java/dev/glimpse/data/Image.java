package dev.glimpse.data;

/**
 * A decoded picture.
 *
 * @param width in pixels, at least 1
 * @param height in pixels, at least 1
 * @param rgb red, green and blue bytes, row by row: {@code rgb[(y * width + x) * 3 + channel]}
 */
public record Image(int width, int height, byte[] rgb) {
    public Image {
        if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
            throw new IllegalArgumentException(
                    width + "x" + height + " pixels do not fit " + rgb.length + " bytes of RGB");
        }
    }

    /** A rectangle of it. */
    public Image part(int left, int top, int partWidth, int partHeight) {
        return Resize.crop(this, left, top, partWidth, partHeight);
    }
}
