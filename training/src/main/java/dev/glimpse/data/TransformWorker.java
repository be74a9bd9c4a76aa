package dev.glimpse.data;

import static org.bytedeco.opencv.global.opencv_core.CV_32FC1;
import static org.bytedeco.opencv.global.opencv_core.split;
import static org.bytedeco.opencv.global.opencv_imgproc.COLOR_RGB2GRAY;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_AREA;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_CUBIC;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_LINEAR;
import static org.bytedeco.opencv.global.opencv_imgproc.cvtColor;
import static org.bytedeco.opencv.global.opencv_imgproc.resize;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.MatVector;

/** What one thread needs to apply a transform to one picture after another. */
final class TransformWorker implements AutoCloseable {
    private final Transform transform;
    private final Augmentation augmentation;
    private final Picture picture = new Picture();
    private final Canvas canvas;
    private final MatVector planes;

    TransformWorker(Transform transform) {
        this.transform = transform;
        this.augmentation = transform.augmentation();
        canvas = new Canvas(transform.size(), transform.colour());
        Mat[] empty = new Mat[transform.channels()];
        Arrays.setAll(empty, _ -> new Mat());
        planes = new MatVector(empty);
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
        int border = augmentation.padding();
        if (border > 0) {
            canvas.shift(border, random.nextInt(2 * border + 1), random.nextInt(2 * border + 1));
        }
        mirror(random, augmentation.flip(), Orientation.FROM_RIGHT);
        mirror(random, augmentation.verticalFlip(), Orientation.FROM_BOTTOM);
        if (augmentation.jitter() != null) {
            augmentation.jitter().apply(canvas, random);
        }
        if (augmentation.operations() != null) {
            augmentation.operations().apply(canvas, random);
        }
        normalise(to);
        if (augmentation.erasing() != null) {
            augmentation.erasing().apply(to, transform.channels(), transform.size(), random);
        }
    }

    /** A random part, bilinear; averaged where a pixel stands for more than four. */
    private void crop(RandomGenerator random) throws IOException {
        Area area = augmentation.crop().area(picture.width(), picture.height(), random);
        double shrinking = (double) Math.min(area.width(), area.height()) / transform.size();
        try (Mat part = picture.part(area, shrinking)) {
            boolean much = (long) part.cols() * part.rows() > 4L * transform.size() * transform.size();
            resize(part, canvas.pixels(), canvas.size(), 0, 0, much ? INTER_AREA : INTER_LINEAR);
        }
    }

    private void square() throws IOException {
        Area area = Area.centreSquare(picture.width(), picture.height());
        try (Mat part = picture.part(area, 1)) {
            if (area.width() == transform.size()) {
                part.copyTo(canvas.pixels());
            } else {
                resize(part, canvas.pixels(), canvas.size(), 0, 0,
                        area.width() > transform.size() ? INTER_AREA : INTER_CUBIC);
            }
        }
    }

    private void mirror(RandomGenerator random, double chance, int direction) {
        if (chance > 0 && random.nextDouble() < chance) {
            canvas.mirror(direction);
        }
    }

    private void normalise(MemorySegment to) {
        if (!to.isNative() || to.byteSize() < 4L * transform.elements()) {
            throw new IllegalArgumentException(
                    "the memory is not native, or smaller than " + transform.elements() + " floats");
        }
        if (transform.channels() == 1) {
            cvtColor(canvas.pixels(), planes.get(0), COLOR_RGB2GRAY);
        } else {
            split(canvas.pixels(), planes);
        }
        int side = transform.size();
        for (int c = 0; c < transform.channels(); c++) {
            double scale = 1 / (255.0 * transform.std(c));
            double shift = -transform.mean(c) / transform.std(c);
            Address at = new Address(to.address() + 4L * c * side * side);
            try (Mat floats = new Mat(side, side, CV_32FC1, at); Mat plane = planes.get(c)) {
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
        canvas.close();
        planes.close();
    }
}
