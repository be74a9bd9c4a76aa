package dev.glimpse.saliency;

import dev.glimpse.data.Image;

/**
 * What the early visual channels make of a picture, at its full size.
 *
 * <pre>
 * I  = (r + g + b) / 3                                   r, g, b in 0 to 1
 * r, g, b are divided by I where I exceeds a tenth of its maximum, and 0 elsewhere: hues in the dark are not seen
 * R  = [r - (g + b) / 2]+     G = [g - (r + b) / 2]+     B = [b - (r + g) / 2]+
 * Y  = [(r + g) / 2 - |r - g| / 2 - b]+
 * RG = R - G                  BY = B - Y
 * </pre>
 *
 * The opponent channels keep their sign: a green or yellow thing stands out as a red or blue one does. A port that clamps
 * them at 0 is blind to two of the four colours.
 *
 * @param intensity 0 to 1
 * @param redGreen positive for red, negative for green
 * @param blueYellow positive for blue, negative for yellow
 */
record Channels(Plane intensity, Plane redGreen, Plane blueYellow) {
    private static final float DARK = 0.1f;

    static Channels of(Image image) {
        int width = image.width();
        int height = image.height();
        byte[] rgb = image.rgb();
        float[] intensity = new float[width * height];
        float brightest = 0;
        for (int i = 0; i < intensity.length; i++) {
            intensity[i] = ((rgb[3 * i] & 0xff) + (rgb[3 * i + 1] & 0xff) + (rgb[3 * i + 2] & 0xff)) / (3 * 255f);
            brightest = Math.max(brightest, intensity[i]);
        }
        float[] redGreen = new float[intensity.length];
        float[] blueYellow = new float[intensity.length];
        for (int i = 0; i < intensity.length; i++) {
            if (intensity[i] > DARK * brightest) {
                float r = (rgb[3 * i] & 0xff) / (255 * intensity[i]);
                float g = (rgb[3 * i + 1] & 0xff) / (255 * intensity[i]);
                float b = (rgb[3 * i + 2] & 0xff) / (255 * intensity[i]);
                redGreen[i] = Math.max(0, r - (g + b) / 2) - Math.max(0, g - (r + b) / 2);
                blueYellow[i] = Math.max(0, b - (r + g) / 2) - Math.max(0, (r + g) / 2 - Math.abs(r - g) / 2 - b);
            }
        }
        return new Channels(new Plane(width, height, intensity), new Plane(width, height, redGreen),
                new Plane(width, height, blueYellow));
    }
}
