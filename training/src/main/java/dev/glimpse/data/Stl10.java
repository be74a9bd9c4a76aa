package dev.glimpse.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The binary files of STL-10: {@code train_X.bin} and {@code train_y.bin}, the same for {@code test}, and
 * {@code unlabeled_X.bin}. An image is 3 channels of 96 columns of 96 bytes, a label a byte from 1 to 10.
 *
 * <p>
 * Coates, Lee and Ng, <i>An Analysis of Single-Layer Networks in Unsupervised Feature Learning</i>, AISTATS 2011,
 * <a href="https://cs.stanford.edu/~acoates/stl10/">cs.stanford.edu/~acoates/stl10</a>.
 */
public final class Stl10 implements Dataset {
    /** Side of an image in pixels. */
    public static final int SIZE = 96;

    private static final int IMAGE_BYTES = 3 * SIZE * SIZE;
    private static final List<String> CLASSES = List.of("airplane", "bird", "car", "cat", "deer", "dog", "horse",
            "monkey", "ship", "truck");

    private final RawImages pixels;
    private final byte[] labels;
    private final List<String> classes;

    private Stl10(RawImages pixels, byte[] labels, List<String> classes) {
        this.pixels = pixels;
        this.labels = labels;
        this.classes = classes;
    }

    /**
     * Opens a split.
     *
     * @param split {@code train}, {@code test} or {@code unlabeled}; all of the last are of one class of that name
     * @throws IllegalArgumentException of one line where a file is missing or not as long as it should be
     */
    public static Stl10 open(Path folder, String split) throws IOException {
        if (!List.of("train", "test", "unlabeled").contains(split)) {
            throw new IllegalArgumentException("STL-10 has no split " + split + "; it has train, test and unlabeled");
        }
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException(folder + ": no such folder; expected one with the files of STL-10");
        }
        Path images = existing(folder.resolve(split + "_X.bin"));
        long bytes = Files.size(images);
        if (bytes == 0 || bytes % IMAGE_BYTES != 0) {
            throw new IllegalArgumentException(images + ": " + bytes
                    + " bytes are not a whole number of images of " + IMAGE_BYTES + " bytes");
        }
        RawImages pixels = new RawImages(images, 0, IMAGE_BYTES, Math.toIntExact(bytes / IMAGE_BYTES));
        if (split.equals("unlabeled")) {
            return new Stl10(pixels, new byte[pixels.count()], List.of(split));
        }
        return new Stl10(pixels, labels(folder.resolve(split + "_y.bin"), pixels.count()), classes(folder));
    }

    private static byte[] labels(Path file, int count) throws IOException {
        byte[] labels = Files.readAllBytes(existing(file));
        if (labels.length != count) {
            throw new IllegalArgumentException(file + ": " + labels.length + " labels for " + count + " images");
        }
        for (int i = 0; i < count; i++) {
            if (labels[i] < 1 || labels[i] > CLASSES.size()) {
                throw new IllegalArgumentException(
                        file + ": label " + (labels[i] & 0xff) + " of image " + i + "; expected 1 to 10");
            }
            labels[i]--;
        }
        return labels;
    }

    private static List<String> classes(Path folder) throws IOException {
        Path file = folder.resolve("class_names.txt");
        if (!Files.exists(file)) {
            return CLASSES;
        }
        return ClassNames.read(file, CLASSES.size());
    }

    private static Path existing(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + ": no such file; STL-10's binary files have it");
        }
        return file;
    }

    /** Whether a folder holds such files. */
    public static boolean recognises(Path folder) {
        return Files.isRegularFile(folder.resolve("train_X.bin"));
    }

    @Override
    public int size() {
        return labels.length;
    }

    @Override
    public List<String> classes() {
        return classes;
    }

    @Override
    public int label(int index) {
        return labels[index];
    }

    @Override
    public Image image(int index) throws IOException {
        byte[] columns = pixels.read(index);
        byte[] rgb = new byte[IMAGE_BYTES];
        for (int c = 0, from = 0; c < 3; c++) {
            for (int x = 0; x < SIZE; x++) {
                for (int y = 0; y < SIZE; y++) {
                    rgb[3 * (y * SIZE + x) + c] = columns[from++];
                }
            }
        }
        return new Image(SIZE, SIZE, rgb);
    }

    @Override
    public String name(int index) {
        return pixels.file() + "[" + index + "]";
    }
}
