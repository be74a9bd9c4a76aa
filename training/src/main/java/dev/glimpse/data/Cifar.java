package dev.glimpse.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The binary files of CIFAR-10 ({@code data_batch_1.bin} to {@code 5}, {@code test_batch.bin}) and CIFAR-100
 * ({@code train.bin}, {@code test.bin}): records of a label, for CIFAR-100 a coarse label before it, and planes of 32x32
 * bytes of red, green and blue.
 *
 * <p>
 * Krizhevsky, <i>Learning Multiple Layers of Features from Tiny Images</i>, 2009,
 * <a href="https://www.cs.toronto.edu/~kriz/cifar.html">cs.toronto.edu/~kriz/cifar.html</a>.
 */
public final class Cifar implements Dataset {
    private static final int SIDE = 32;
    private static final int PIXELS = 3 * SIDE * SIDE;
    private static final List<String> TEN = List.of("airplane", "automobile", "bird", "cat", "deer", "dog", "frog",
            "horse", "ship", "truck");

    private final List<RawImages> files;
    private final List<String> classes;
    private final int labelBytes;
    private final int[] starts;
    private final byte[] labels;

    private Cifar(List<RawImages> files, List<String> classes, int labelBytes) throws IOException {
        this.files = files;
        this.classes = classes;
        this.labelBytes = labelBytes;
        starts = new int[files.size() + 1];
        for (int i = 0; i < files.size(); i++) {
            starts[i + 1] = Math.addExact(starts[i], files.get(i).count());
        }
        labels = new byte[starts[files.size()]];
        for (int i = 0; i < files.size(); i++) {
            readLabels(files.get(i), starts[i]);
        }
    }

    private void readLabels(RawImages file, int at) throws IOException {
        byte[] bytes = Files.readAllBytes(file.file());
        if (bytes.length != file.count() * (long) file.length()) {
            throw new IOException(file.file() + ": has changed since it was opened");
        }
        for (int i = 0; i < file.count(); i++) {
            byte label = bytes[i * file.length() + labelBytes - 1];
            if ((label & 0xff) >= classes.size()) {
                throw new IllegalArgumentException(file.file() + ": label " + (label & 0xff) + " of image " + i
                        + "; expected 0 to " + (classes.size() - 1));
            }
            labels[at + i] = label;
        }
    }

    /** Whether a folder holds such files. */
    public static boolean recognises(Path folder) {
        return Files.isRegularFile(folder.resolve("data_batch_1.bin")) || hundred(folder);
    }

    private static boolean hundred(Path folder) {
        return Files.isRegularFile(folder.resolve("train.bin")) && Files.isRegularFile(folder.resolve("test.bin"));
    }

    /**
     * Opens a split.
     *
     * @throws IllegalArgumentException of one line where a file is missing or is not what it should be
     */
    public static Cifar open(Path folder, boolean train) throws IOException {
        boolean hundred = hundred(folder);
        List<Path> paths = hundred ? List.of(folder.resolve(train ? "train.bin" : "test.bin"))
                : train ? IntStream.rangeClosed(1, 5).mapToObj(i -> folder.resolve("data_batch_" + i + ".bin")).toList()
                        : List.of(folder.resolve("test_batch.bin"));
        int labelBytes = hundred ? 2 : 1;
        List<RawImages> files = new ArrayList<>();
        for (Path path : paths) {
            if (!Files.isRegularFile(path)) {
                throw new IllegalArgumentException(path + ": no such file; CIFAR's binary files have it");
            }
            long bytes = Files.size(path);
            if (bytes == 0 || bytes % (labelBytes + PIXELS) != 0 || bytes > Integer.MAX_VALUE - 64) {
                throw new IllegalArgumentException(path + ": " + bytes + " bytes are not a whole number of images of "
                        + (labelBytes + PIXELS) + " bytes, or too many");
            }
            files.add(new RawImages(path, 0, labelBytes + PIXELS, (int) (bytes / (labelBytes + PIXELS))));
        }
        return new Cifar(files, classes(folder, hundred), labelBytes);
    }

    private static List<String> classes(Path folder, boolean hundred) throws IOException {
        Path file = folder.resolve(hundred ? "fine_label_names.txt" : "batches.meta.txt");
        List<String> byDefault = hundred ? IntStream.range(0, 100).mapToObj(Integer::toString).toList() : TEN;
        return Files.exists(file) ? ClassNames.read(file, byDefault.size()) : byDefault;
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
        return labels[index] & 0xff;
    }

    private int file(int index) {
        int file = 0;
        while (starts[file + 1] <= index) {
            file++;
        }
        return file;
    }

    @Override
    public Image image(int index) throws IOException {
        int file = file(index);
        return RawImages.planes(files.get(file).read(index - starts[file]), labelBytes, SIDE, SIDE);
    }

    @Override
    public String name(int index) {
        int file = file(index);
        return files.get(file).file() + "[" + (index - starts[file]) + "]";
    }
}
