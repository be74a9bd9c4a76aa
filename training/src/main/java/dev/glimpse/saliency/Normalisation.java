package dev.glimpse.saliency;

import static org.bytedeco.opencv.global.opencv_core.BORDER_CONSTANT;
import static org.bytedeco.opencv.global.opencv_core.CV_32F;
import static org.bytedeco.opencv.global.opencv_core.addWeighted;
import static org.bytedeco.opencv.global.opencv_core.divide;
import static org.bytedeco.opencv.global.opencv_imgproc.THRESH_TOZERO;
import static org.bytedeco.opencv.global.opencv_imgproc.getGaussianKernel;
import static org.bytedeco.opencv.global.opencv_imgproc.sepFilter2D;
import static org.bytedeco.opencv.global.opencv_imgproc.threshold;

import java.util.List;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Point;
import org.bytedeco.opencv.opencv_core.Scalar;

/** The operator N, which lifts a map with few strong peaks and lowers one where all peaks are alike. */
public enum Normalisation {
    /**
     * The global one of Itti, Koch and Niebur (1998): a map in 0 to M = 1 times (M - m)^2, m the mean of its local maxima
     * other than the greatest.
     *
     * <p>
     * Differs from the paper: maxima below a tenth of M, ripples of the ground, are not counted, as in the
     * SaliencyToolbox: they would pass a map of equal peaks off as one with a single peak.
     */
    LOCAL_MAX {
        @Override
        Plane of(Plane map) {
            Plane unit = unit(map, 0);
            double gap = 1 - otherMaxima(unit);
            return unit.times((float) (gap * gap));
        }
    },

    /**
     * The local one of Itti and Koch (A comparison of feature combination strategies for saliency-based visual attention
     * systems, SPIE 1999, <a href="https://doi.org/10.1117/12.348467">10.1117/12.348467</a>): peaks compete by a
     * difference of Gaussians, ten times over.
     *
     * <pre>
     * ten times   M = [M + M * DoG - 0.02]+
     * DoG = 0.5^2 / (2 pi s1^2) exp(-r^2 / (2 s1^2)) - 1.5^2 / (2 pi s2^2) exp(-r^2 / (2 s2^2))
     * s1, s2: 2 % and 25 % of the map's width
     * </pre>
     *
     * <p>
     * Differs from the paper: only feature maps are stretched to 0 to 1 before, not the sums of what their competition has
     * left, which would lift what a channel without a winner has left over to the height of a winner. And the two opponent
     * pairs compete each on their own before they are added up, as the angles do and as in the SaliencyToolbox: each
     * competition lets its winner grow, and colour would have one less of them than orientation.
     */
    ITERATIVE {
        @Override
        Plane of(Plane map) {
            Mat at = map.mat();
            Smoothing exciting = new Smoothing(at, EXCITING_WIDTH * map.width());
            Smoothing inhibiting = new Smoothing(at, INHIBITING_WIDTH * map.width());
            for (int i = 0; i < ITERATIONS; i++) {
                Mat excitation = exciting.of(at);
                Mat inhibition = inhibiting.of(at);
                addWeighted(at, 1, excitation, EXCITING * EXCITING, -BIAS, at);
                addWeighted(at, 1, inhibition, -INHIBITING * INHIBITING, 0, at);
                threshold(at, at, 0, 0, THRESH_TOZERO);
            }
            return Plane.of(at);
        }

        @Override
        Plane ofOpponents(List<List<Plane>> pairs) {
            return Plane.sum(pairs.stream().map(pair -> of(ofFeatures(pair))).toList());
        }
    };

    private static final double COUNTED = 0.1;
    private static final int ITERATIONS = 10;
    private static final double EXCITING = 0.5;
    private static final double EXCITING_WIDTH = 0.02;
    private static final double INHIBITING = 1.5;
    private static final double INHIBITING_WIDTH = 0.25;
    private static final double BIAS = 0.02;
    /** Differences of a channel below this are what rounding to 8 bits leaves, and no feature. */
    private static final float SEEN = 1e-3f;

    /** Applies it to a sum of maps, of numbers from 0; an empty map stays empty. */
    abstract Plane of(Plane map);

    /** Applies it to a feature map, of numbers from 0, whatever their unit. */
    Plane ofFeature(Plane map) {
        return of(unit(map, SEEN));
    }

    /** The sum of a feature's maps, each normalised. */
    Plane ofFeatures(List<Plane> maps) {
        return Plane.sum(maps.stream().map(this::ofFeature).toList());
    }

    /** The same of all that red and green, and blue and yellow, have to tell. */
    Plane ofOpponents(List<List<Plane>> pairs) {
        return ofFeatures(pairs.stream().flatMap(List::stream).toList());
    }

    /** A copy stretched to 0 to 1; zeros where nothing exceeds the floor. */
    static Plane unit(Plane map, float floor) {
        float greatest = map.greatest();
        float[] values = new float[map.values().length];
        if (greatest > floor) {
            for (int i = 0; i < values.length; i++) {
                values[i] = map.values()[i] / greatest;
            }
        }
        return new Plane(map.width(), map.height(), values);
    }

    /** The mean of the local maxima of at least a tenth, without the first of the greatest; 0 where there are none. */
    static double otherMaxima(Plane unit) {
        double sum = 0;
        int count = 0;
        for (int y = 0; y < unit.height(); y++) {
            for (int x = 0; x < unit.width(); x++) {
                float value = unit.values()[y * unit.width() + x];
                if (value >= COUNTED && isPeak(unit, x, y)) {
                    sum += value;
                    count++;
                }
            }
        }
        return count > 1 ? (sum - unit.greatest()) / (count - 1) : 0;
    }

    /** Whether none of the eight neighbours is greater; of two that are equal the first is the peak. */
    private static boolean isPeak(Plane map, int x, int y) {
        int centre = y * map.width() + x;
        float value = map.values()[centre];
        for (int ny = Math.max(0, y - 1); ny <= Math.min(map.height() - 1, y + 1); ny++) {
            for (int nx = Math.max(0, x - 1); nx <= Math.min(map.width() - 1, x + 1); nx++) {
                int at = ny * map.width() + nx;
                if (map.values()[at] > value || at < centre && map.values()[at] == value) {
                    return false;
                }
            }
        }
        return true;
    }

    /** A Gaussian whose weights within the map have sum 1, at its edges too: else the corners would win. */
    private static final class Smoothing {
        private final Mat kernel;
        private final Mat within = new Mat();

        Smoothing(Mat map, double sigma) {
            int radius = Math.max(1, (int) Math.ceil(3 * sigma));
            kernel = getGaussianKernel(2 * radius + 1, sigma, CV_32F);
            filter(new Mat(map.rows(), map.cols(), CV_32F, new Scalar(1)), within);
        }

        Mat of(Mat map) {
            Mat smoothed = new Mat();
            filter(map, smoothed);
            divide(smoothed, within, smoothed);
            return smoothed;
        }

        private void filter(Mat map, Mat filtered) {
            sepFilter2D(map, filtered, -1, kernel, kernel, new Point(-1, -1), 0, BORDER_CONSTANT);
        }
    }
}
