package dev.glimpse.data;

import static org.bytedeco.opencv.global.opencv_core.BORDER_REFLECT_101;
import static org.bytedeco.opencv.global.opencv_core.CV_32FC1;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_CUBIC;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_LINEAR;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_NEAREST;
import static org.bytedeco.opencv.global.opencv_imgproc.remap;
import static org.bytedeco.opencv.global.opencv_imgproc.resize;

import java.util.random.RandomGenerator;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.bytedeco.opencv.opencv_core.Size;

/**
 * Where each pixel of a picture to be made comes from in another, so that a picture and its mask are changed alike and each
 * in one step.
 *
 * @param width of the picture to be made
 * @param height of the picture to be made
 * @param x column that a pixel comes from, row by row; beyond a border the picture goes on mirrored
 * @param y row that it comes from
 */
record PixelMap(int width, int height, float[] x, float[] y) {
    static {
        OpenCvLog.silence();
    }

    /** The picture as it is, from its upper left corner on. */
    static PixelMap corner(int width, int height) {
        PixelMap map = new PixelMap(width, height, new float[width * height], new float[width * height]);
        for (int i = 0; i < map.x.length; i++) {
            map.x[i] = i % width;
            map.y[i] = i / width;
        }
        return map;
    }

    /**
     * A random part, changed at random.
     *
     * @param fromWidth size of the picture that pixels come from
     */
    static PixelMap random(Deformation deformation, int width, int height, int fromWidth, int fromHeight,
            RandomGenerator random) {
        double scale = deformation.leastScale() * Math.pow(deformation.mostScale() / deformation.leastScale(),
                random.nextDouble());
        boolean turned = deformation.turn() && random.nextBoolean();
        boolean mirrored = deformation.mirror() && random.nextBoolean();
        boolean upsideDown = deformation.turn() && random.nextBoolean();
        int across = turned ? height : width;
        int down = turned ? width : height;
        double left = start(fromWidth, across / scale, scale == 1, random);
        double top = start(fromHeight, down / scale, scale == 1, random);
        float[][] shifts = deformation.elastic() > 0 ? shifts(width, height, deformation.elastic(), random) : null;
        PixelMap map = new PixelMap(width, height, new float[width * height], new float[width * height]);
        for (int i = 0; i < map.x.length; i++) {
            double toX = i % width + (shifts == null ? 0 : shifts[0][i]);
            double toY = i / width + (shifts == null ? 0 : shifts[1][i]);
            double flatX = mirrored ? width - 1 - toX : toX;
            double flatY = upsideDown ? height - 1 - toY : toY;
            map.x[i] = (float) (left + ((turned ? flatY : flatX) + 0.5) / scale - 0.5);
            map.y[i] = (float) (top + ((turned ? flatX : flatY) + 0.5) / scale - 0.5);
        }
        return map;
    }

    /** Where a part of some length begins: anywhere inside, or such that it sticks out alike on both sides. */
    private static double start(int whole, double part, boolean onPixels, RandomGenerator random) {
        double room = whole - part;
        double start = room <= 0 ? room / 2 : random.nextDouble() * (onPixels ? room + 1 : room);
        return onPixels ? Math.floor(start) : start;
    }

    /** Smooth shifts across and down, from 3 x 3 random ones. */
    private static float[][] shifts(int width, int height, double deviation, RandomGenerator random) {
        float[][] shifts = new float[2][width * height];
        try (PointerScope _ = new PointerScope()) {
            for (float[] one : shifts) {
                float[] grid = new float[9];
                for (int i = 0; i < grid.length; i++) {
                    grid[i] = (float) (deviation * random.nextGaussian());
                }
                FloatPointer to = new FloatPointer((long) one.length);
                resize(new Mat(3, 3, CV_32FC1, new FloatPointer(grid)), new Mat(height, width, CV_32FC1, to),
                        new Size(width, height), 0, 0, INTER_CUBIC);
                to.get(one);
            }
        }
        return shifts;
    }

    /** A picture's pixels, bilinear between them. */
    Image of(Image image) {
        return new Image(width, height, apply(image.width(), image.height(), opencv_core.CV_8UC3, image.rgb(), 3,
                INTER_LINEAR));
    }

    /** A mask's pixels, the nearest ones. */
    Mask of(Mask mask) {
        return new Mask(width, height, apply(mask.width(), mask.height(), opencv_core.CV_8UC1, mask.classes(), 1,
                INTER_NEAREST));
    }

    private byte[] apply(int fromWidth, int fromHeight, int type, byte[] from, int channels, int interpolation) {
        byte[] result = new byte[channels * width * height];
        try (PointerScope _ = new PointerScope()) {
            BytePointer to = new BytePointer((long) result.length);
            remap(new Mat(fromHeight, fromWidth, type, new BytePointer(from)), new Mat(height, width, type, to),
                    new Mat(height, width, CV_32FC1, new FloatPointer(x)),
                    new Mat(height, width, CV_32FC1, new FloatPointer(y)), interpolation, BORDER_REFLECT_101,
                    new Scalar());
            to.get(result);
        }
        return result;
    }
}
