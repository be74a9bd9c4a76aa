package dev.glimpse.explain;

import dev.glimpse.data.Image;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Size;

/**
 * A map of where a network looks, spread evenly over the picture that it belongs to. A value that is not finite counts
 * as the least finite one, everywhere.
 *
 * @param width in cells, at least 1
 * @param height in cells, at least 1
 * @param values row by row, of any range: {@code values[y * width + x]}
 */
public record HeatMap(int width, int height, float[] values) {
    public HeatMap {
        if (width < 1 || height < 1 || values.length != (long) width * height) {
            throw new IllegalArgumentException(width + "x" + height + " cells do not fit " + values.length + " values");
        }
    }

    /** A rectangle of the picture, in pixels. */
    public record Box(int x, int y, int width, int height) {
        boolean contains(double px, double py) {
            return px >= x && px < x + width && py >= y && py < y + height;
        }
    }

    /** A cell of the map. */
    public record Cell(int x, int y) {}

    /** Colours from the least value to the greatest. */
    public enum Palette {
        /** Blue, green, yellow, red: the usual heat map, without the false edges of jet. */
        TURBO(opencv_imgproc.COLORMAP_TURBO),
        /** Black, purple, orange, pale yellow: evenly brighter, so it survives a grey printer. */
        INFERNO(opencv_imgproc.COLORMAP_INFERNO),
        /** Purple, green, yellow: evenly brighter, told apart by colour-blind readers. */
        VIRIDIS(opencv_imgproc.COLORMAP_VIRIDIS);

        private final int code;

        Palette(int code) {
            this.code = code;
        }
    }

    /** Shifts and stretches the values to 0 to 1; a map that is the same everywhere becomes 0. */
    public HeatMap normalised() {
        float[] scaled = finite();
        double least = Double.POSITIVE_INFINITY;
        double greatest = Double.NEGATIVE_INFINITY;
        for (float value : scaled) {
            least = Math.min(least, value);
            greatest = Math.max(greatest, value);
        }
        double range = greatest - least;
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = range > 0 ? (float) ((scaled[i] - least) / range) : 0;
        }
        return new HeatMap(width, height, scaled);
    }

    /** The same map in another number of cells. */
    public HeatMap scaled(int newWidth, int newHeight, Scaling scaling) {
        try (PointerScope _ = new PointerScope(); FloatPointer cells = new FloatPointer(finite())) {
            Mat to = new Mat();
            opencv_imgproc.resize(new Mat(height, width, opencv_core.CV_32FC1, cells), to,
                    new Size(newWidth, newHeight), 0, 0, scaling.flag);
            float[] scaled = new float[newWidth * newHeight];
            new FloatPointer(to.data()).get(scaled);
            return new HeatMap(newWidth, newHeight, scaled);
        }
    }

    /** The normalised map as a picture of one pixel a cell. */
    public Image coloured(Palette palette) {
        float[] heat = normalised().values;
        try (PointerScope _ = new PointerScope()) {
            byte[] grey = new byte[heat.length];
            for (int i = 0; i < grey.length; i++) {
                grey[i] = (byte) Math.round(255 * heat[i]);
            }
            Mat colours = new Mat();
            opencv_imgproc.applyColorMap(Pictures.mat(width, height, opencv_core.CV_8UC1, grey), colours, palette.code);
            return Pictures.fromBgr(colours);
        }
    }

    /** The map laid over its picture, in turbo colours. */
    public Image over(Image picture, double opacity) {
        return over(picture, opacity, Palette.TURBO);
    }

    /**
     * The map laid over its picture, smoothly enlarged.
     *
     * @param opacity from 0, the picture alone, to 1, the map alone
     */
    public Image over(Image picture, double opacity, Palette palette) {
        if (!(opacity >= 0 && opacity <= 1)) {
            throw new IllegalArgumentException("opacity is " + opacity + ", must be 0 to 1");
        }
        byte[] colours = scaled(picture.width(), picture.height(), Scaling.CUBIC).coloured(palette).rgb();
        byte[] blend = new byte[colours.length];
        for (int i = 0; i < blend.length; i++) {
            int below = Byte.toUnsignedInt(picture.rgb()[i]);
            int above = Byte.toUnsignedInt(colours[i]);
            blend[i] = (byte) Math.round(below + opacity * (above - below));
        }
        return new Image(picture.width(), picture.height(), blend);
    }

    /** The greatest value's cell, the first in row-major order where several share it. */
    public Cell peak() {
        float[] finite = finite();
        int best = 0;
        for (int i = 1; i < finite.length; i++) {
            if (finite[i] > finite[best]) {
                best = i;
            }
        }
        return new Cell(best % width, best / width);
    }

    /** Whether the centre of the peak's cell lies in a box of the picture: a hit in the pointing game. */
    public boolean peaksIn(Box box, int pictureWidth, int pictureHeight) {
        Cell peak = peak();
        return box.contains((peak.x + 0.5) * pictureWidth / width, (peak.y + 0.5) * pictureHeight / height);
    }

    /**
     * The share of the map's mass that lies in a box of the picture. A value spreads evenly over its cell, so a cell
     * that is partly in counts in part; negative values count as 0, and a map without mass has none in the box.
     */
    public double massIn(Box box, int pictureWidth, int pictureHeight) {
        double[] columns = overlaps(width, pictureWidth, box.x, box.width);
        double[] rows = overlaps(height, pictureHeight, box.y, box.height);
        float[] finite = finite();
        double inside = 0;
        double all = 0;
        for (int i = 0; i < finite.length; i++) {
            double mass = Math.max(0, finite[i]);
            all += mass;
            inside += mass * columns[i % width] * rows[i / width];
        }
        return all > 0 ? inside / all : 0;
    }

    /** For each of the cells along a side, the share of it that lies in the interval of pixels. */
    private static double[] overlaps(int cells, int pixels, int start, int length) {
        double size = (double) pixels / cells;
        double[] shares = new double[cells];
        for (int i = 0; i < cells; i++) {
            double overlap = Math.min((i + 1) * size, start + length) - Math.max(i * size, start);
            shares[i] = Math.clamp(overlap / size, 0, 1);
        }
        return shares;
    }

    /** A copy of the values with the least finite one, or 0, in place of those that are not finite. */
    private float[] finite() {
        float least = Float.POSITIVE_INFINITY;
        for (float value : values) {
            least = Float.isFinite(value) ? Math.min(least, value) : least;
        }
        float[] finite = Arrays.copyOf(values, values.length);
        for (int i = 0; i < finite.length; i++) {
            if (!Float.isFinite(finite[i])) {
                finite[i] = Float.isFinite(least) ? least : 0;
            }
        }
        return finite;
    }
}
