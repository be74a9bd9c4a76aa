package dev.glimpse.saliency;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_imgproc.FONT_HERSHEY_SIMPLEX;
import static org.bytedeco.opencv.global.opencv_imgproc.LINE_AA;
import static org.bytedeco.opencv.global.opencv_imgproc.circle;
import static org.bytedeco.opencv.global.opencv_imgproc.line;
import static org.bytedeco.opencv.global.opencv_imgproc.putText;

import dev.glimpse.data.Image;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Point;
import org.bytedeco.opencv.opencv_core.Scalar;

/** Draws fixations over their picture: a numbered circle for the focus of each, lines from one to the next. */
public final class ScanPath {
    private ScanPath() {}

    /** @param radius of the focus of attention, in pixels */
    public static Image over(Image picture, List<Fixation> fixations, double radius) {
        try (PointerScope _ = new PointerScope()) {
            Mat canvas = new Mat(picture.height(), picture.width(), CV_8UC3, new BytePointer(picture.rgb().clone()));
            int thick = Math.max(1, Math.min(picture.width(), picture.height()) / 200);
            Scalar black = new Scalar(0, 0, 0, 0);
            Scalar yellow = new Scalar(255, 230, 0, 0);
            for (int pass = 0; pass < 2; pass++) { // a dark rim first, so that it shows on any ground
                Scalar ink = pass == 0 ? black : yellow;
                int width = pass == 0 ? thick + 2 : thick;
                for (int i = 0; i < fixations.size(); i++) {
                    Point at = point(fixations.get(i));
                    if (i > 0) {
                        line(canvas, point(fixations.get(i - 1)), at, ink, width, LINE_AA, 0);
                    }
                    circle(canvas, at, (int) Math.round(radius), ink, width, LINE_AA, 0);
                    Point beside = new Point(at.x() + 3 * thick, at.y() - 3 * thick);
                    putText(canvas, String.valueOf(i + 1), beside, FONT_HERSHEY_SIMPLEX, 0.35 * thick + 0.2, ink, width,
                            LINE_AA, false);
                }
            }
            byte[] rgb = new byte[picture.rgb().length];
            canvas.data().get(rgb);
            return new Image(picture.width(), picture.height(), rgb);
        }
    }

    private static Point point(Fixation fixation) {
        return new Point((int) Math.round(fixation.x()), (int) Math.round(fixation.y()));
    }
}
