package dev.glimpse.system.stn;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_imgproc.LINE_AA;
import static org.bytedeco.opencv.global.opencv_imgproc.circle;
import static org.bytedeco.opencv.global.opencv_imgproc.line;

import dev.glimpse.data.Image;
import dev.glimpse.explain.Pictures;
import dev.glimpse.explain.Scaling;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Point;
import org.bytedeco.opencv.opencv_core.Scalar;

/** Draws what a spatial transformer reads of an image. */
final class TransformPictures {
    private static final int GROWTH = 5;
    private static final double[][] CORNERS = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};

    private TransformPictures() {}

    /** The image with its pixels showing. */
    static Image enlarged(Image image) {
        return Pictures.scaled(image, GROWTH * image.width(), GROWTH * image.height(), Scaling.NEAREST);
    }

    /**
     * The frame of what is read, over the image, with a dot at its upper left corner; half an image's width of margin shows
     * frames that reach beyond it.
     *
     * @param theta six numbers, row by row, from -1 to 1 in what is read to -1 to 1 in the image
     * @param alignCorners whether -1 and 1 are the centres of the corner pixels, or the image's borders
     */
    static Image frame(Image image, float[] theta, boolean alignCorners) {
        int margin = image.width() / 4;
        int side = image.width() + 2 * margin;
        byte[] rgb = new byte[3 * side * side];
        Arrays.fill(rgb, (byte) 70);
        for (int y = 0; y < image.height(); y++) {
            System.arraycopy(image.rgb(), 3 * y * image.width(), rgb, 3 * ((y + margin) * side + margin),
                    3 * image.width());
        }
        Image large = enlarged(new Image(side, side, rgb));
        try (PointerScope _ = new PointerScope()) {
            Mat canvas = new Mat(large.height(), large.width(), CV_8UC3, new BytePointer(large.rgb().clone()));
            Scalar ink = new Scalar(255, 220, 0, 0);
            double half = alignCorners ? (image.width() - 1) / 2.0 : image.width() / 2.0;
            Point[] at = new Point[CORNERS.length];
            for (int i = 0; i < at.length; i++) {
                double x = theta[0] * CORNERS[i][0] + theta[1] * CORNERS[i][1] + theta[2];
                double y = theta[3] * CORNERS[i][0] + theta[4] * CORNERS[i][1] + theta[5];
                at[i] = point(margin + image.width() / 2.0 + half * x, margin + image.height() / 2.0 + half * y);
            }
            for (int i = 0; i < at.length; i++) {
                line(canvas, at[i], at[(i + 1) % at.length], ink, 1, LINE_AA, 0);
            }
            circle(canvas, at[0], 4, ink, -1, LINE_AA, 0);
            byte[] drawn = new byte[large.rgb().length];
            canvas.data().get(drawn);
            return new Image(large.width(), large.height(), drawn);
        }
    }

    private static Point point(double x, double y) {
        return new Point((int) Math.round(GROWTH * x), (int) Math.round(GROWTH * y));
    }
}
