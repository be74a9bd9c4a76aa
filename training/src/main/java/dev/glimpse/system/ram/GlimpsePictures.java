package dev.glimpse.system.ram;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_imgproc.FONT_HERSHEY_SIMPLEX;
import static org.bytedeco.opencv.global.opencv_imgproc.LINE_8;
import static org.bytedeco.opencv.global.opencv_imgproc.LINE_AA;
import static org.bytedeco.opencv.global.opencv_imgproc.line;
import static org.bytedeco.opencv.global.opencv_imgproc.putText;
import static org.bytedeco.opencv.global.opencv_imgproc.rectangle;

import dev.glimpse.data.Image;
import dev.glimpse.explain.Pictures;
import dev.glimpse.explain.Scaling;
import dev.glimpse.glimpses.Retina;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Point;
import org.bytedeco.opencv.opencv_core.Scalar;

/** Draws where a model looked. */
final class GlimpsePictures {
    private static final int SIDE = 224;
    private static final int MOST_GROWTH = 8;
    private static final double UNSEEN = 0.25;

    private GlimpsePictures() {}

    /** The image with its pixels showing. */
    static Image enlarged(Image image) {
        int growth = growth(image);
        return Pictures.scaled(image, growth * image.width(), growth * image.height(), Scaling.NEAREST);
    }

    private static int growth(Image image) {
        return Math.clamp(SIDE / Math.max(image.width(), image.height()), 1, MOST_GROWTH);
    }

    /**
     * The path of the glimpses: a square for the sharpest patch of each, from blue for the first to yellow for the last, and
     * a line from each centre to the next.
     *
     * @param glimpses column and row of each centre, in the image's pixels
     */
    static Image path(Image image, Retina retina, List<long[]> glimpses) {
        int growth = growth(image);
        Image large = enlarged(image);
        try (PointerScope _ = new PointerScope()) {
            Mat canvas = new Mat(large.height(), large.width(), CV_8UC3, new BytePointer(large.rgb().clone()));
            for (int i = 0; i < glimpses.size(); i++) {
                Scalar ink = colour(i, glimpses.size());
                Point at = point(growth, glimpses.get(i), 0);
                if (i > 0) {
                    line(canvas, point(growth, glimpses.get(i - 1), 0), at, ink, 1, LINE_AA, 0);
                }
                Point corner = point(growth, glimpses.get(i), -retina.patch() / 2);
                int length = Math.toIntExact(retina.patch() * growth) - 1;
                rectangle(canvas, corner, new Point(corner.x() + length, corner.y() + length), ink,
                        i == glimpses.size() - 1 ? 2 : 1, LINE_8, 0);
                putText(canvas, String.valueOf(i + 1), new Point(corner.x() + 3, corner.y() + 11),
                        FONT_HERSHEY_SIMPLEX, 0.35, ink, 1, LINE_AA, false);
            }
            byte[] rgb = new byte[large.rgb().length];
            canvas.data().get(rgb);
            return new Image(large.width(), large.height(), rgb);
        }
    }

    private static Point point(int growth, long[] glimpse, long shift) {
        return new Point(Math.toIntExact(growth * (glimpse[0] + shift)),
                Math.toIntExact(growth * (glimpse[1] + shift)));
    }

    private static Scalar colour(int index, int count) {
        double p = count == 1 ? 1 : index / (count - 1.0);
        return new Scalar(80 + 175 * p, 150 + 70 * p, 255 * (1 - p), 0);
    }

    /** What was seen sharply, the rest darkened. */
    static Image seen(Image image, Retina retina, List<long[]> glimpses) {
        byte[] rgb = image.rgb().clone();
        long before = retina.patch() / 2;
        for (int i = 0; i < rgb.length / 3; i++) {
            long x = i % image.width();
            long y = i / image.width();
            boolean sharp = glimpses.stream().anyMatch(at -> inside(x, at[0] - before, retina.patch())
                    && inside(y, at[1] - before, retina.patch()));
            for (int c = 0; c < 3 && !sharp; c++) {
                rgb[3 * i + c] = (byte) (40 + UNSEEN * (rgb[3 * i + c] & 0xff));
            }
        }
        return enlarged(new Image(image.width(), image.height(), rgb));
    }

    private static boolean inside(long at, long from, long length) {
        return at >= from && at < from + length;
    }
}
