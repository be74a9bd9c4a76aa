package dev.glimpse.saliency;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * A map of numbers, spread evenly over a picture.
 *
 * @param width in cells, at least 1
 * @param height in cells, at least 1
 * @param values row by row: {@code values[y * width + x]}
 */
public record Plane(int width, int height, float[] values) {
    public Plane {
        if (width < 1 || height < 1 || values.length != (long) width * height) {
            throw new IllegalArgumentException(width + "x" + height + " cells do not fit " + values.length + " values");
        }
    }

    /** A copy of OpenCV's single-channel floats. */
    @SuppressWarnings("restricted") // MemorySegment.reinterpret
    static Plane of(Mat mat) {
        float[] values = new float[mat.rows() * mat.cols()];
        for (int y = 0; y < mat.rows(); y++) {
            MemorySegment row =
                    MemorySegment.ofAddress(mat.ptr(y).address()).reinterpret((long) Float.BYTES * mat.cols());
            MemorySegment.copy(row, ValueLayout.JAVA_FLOAT, 0, values, y * mat.cols(), mat.cols());
        }
        return new Plane(mat.cols(), mat.rows(), values);
    }

    /** As OpenCV's, in memory of its own; the caller's. */
    Mat mat() {
        return new Mat(height, width, opencv_core.CV_32FC1, new FloatPointer(values));
    }

    /** The sum of maps of the same size. */
    static Plane sum(List<Plane> maps) {
        float[] sum = maps.getFirst().values.clone();
        for (Plane map : maps.subList(1, maps.size())) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += map.values[i];
            }
        }
        return new Plane(maps.getFirst().width, maps.getFirst().height, sum);
    }

    Plane times(float factor) {
        float[] product = values.clone();
        for (int i = 0; i < product.length; i++) {
            product[i] *= factor;
        }
        return new Plane(width, height, product);
    }

    float greatest() {
        float greatest = Float.NEGATIVE_INFINITY;
        for (float value : values) {
            greatest = Math.max(greatest, value);
        }
        return greatest;
    }
}
