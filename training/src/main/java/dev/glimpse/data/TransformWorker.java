package dev.glimpse.data;

import static org.bytedeco.opencv.global.opencv_core.BORDER_CONSTANT;
import static org.bytedeco.opencv.global.opencv_core.CV_32FC1;
import static org.bytedeco.opencv.global.opencv_core.copyMakeBorder;
import static org.bytedeco.opencv.global.opencv_core.extractChannel;
import static org.bytedeco.opencv.global.opencv_core.flip;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_AREA;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_CUBIC;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_LINEAR;
import static org.bytedeco.opencv.global.opencv_imgproc.resize;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.random.RandomGenerator;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Rect;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.bytedeco.opencv.opencv_core.Size;

/** What one thread needs to apply a transform to one picture after another. */
final class TransformWorker implements AutoCloseable {
    private final Transform transform;
    private final Augmentation augmentation;
    private final Picture picture = new Picture();
    private final Size size;
    private final Scalar ground;
    private Mat canvas = new Mat();
    private Mat spare = new Mat();
    private final Mat plane = new Mat();

    TransformWorker(Transform transform) {
        this.transform = transform;
        this.augmentation = transform.augmentation();
        size = new Size(transform.size(), transform.size());
        ground = new Scalar(255.0 * transform.mean(0), 255.0 * transform.mean(1), 255.0 * transform.mean(2), 0);
    }

    /** Where the next picture is put. */
    Picture picture() {
        return picture;
    }

    /**
     * Writes the picture as floats.
     *
     * @param to native memory
     * @throws IOException of one line where it cannot be decoded
     */
    void write(RandomGenerator random, MemorySegment to) throws IOException {
        if (augmentation.crop() != null) {
            crop(random);
        } else {
            square();
        }
        if (augmentation.padding() > 0) {
            shift(random, augmentation.padding());
        }
        mirror(random, augmentation.flip(), Orientation.FROM_RIGHT);
        mirror(random, augmentation.verticalFlip(), Orientation.FROM_BOTTOM);
        normalise(to);
    }

    /** A random part; between half and twice the size bilinear, as torchvision's, beyond averaged. */
    private void crop(RandomGenerator random) throws IOException {
        Area area = augmentation.crop().area(picture.width(), picture.height(), random);
        double shrinking = (double) Math.min(area.width(), area.height()) / transform.size();
        try (Mat part = picture.part(area, shrinking)) {
            boolean small = part.cols() >= 2 * transform.size() || part.rows() >= 2 * transform.size();
            resize(part, canvas, size, 0, 0, small ? INTER_AREA : INTER_LINEAR);
        }
    }

    private void square() throws IOException {
        Area area = Area.centreSquare(picture.width(), picture.height());
        try (Mat part = picture.part(area, 1)) {
            if (area.width() == transform.size()) {
                part.copyTo(canvas);
            } else {
                resize(part, canvas, size, 0, 0, area.width() > transform.size() ? INTER_AREA : INTER_CUBIC);
            }
        }
    }

    private void shift(RandomGenerator random, int border) {
        copyMakeBorder(canvas, spare, border, border, border, border, BORDER_CONSTANT, ground);
        int left = random.nextInt(2 * border + 1);
        int top = random.nextInt(2 * border + 1);
        try (Rect rect = new Rect(left, top, transform.size(), transform.size()); Mat part = new Mat(spare, rect)) {
            part.copyTo(canvas);
        }
    }

    private void mirror(RandomGenerator random, double chance, int direction) {
        if (chance > 0 && random.nextDouble() < chance) {
            flip(canvas, spare, direction);
            swap();
        }
    }

    private void swap() {
        Mat swapped = canvas;
        canvas = spare;
        spare = swapped;
    }

    private void normalise(MemorySegment to) {
        if (!to.isNative() || to.byteSize() < 4L * transform.elements()) {
            throw new IllegalArgumentException(
                    "the memory is not native, or smaller than " + transform.elements() + " floats");
        }
        int side = transform.size();
        for (int c = 0; c < 3; c++) {
            extractChannel(canvas, plane, c);
            double scale = 1 / (255.0 * transform.std(c));
            double shift = -transform.mean(c) / transform.std(c);
            try (Mat floats = new Mat(side, side, CV_32FC1, new Address(to.address() + 4L * c * side * side))) {
                plane.convertTo(floats, CV_32FC1, scale, shift);
            }
        }
    }

    /** Memory that somebody else owns. */
    private static final class Address extends Pointer {
        Address(long at) {
            address = at;
        }
    }

    @Override
    public void close() {
        picture.close();
        size.close();
        ground.close();
        canvas.close();
        spare.close();
        plane.close();
    }
}
