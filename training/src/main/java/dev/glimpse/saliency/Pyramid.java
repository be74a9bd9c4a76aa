package dev.glimpse.saliency;

import static org.bytedeco.opencv.global.opencv_core.addWeighted;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_AREA;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_LINEAR;
import static org.bytedeco.opencv.global.opencv_imgproc.THRESH_TOZERO;
import static org.bytedeco.opencv.global.opencv_imgproc.pyrDown;
import static org.bytedeco.opencv.global.opencv_imgproc.resize;
import static org.bytedeco.opencv.global.opencv_imgproc.threshold;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Size;

/**
 * A channel at nine scales, 0 (full size) to 8 (a 256th), each smoothed by a 5x5 Gaussian and halved from the one before.
 *
 * @param levels {@code LEVELS} maps, the largest first; the caller's scope owns them
 */
record Pyramid(List<Mat> levels) {
    static final int LEVELS = 9;

    private static final int[] CENTRES = {2, 3, 4};
    private static final int[] DELTAS = {3, 4};
    private static final int MAP = 4; // the scale of all that is added up

    static Pyramid of(Plane channel) {
        List<Mat> levels = new ArrayList<>(List.of(channel.mat()));
        while (levels.size() < LEVELS) {
            Mat half = new Mat();
            pyrDown(levels.getLast(), half);
            levels.add(half);
        }
        return new Pyramid(levels);
    }

    /** Each scale that is compared, filtered; scales 0 and 1 are nobody's centre or surround. */
    Pyramid filtered(UnaryOperator<Mat> filter) {
        List<Mat> filtered = new ArrayList<>(levels.subList(0, CENTRES[0]));
        levels.subList(CENTRES[0], LEVELS).forEach(level -> filtered.add(filter.apply(level)));
        return new Pyramid(filtered);
    }

    /** {@code |P(c) - P(s)|}: where a centre is unlike its surround. */
    List<Plane> contrasts() {
        return differences(difference -> opencv_core.abs(difference).asMat());
    }

    /** {@code [sign (P(c) - P(s))]+}: where a centre is more than its surround, or less for a sign of -1. */
    List<Plane> excesses(int sign) {
        return differences(difference -> {
            difference.convertTo(difference, -1, sign, 0);
            threshold(difference, difference, 0, 0, THRESH_TOZERO);
            return difference;
        });
    }

    /** Six maps, reduced to scale 4: c = 2, 3, 4 and s = c + 3, c + 4, s enlarged to c's size. */
    private List<Plane> differences(UnaryOperator<Mat> rectified) {
        List<Plane> maps = new ArrayList<>();
        for (int c : CENTRES) {
            Mat centre = levels.get(c);
            for (int delta : DELTAS) {
                Mat difference = new Mat();
                resize(levels.get(c + delta), difference, size(c), 0, 0, INTER_LINEAR);
                addWeighted(centre, 1, difference, -1, 0, difference);
                Mat reduced = new Mat();
                resize(rectified.apply(difference), reduced, size(MAP), 0, 0, INTER_AREA);
                maps.add(Plane.of(reduced));
            }
        }
        return maps;
    }

    private Size size(int level) {
        return new Size(levels.get(level).cols(), levels.get(level).rows());
    }
}
