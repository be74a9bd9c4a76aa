package dev.glimpse.saliency;

import static org.bytedeco.opencv.global.opencv_core.BORDER_REPLICATE;
import static org.bytedeco.opencv.global.opencv_core.CV_32FC1;
import static org.bytedeco.opencv.global.opencv_core.magnitude;
import static org.bytedeco.opencv.global.opencv_imgproc.filter2D;

import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Point;

/**
 * How strongly a picture is striped in a direction: the magnitude of an even and an odd Gabor filter, so that a line
 * answers alike wherever it lies under them.
 *
 * <pre>
 * g(x, y) = exp(-(u^2 + v^2) / (2 sigma^2)) cos(2 pi u / period + phase),   u across the stripes, v along them
 * 9x9, sigma = 7/3, period 7, phases 0 and 90 degrees; each of mean 0 and norm 1
 * </pre>
 *
 * Their size is that of the SaliencyToolbox (Walther and Koch, 2006), which adds the absolute answers of both phases.
 *
 * @param even the filter of phase 0, row by row
 * @param odd the filter of phase 90 degrees
 */
record Gabor(Plane even, Plane odd) {
    private static final int SIZE = 9;
    private static final double PERIOD = 7;
    private static final double SIGMA = 7 / 3.0;

    /** For stripes at 0 (level), 45, 90 and 135 degrees, counter-clockwise. */
    static final List<Gabor> FOUR = IntStream.range(0, 4).mapToObj(i -> along(i * Math.PI / 4)).toList();

    /** @param angle of the stripes in radians, counter-clockwise from level */
    static Gabor along(double angle) {
        return new Gabor(filter(angle, 0), filter(angle, Math.PI / 2));
    }

    private static Plane filter(double angle, double phase) {
        double[] values = new double[SIZE * SIZE];
        for (int i = 0; i < values.length; i++) {
            double x = i % SIZE - (SIZE - 1) / 2.0;
            double y = (SIZE - 1) / 2.0 - i / SIZE; // upwards
            double across = y * Math.cos(angle) - x * Math.sin(angle);
            values[i] = Math.exp(-(x * x + y * y) / (2 * SIGMA * SIGMA))
                    * Math.cos(2 * Math.PI * across / PERIOD + phase);
        }
        double mean = IntStream.range(0, values.length).mapToDouble(i -> values[i]).average().orElseThrow();
        double norm = Math.sqrt(
                IntStream.range(0, values.length).mapToDouble(i -> Math.pow(values[i] - mean, 2)).sum());
        float[] filter = new float[values.length];
        for (int i = 0; i < filter.length; i++) {
            filter[i] = (float) ((values[i] - mean) / norm);
        }
        return new Plane(SIZE, SIZE, filter);
    }

    /** The answer at each place of a map. */
    Mat answer(Mat map) {
        Mat answer = new Mat();
        magnitude(filtered(map, even), filtered(map, odd), answer);
        return answer;
    }

    private static Mat filtered(Mat map, Plane filter) {
        Mat filtered = new Mat();
        filter2D(map, filtered, CV_32FC1, filter.mat(), new Point(-1, -1), 0, BORDER_REPLICATE);
        return filtered;
    }
}
