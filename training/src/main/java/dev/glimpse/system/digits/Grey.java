package dev.glimpse.system.digits;

import dev.glimpse.data.Image;
import dev.glimpse.explain.Pictures;
import dev.glimpse.explain.Scaling;

/**
 * A square grey picture.
 *
 * @param side in pixels
 * @param pixels row by row, black 0 and white 1
 */
public record Grey(int side, float[] pixels) {
    private static final float[] SHARES = {0.299f, 0.587f, 0.114f}; // ITU-R BT.601

    /** A black one. */
    public static Grey black(int side) {
        return new Grey(side, new float[side * side]);
    }

    /** A picture's largest central square, scaled. */
    public static Grey of(Image picture, int side) {
        int least = Math.min(picture.width(), picture.height());
        Image square = picture.part((picture.width() - least) / 2, (picture.height() - least) / 2, least, least);
        Image fitted = least == side ? square : Pictures.fitted(square, side, Scaling.CUBIC);
        Grey grey = black(side);
        for (int i = 0; i < grey.pixels.length; i++) {
            float sum = 0;
            for (int c = 0; c < SHARES.length; c++) {
                sum += SHARES[c] * (fitted.rgb()[3 * i + c] & 0xff);
            }
            grey.pixels[i] = sum / 255;
        }
        return grey;
    }

    /** For people. */
    public Image image() {
        byte[] rgb = new byte[3 * pixels.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) Math.round(255 * Math.clamp(pixels[i / 3], 0f, 1f));
        }
        return new Image(side, side, rgb);
    }
}
