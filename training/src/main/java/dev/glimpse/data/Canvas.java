package dev.glimpse.data;

import static org.bytedeco.opencv.global.opencv_core.BORDER_CONSTANT;
import static org.bytedeco.opencv.global.opencv_core.BORDER_REPLICATE;
import static org.bytedeco.opencv.global.opencv_core.CV_32FC1;
import static org.bytedeco.opencv.global.opencv_core.CV_64FC1;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_core.LUT;
import static org.bytedeco.opencv.global.opencv_core.addWeighted;
import static org.bytedeco.opencv.global.opencv_core.copyMakeBorder;
import static org.bytedeco.opencv.global.opencv_core.flip;
import static org.bytedeco.opencv.global.opencv_core.transform;
import static org.bytedeco.opencv.global.opencv_imgproc.COLOR_HSV2RGB_FULL;
import static org.bytedeco.opencv.global.opencv_imgproc.COLOR_RGB2HSV_FULL;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_LINEAR;
import static org.bytedeco.opencv.global.opencv_imgproc.WARP_INVERSE_MAP;
import static org.bytedeco.opencv.global.opencv_imgproc.cvtColor;
import static org.bytedeco.opencv.global.opencv_imgproc.filter2D;
import static org.bytedeco.opencv.global.opencv_imgproc.warpAffine;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Point;
import org.bytedeco.opencv.opencv_core.Rect;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.bytedeco.opencv.opencv_core.Size;

/** A square of 8-bit RGB on its way to the network, and what is done to it; 0 to 255, rounded and cut off after each. */
final class Canvas implements AutoCloseable {
    static final double[] GREY = {0.299, 0.587, 0.114}; // ITU-R BT.601

    private final int side;
    private final Size size;
    private final Scalar ground;
    private Mat pixels;
    private Mat spare;

    /** @param mean colour in 0 to 1 of what is beyond the picture's edges */
    Canvas(int side, float[] mean) {
        this.side = side;
        size = new Size(side, side);
        ground = new Scalar(255.0 * mean[0], 255.0 * mean[1], 255.0 * mean[2], 0);
        pixels = new Mat(side, side, CV_8UC3, ground);
        spare = new Mat(side, side, CV_8UC3, ground);
    }

    Mat pixels() {
        return pixels;
    }

    Size size() {
        return size;
    }

    int side() {
        return side;
    }

    private void swap() {
        Mat swapped = pixels;
        pixels = spare;
        spare = swapped;
    }

    void mirror(int direction) {
        flip(pixels, spare, direction);
        swap();
    }

    /** Moves the picture by up to {@code border}: {@code left} and {@code top} are in 0 to twice that. */
    void shift(int border, int left, int top) {
        try (Mat framed = new Mat(); Rect rect = new Rect(left, top, side, side)) {
            copyMakeBorder(pixels, framed, border, border, border, border, BORDER_CONSTANT, ground);
            try (Mat part = new Mat(framed, rect)) {
                part.copyTo(pixels);
            }
        }
    }

    /** Each colour times a factor, plus an offset. */
    void linear(double factor, double offset) {
        pixels.convertTo(spare, -1, factor, offset);
        swap();
    }

    /** Away from the mean grey, or towards it. */
    void contrast(double factor) {
        try (Scalar mean = org.bytedeco.opencv.global.opencv_core.mean(pixels)) {
            double grey = GREY[0] * mean.get(0) + GREY[1] * mean.get(1) + GREY[2] * mean.get(2);
            linear(factor, (1 - factor) * grey);
        }
    }

    /** Away from each pixel's grey, or towards it. */
    void saturation(double factor) {
        float[] matrix = new float[9];
        for (int i = 0; i < 9; i++) {
            matrix[i] = (float) ((1 - factor) * GREY[i % 3] + (i % 4 == 0 ? factor : 0));
        }
        try (FloatPointer memory = new FloatPointer(matrix); Mat rows = new Mat(3, 3, CV_32FC1, memory)) {
            transform(pixels, spare, rows);
        }
        swap();
    }

    /** Turns the circle of hues by a share of it. */
    void hue(double turn) {
        byte[] table = new byte[3 * 256];
        int steps = (int) Math.round(256 * turn);
        for (int i = 0; i < 256; i++) {
            table[3 * i] = (byte) (i + steps);
            table[3 * i + 1] = (byte) i;
            table[3 * i + 2] = (byte) i;
        }
        cvtColor(pixels, spare, COLOR_RGB2HSV_FULL);
        swap();
        table(table);
        cvtColor(pixels, spare, COLOR_HSV2RGB_FULL);
        swap();
    }

    /** Away from a smoothed copy, or towards it; the outermost pixels stay, as in Pillow. */
    void sharpness(double factor) {
        if (side < 3) {
            return;
        }
        float[] kernel = {1, 1, 1, 1, 5, 1, 1, 1, 1};
        for (int i = 0; i < kernel.length; i++) {
            kernel[i] /= 13;
        }
        pixels.copyTo(spare);
        try (FloatPointer memory = new FloatPointer(kernel);
                Mat weights = new Mat(3, 3, CV_32FC1, memory);
                Point centre = new Point(-1, -1);
                Mat smooth = new Mat();
                Rect inside = new Rect(1, 1, side - 2, side - 2)) {
            filter2D(pixels, smooth, -1, weights, centre, 0, BORDER_REPLICATE);
            try (Mat from = new Mat(smooth, inside); Mat to = new Mat(spare, inside)) {
                from.copyTo(to);
            }
        }
        addWeighted(pixels, factor, spare, 1 - factor, 0, pixels);
    }

    /** @param inverse where a pixel (x, y) comes from: (a x + b y + c, d x + e y + f) */
    void warp(double... inverse) {
        try (DoublePointer memory = new DoublePointer(inverse); Mat matrix = new Mat(2, 3, CV_64FC1, memory)) {
            warpAffine(pixels, spare, matrix, size, INTER_LINEAR | WARP_INVERSE_MAP, BORDER_CONSTANT, ground);
        }
        swap();
    }

    /** @param table new values by old ones, {@code table[3 * old + channel]} */
    void table(byte[] table) {
        try (BytePointer memory = new BytePointer(table); Mat values = new Mat(1, 256, CV_8UC3, memory)) {
            LUT(pixels, values, spare);
        }
        swap();
    }

    /** How many pixels have each value, {@code counts[channel][value]}. */
    int[][] histogram() {
        byte[] rgb = new byte[3 * side * side];
        pixels.data().get(rgb);
        int[][] counts = new int[3][256];
        for (int i = 0; i < rgb.length; i += 3) {
            counts[0][rgb[i] & 0xff]++;
            counts[1][rgb[i + 1] & 0xff]++;
            counts[2][rgb[i + 2] & 0xff]++;
        }
        return counts;
    }

    @Override
    public void close() {
        size.close();
        ground.close();
        pixels.close();
        spare.close();
    }
}
