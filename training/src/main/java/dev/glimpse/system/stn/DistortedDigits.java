package dev.glimpse.system.stn;

import static org.bytedeco.opencv.global.opencv_core.BORDER_CONSTANT;
import static org.bytedeco.opencv.global.opencv_core.CV_32FC1;
import static org.bytedeco.opencv.global.opencv_core.CV_64FC1;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_LINEAR;
import static org.bytedeco.opencv.global.opencv_imgproc.WARP_INVERSE_MAP;
import static org.bytedeco.opencv.global.opencv_imgproc.warpAffine;

import dev.glimpse.attention.Args;
import dev.glimpse.data.Dataset;
import dev.glimpse.system.digits.Grey;
import dev.glimpse.system.digits.Scene;
import java.io.IOException;
import java.util.random.RandomGenerator;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.bytedeco.opencv.opencv_core.Size;

/**
 * A digit of 28x28 pixels, turned, scaled and put somewhere in a larger image such that its frame, but for the turn, lies
 * within: the paper's RTS.
 *
 * @param side of the image, in pixels
 * @param rotate by how many degrees it is turned at most, either way
 * @param smallest factor by which it is scaled
 * @param largest factor by which it is scaled
 */
record DistortedDigits(int side, double rotate, double smallest, double largest) implements Scene {
    private static final int DIGIT = 28;

    DistortedDigits {
        if (!(rotate >= 0 && rotate <= 180)) {
            throw new IllegalArgumentException("stn: rotate is " + rotate + ", must be 0 to 180 degrees");
        }
        if (!(smallest > 0 && largest >= smallest && largest * DIGIT <= side)) {
            throw new IllegalArgumentException("stn: digits of " + DIGIT + " pixels scaled by smallest=" + smallest
                    + " to largest=" + largest + " do not fit into size=" + side);
        }
    }

    /** @param side of the image */
    static DistortedDigits read(Args args, int side) {
        return new DistortedDigits(side, args.number("rotate", 45), args.number("smallest", 0.7),
                args.number("largest", 1.2));
    }

    @Override
    public int facts() {
        return 1;
    }

    @Override
    public long[] draw(Dataset digits, int index, RandomGenerator random, Grey image) throws IOException {
        double angle = Math.toRadians(rotate * (2 * random.nextDouble() - 1));
        double scale = smallest + (largest - smallest) * random.nextDouble();
        double room = side - DIGIT * scale;
        double x = DIGIT * scale / 2 + room * random.nextDouble(); // of the digit's centre
        double y = DIGIT * scale / 2 + room * random.nextDouble();
        warp(Grey.of(digits.image(index), DIGIT), image, angle, scale, x - 0.5, y - 0.5);
        return new long[]{digits.label(index)};
    }

    /** @param x column of the digit's centre, the first pixel's centre being 0 */
    private static void warp(Grey digit, Grey image, double angle, double scale, double x, double y) {
        double cos = Math.cos(angle) / scale;
        double sin = Math.sin(angle) / scale;
        double middle = (DIGIT - 1) / 2.0;
        double[] inverse = {cos, sin, middle - cos * x - sin * y, -sin, cos, middle + sin * x - cos * y};
        try (PointerScope _ = new PointerScope()) {
            FloatPointer to = new FloatPointer((long) image.pixels().length);
            warpAffine(new Mat(DIGIT, DIGIT, CV_32FC1, new FloatPointer(digit.pixels())),
                    new Mat(image.side(), image.side(), CV_32FC1, to),
                    new Mat(2, 3, CV_64FC1, new DoublePointer(inverse)), new Size(image.side(), image.side()),
                    INTER_LINEAR | WARP_INVERSE_MAP, BORDER_CONSTANT, new Scalar());
            to.get(image.pixels());
        }
    }
}
