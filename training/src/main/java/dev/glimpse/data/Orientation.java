package dev.glimpse.data;

/** EXIF's eight ways in which a camera may have been held. */
final class Orientation {
    private Orientation() {}

    /** Turns a picture upright: 5 to 8 swap rows and columns, and each then mirrors one side, both or none. */
    static Image apply(int orientation, Image image) {
        if (orientation == 1) {
            return image;
        }
        boolean transposed = orientation >= 5;
        boolean fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean fromBottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int width = transposed ? image.height() : image.width();
        int height = transposed ? image.width() : image.height();
        byte[] turned = new byte[image.rgb().length];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int fromX = transposed ? y : x;
                int fromY = transposed ? x : y;
                fromX = fromRight ? image.width() - 1 - fromX : fromX;
                fromY = fromBottom ? image.height() - 1 - fromY : fromY;
                System.arraycopy(image.rgb(), 3 * (fromY * image.width() + fromX), turned, 3 * (y * width + x), 3);
            }
        }
        return new Image(width, height, turned);
    }
}
