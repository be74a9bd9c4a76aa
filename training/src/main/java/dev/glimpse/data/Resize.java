package dev.glimpse.data;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_AREA;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_CUBIC;
import static org.bytedeco.opencv.global.opencv_imgproc.resize;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Size;

/** Cuts and scales pictures. */
final class Resize {
    static {
        OpenCvLog.silence();
    }

    private Resize() {}

    /** The largest central square, scaled to {@code size}: averaged when it shrinks, cubic when it grows. */
    static Image centreSquare(Image image, int size) {
        int side = Math.min(image.width(), image.height());
        Image square = crop(image, (image.width() - side) / 2, (image.height() - side) / 2, side, side);
        return side == size ? square : scale(square, size, size);
    }

    static Image crop(Image image, int left, int top, int width, int height) {
        if (width == image.width() && height == image.height()) {
            return image;
        }
        byte[] rgb = new byte[3 * width * height];
        for (int y = 0; y < height; y++) {
            System.arraycopy(image.rgb(), 3 * ((top + y) * image.width() + left), rgb, 3 * y * width, 3 * width);
        }
        return new Image(width, height, rgb);
    }

    static Image scale(Image image, int width, int height) {
        boolean shrinks = (long) width * height < (long) image.width() * image.height();
        byte[] rgb = new byte[3 * width * height];
        try (PointerScope _ = new PointerScope(); Size size = new Size(width, height)) {
            BytePointer to = new BytePointer(rgb.length);
            Mat target = new Mat(height, width, CV_8UC3, to);
            resize(new Mat(image.height(), image.width(), CV_8UC3, new BytePointer(image.rgb())), target, size, 0, 0,
                    shrinks ? INTER_AREA : INTER_CUBIC);
            to.get(rgb);
        }
        return new Image(width, height, rgb);
    }
}
