package dev.glimpse.explain;

import dev.glimpse.data.Image;
import dev.glimpse.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Size;

/** Sizes pictures for display and writes them. */
public final class Pictures {
    private Pictures() {}

    /** The picture as a PNG file's bytes. */
    public static byte[] png(Image picture) {
        try (PointerScope _ = new PointerScope()) {
            Mat bgr = new Mat();
            opencv_imgproc.cvtColor(rgb(picture), bgr, opencv_imgproc.COLOR_RGB2BGR);
            BytePointer encoded = new BytePointer();
            if (!opencv_imgcodecs.imencode(".png", bgr, encoded)) {
                throw new IllegalStateException("OpenCV cannot encode PNG");
            }
            return encoded.getStringBytes();
        }
    }

    /**
     * Writes a PNG file, whole or not at all.
     *
     * @throws IOException in one line naming the file and the reason
     */
    public static void write(Image picture, Path file) throws IOException {
        AtomicFiles.write(file, png(picture));
    }

    /** The picture in another size. */
    public static Image scaled(Image picture, int width, int height, Scaling scaling) {
        try (PointerScope _ = new PointerScope()) {
            Mat to = new Mat();
            opencv_imgproc.resize(rgb(picture), to, new Size(width, height), 0, 0, scaling.flag);
            return fromRgb(to);
        }
    }

    /**
     * The picture at the size that just fits into a square: a small one enlarged, a large one made smaller.
     *
     * @param enlarging how a small one grows: {@code NEAREST} shows its pixels, {@code CUBIC} hides them
     */
    public static Image fitted(Image picture, int side, Scaling enlarging) {
        double factor = (double) side / Math.max(picture.width(), picture.height());
        int width = Math.max(1, (int) Math.round(picture.width() * factor));
        int height = Math.max(1, (int) Math.round(picture.height() * factor));
        return scaled(picture, width, height, factor > 1 ? enlarging : Scaling.AREA);
    }

    static Mat mat(int width, int height, int type, byte[] bytes) {
        return new Mat(height, width, type, new BytePointer(bytes));
    }

    private static Mat rgb(Image picture) {
        return mat(picture.width(), picture.height(), opencv_core.CV_8UC3, picture.rgb());
    }

    static Image fromBgr(Mat bgr) {
        Mat rgb = new Mat();
        opencv_imgproc.cvtColor(bgr, rgb, opencv_imgproc.COLOR_BGR2RGB);
        return fromRgb(rgb);
    }

    private static Image fromRgb(Mat mat) {
        byte[] rgb = new byte[mat.rows() * mat.cols() * 3];
        mat.data().get(rgb);
        return new Image(mat.cols(), mat.rows(), rgb);
    }
}
