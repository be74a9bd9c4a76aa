package dev.glimpse.data;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * Files in the format of MNIST: a magic number (two zeros, 8 for bytes, how many dimensions), the dimensions, the bytes.
 * Images are (N, H, W) of grey or (N, H, W, 3) of colour, labels (N); either may be compressed with gzip. They are held
 * in memory.
 *
 * <p>
 * LeCun, Cortes and Burges, <i>The MNIST Database of Handwritten Digits</i>, 1998.
 */
public final class Idx implements Dataset {
    private static final int BYTES = 0x0800;
    private static final int LARGEST_SIDE = 1 << 14;
    private static final Pattern NAME = Pattern.compile("(.*)images[-.]idx[34]-ubyte(\\.gz)?");

    private final Path file;
    private final byte[][] images; // each of its own, as all together may be more than an array holds
    private final byte[] labels;
    private final int height;
    private final int width;
    private final int channels;
    private final List<String> classes;

    private Idx(Path file, byte[][] images, byte[] labels, int[] shape, List<String> classes) {
        this.file = file;
        this.images = images;
        this.labels = labels;
        height = shape[1];
        width = shape[2];
        channels = shape.length == 4 ? shape[3] : 1;
        this.classes = classes;
    }

    /** Whether a folder holds such files. */
    public static boolean recognises(Path folder) throws IOException {
        return find(folder, true) != null || find(folder, false) != null;
    }

    private static Path find(Path folder, boolean train) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> {
                String name = file.getFileName().toString();
                return NAME.matcher(name).matches() && (name.contains("train") == train);
            }).min(java.util.Comparator.naturalOrder()).orElse(null);
        }
    }

    /**
     * Opens the images whose file's name has {@code train} in it, or the others.
     *
     * @param classes their names by label, or null for the file {@code classes.txt}, or numbers
     */
    public static Idx openSplit(Path folder, boolean train, List<String> classes) throws IOException {
        Path found = find(folder, train);
        if (found == null) {
            throw new IllegalArgumentException(folder + ": no file of " + (train ? "training" : "test")
                    + " images; expected " + (train ? "train" : "t10k") + "-images-idx3-ubyte, with .gz or without");
        }
        Path names = folder.resolve("classes.txt");
        return open(found, labelsOf(found), classes != null || !Files.exists(names) ? classes
                : ClassNames.read(names, 0));
    }

    private static Path labelsOf(Path images) {
        String base = images.getFileName().toString().replaceAll("\\.gz$", "").replace("images", "labels")
                .replaceAll("idx[34]", "idx1");
        return Stream.of(base, base + ".gz").map(images::resolveSibling).filter(Files::isRegularFile).findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        images.resolveSibling(base) + ": no such file; the labels of " + images.getFileName()));
    }

    /**
     * Opens a file of images and one of labels.
     *
     * @param classes their names by label; null for numbers up to the largest label
     * @throws IllegalArgumentException of one line where they are not what they should be
     */
    public static Idx open(Path images, Path labels, List<String> classes) throws IOException {
        try (DataInputStream in = stream(labels); DataInputStream pixels = stream(images)) {
            int count = shape(in, labels, 1, 1)[0];
            int[] shape = shape(pixels, images, 3, 4);
            if (shape[0] != count) {
                throw new IllegalArgumentException(labels + ": " + count + " labels for " + shape[0] + " images");
            }
            byte[] label = bytes(in, labels, count);
            int largest = IntStream.range(0, count).map(i -> label[i] & 0xff).max().orElseThrow();
            List<String> names = classes != null ? classes
                    : IntStream.rangeClosed(0, largest).mapToObj(Integer::toString).toList();
            if (largest >= names.size()) {
                throw new IllegalArgumentException(
                        labels + ": label " + largest + "; expected 0 to " + (names.size() - 1));
            }
            byte[][] all = new byte[Math.min(count, 1 << 16)][];
            for (int i = 0; i < count; i++) {
                if (i == all.length) { // as many as are there, whatever the header says
                    all = java.util.Arrays.copyOf(all, (int) Math.min(2L * all.length, count));
                }
                all[i] = bytes(pixels, images, shape[1] * shape[2] * (shape.length == 4 ? 3 : 1));
            }
            if (!ended(pixels, images) || !ended(in, labels)) {
                throw new IllegalArgumentException(images + ": more bytes, there or in the labels, than announced");
            }
            return new Idx(images, all, label, shape, List.copyOf(names));
        } catch (ZipException e) {
            throw new IllegalArgumentException(images + " or its labels: damaged (" + e.getMessage() + ")");
        } catch (OutOfMemoryError _) {
            throw new IOException(images + ": too many images for the Java heap");
        }
    }

    private static DataInputStream stream(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + ": no such file");
        }
        InputStream in = new java.io.BufferedInputStream(Files.newInputStream(file), 1 << 16);
        try {
            return new DataInputStream(file.toString().toLowerCase(Locale.ROOT).endsWith(".gz")
                    ? new GZIPInputStream(in, 1 << 16)
                    : in);
        } catch (EOFException | ZipException _) {
            in.close();
            throw new IllegalArgumentException(file + ": not compressed with gzip");
        }
    }

    private static int[] shape(DataInputStream in, Path file, int least, int most) throws IOException {
        try {
            int magic = in.readInt();
            int dimensions = magic & 0xff;
            if ((magic & ~0xff) != BYTES || dimensions < least || dimensions > most) {
                throw new IllegalArgumentException(file + ": not a file of " + (most == 1 ? "labels" : "images")
                        + " in the IDX format, bytes in " + least + (most > least ? " or " + most : "")
                        + " dimensions");
            }
            int[] shape = new int[dimensions];
            for (int i = 0; i < dimensions; i++) {
                shape[i] = in.readInt();
                boolean sound = shape[i] > 0 && (i == 0 || shape[i] <= LARGEST_SIDE) && (i < 3 || shape[i] == 3);
                if (!sound) {
                    throw new IllegalArgumentException(file + ": its header announces a dimension of " + shape[i]);
                }
            }
            if (dimensions >= 3 && (long) shape[1] * shape[2] > ImageReader.PIXEL_LIMIT) {
                throw new IllegalArgumentException(
                        file + ": its header announces images of " + shape[2] + "x" + shape[1] + " pixels");
            }
            return shape;
        } catch (EOFException _) {
            throw new IllegalArgumentException(file + ": the file is truncated");
        }
    }

    /** A compressed file ends by an exception where it was cut, a plain one with too few bytes. */
    private static byte[] bytes(DataInputStream in, Path file, int count) throws IOException {
        try {
            byte[] bytes = in.readNBytes(count);
            if (bytes.length == count) {
                return bytes;
            }
        } catch (EOFException _) {
            // as if there were no more bytes
        }
        throw new IllegalArgumentException(file + ": the file is truncated");
    }

    private static boolean ended(DataInputStream in, Path file) throws IOException {
        try {
            return in.read() < 0;
        } catch (EOFException _) {
            throw new IllegalArgumentException(file + ": the file is truncated");
        }
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

    @Override
    public Image image(int index) {
        byte[] pixels = images[index];
        if (channels == 3) {
            return new Image(width, height, pixels.clone());
        }
        byte[] rgb = new byte[3 * pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            rgb[3 * i] = pixels[i];
            rgb[3 * i + 1] = pixels[i];
            rgb[3 * i + 2] = pixels[i];
        }
        return new Image(width, height, rgb);
    }

    @Override
    public String name(int index) {
        return file + "[" + index + "]";
    }
}
