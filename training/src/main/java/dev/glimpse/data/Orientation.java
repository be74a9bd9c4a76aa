package dev.glimpse.data;

import static org.bytedeco.opencv.global.opencv_core.flip;
import static org.bytedeco.opencv.global.opencv_core.transpose;

import org.bytedeco.opencv.opencv_core.Mat;

/** EXIF's eight ways in which a camera may have been held. */
final class Orientation {
    // OpenCV's codes.
    static final int FROM_RIGHT = 1;
    static final int FROM_BOTTOM = 0;
    private static final int FROM_RIGHT_AND_BOTTOM = -1;

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

    /** The same for a matrix, which is changed; {@code spare} is used by the way. */
    static void apply(int orientation, Mat mat, Mat spare) {
        Mat turned = mat;
        if (orientation >= 5) {
            transpose(mat, spare);
            turned = spare;
        }
        switch (orientation) {
            case 2, 6 -> flip(turned, mat, FROM_RIGHT);
            case 3, 7 -> flip(turned, mat, FROM_RIGHT_AND_BOTTOM);
            case 4, 8 -> flip(turned, mat, FROM_BOTTOM);
            case 5 -> spare.copyTo(mat);
            default -> {
            }
        }
    }
}
