package dev.glimpse.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Images with a mask each, in two folders: {@code images/a.jpg} and {@code masks/a.png}.
 *
 * <p>
 * A mask has its image's path but for the ending, or {@code _mask}, {@code _label}, {@code _labels}, {@code _gt},
 * {@code _seg} or {@code _L} behind it. The folders may also be called {@code image} or {@code imgs}, and {@code mask},
 * {@code labels}, {@code label} or {@code annotations}. What the masks' values mean is read from {@code classes.csv} in the data
 * set's folder ({@link LegendFile}), and found out from the masks where there is none ({@link LegendGuess}).
 */
public final class SegmentationFolder {
    private static final List<String> IMAGE_FOLDERS = List.of("images", "image", "imgs");
    private static final List<String> MASK_FOLDERS = List.of("masks", "mask", "labels", "label", "annotations");
    private static final List<String> MASK_SUFFIXES = List.of("", "_mask", "_label", "_labels", "_gt", "_seg", "_L");
    private static final List<String> TEST_FOLDERS = List.of("test", "val", "valid");
    private static final String TABLE = "classes.csv";
    /** Without a folder to test on, one in so many images is kept for it. */
    private static final int HELD_BACK = 5;

    private final Legend legend;
    private final List<Pair> pairs;
    private final int shorter;

    /** An image's file and its mask's. */
    record Pair(Path image, Path mask) {}

    /** An image and the classes of its pixels, of one size. */
    public record Example(Image image, Mask mask) {}

    /** The two halves of a data set, with classes in common. */
    public record Splits(SegmentationFolder train, SegmentationFolder test) {
        /** Both with images and masks {@linkplain SegmentationFolder#scaled scaled}. */
        public Splits scaled(int shorterSide) {
            return new Splits(train.scaled(shorterSide), test.scaled(shorterSide));
        }
    }

    private SegmentationFolder(Legend legend, List<Pair> pairs, int shorter) {
        this.legend = legend;
        this.pairs = List.copyOf(pairs);
        this.shorter = shorter;
    }

    /**
     * The same with images and masks scaled when they are read.
     *
     * @param shorterSide in pixels, 0 for their own
     */
    public SegmentationFolder scaled(int shorterSide) {
        if (shorterSide < 0) {
            throw new IllegalArgumentException("the shorter side is " + shorterSide + ", must be at least 0");
        }
        return new SegmentationFolder(legend, pairs, shorterSide);
    }

    /**
     * The {@code train} folder of a data set and its {@code test} (or {@code val}, or {@code valid}), each with images and
     * masks. Where there are only images and masks, the last fifth is kept for the test, in the order of names in which 2
     * comes before 10.
     *
     * @throws IllegalArgumentException of one line for what is missing
     */
    public static Splits splits(Path data) throws IOException {
        return splits(data, null);
    }

    /**
     * The same with known classes.
     *
     * @param known what the masks' values mean, as when a training began; null to find out
     */
    public static Splits splits(Path data, Legend known) throws IOException {
        ImageFolder.checkFolder(data);
        Path train = data.resolve("train");
        List<Pair> training;
        List<Pair> test;
        if (Files.isDirectory(train)) {
            training = pairs(train);
            test = pairs(TEST_FOLDERS.stream().map(data::resolve).filter(Files::isDirectory).findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(
                            data + ": no folder test, val or valid in it beside train")));
        } else {
            List<Pair> all = pairs(data);
            int kept = Math.ceilDiv(all.size(), HELD_BACK);
            if (all.size() == kept) {
                throw new IllegalArgumentException(
                        data + ": one image with a mask is not enough to train and to test on");
            }
            training = all.subList(0, all.size() - kept);
            test = all.subList(all.size() - kept, all.size());
        }
        List<Pair> both = new ArrayList<>(training);
        both.addAll(test);
        Legend legend = known != null ? known : legend(data, both);
        return new Splits(new SegmentationFolder(legend, training, 0),
                new SegmentationFolder(legend, test, 0));
    }

    /**
     * All of a folder's images and masks, or those of its test folder where it has one.
     *
     * @param legend what the masks' values mean, as when the network was trained
     */
    public static SegmentationFolder open(Path folder, Legend legend) throws IOException {
        ImageFolder.checkFolder(folder);
        Path inner = TEST_FOLDERS.stream().map(folder::resolve).filter(Files::isDirectory).findFirst().orElse(folder);
        return new SegmentationFolder(legend, pairs(inner), 0);
    }

    private static Legend legend(Path data, List<Pair> pairs) throws IOException {
        Path table = data.resolve(TABLE);
        return Files.isRegularFile(table) ? LegendFile.read(table)
                : LegendGuess.of(pairs.stream().map(Pair::mask).toList(), data);
    }

    private static List<Pair> pairs(Path folder) throws IOException {
        Path images = inner(folder, IMAGE_FOLDERS);
        Path masks = inner(folder, MASK_FOLDERS);
        Map<String, Path> maskOf = stems(masks);
        List<Pair> pairs = new ArrayList<>();
        List<Path> alone = new ArrayList<>();
        Map<String, Path> found = stems(images);
        found.forEach((stem, image) -> MASK_SUFFIXES.stream().map(suffix -> maskOf.get(stem + suffix))
                .filter(mask -> mask != null).findFirst()
                .ifPresentOrElse(mask -> pairs.add(new Pair(image, mask)), () -> alone.add(image)));
        if (found.isEmpty()) {
            throw new IllegalArgumentException(images + ": no images in it; expected files that end in "
                    + String.join(", ", ImageReader.EXTENSIONS));
        }
        if (!alone.isEmpty()) {
            String stem = stem(images, alone.getFirst());
            throw new IllegalArgumentException(masks + ": no mask for " + alone.getFirst()
                    + (alone.size() == 1 ? "" : " and " + (alone.size() - 1) + " more") + "; expected " + stem
                    + ".png or " + stem + "_mask.png in it");
        }
        return pairs;
    }

    private static Path inner(Path folder, List<String> names) {
        Optional<Path> found = names.stream().map(folder::resolve).filter(Files::isDirectory).findFirst();
        return found.orElseThrow(() -> new IllegalArgumentException(folder + ": no folder " + names.getFirst()
                + " in it; expected images and masks, or train and test with both in each"));
    }

    /** Files by their paths without endings, in their natural order. */
    private static Map<String, Path> stems(Path folder) throws IOException {
        Map<String, Path> files = new TreeMap<>(new NaturalOrder());
        for (Path file : ImageFolder.imagesIn(folder)) {
            Path twin = files.put(stem(folder, file), file);
            if (twin != null) {
                throw new IllegalArgumentException(twin + " and " + file.getFileName()
                        + " are two files for one name; remove one of them");
            }
        }
        return files;
    }

    private static String stem(Path folder, Path file) {
        String path = folder.relativize(file).toString();
        return path.substring(0, path.lastIndexOf('.'));
    }

    public int size() {
        return pairs.size();
    }

    /** What the masks' values mean. */
    public Legend legend() {
        return legend;
    }

    /** What messages call an image: its file's path. */
    public String name(int index) {
        return pairs.get(index).image.toString();
    }

    /**
     * Reads an image alone.
     *
     * @throws IOException of one line that names the file and what is wrong with it
     */
    public Image image(int index) throws IOException {
        return scaled(ImageReader.read(pairs.get(index).image), shorter);
    }

    /**
     * Reads an image and the classes of its pixels.
     *
     * @throws IOException of one line that names the file and what is wrong with it, also where the two are not equally large
     */
    public Example example(int index) throws IOException {
        Image image = ImageReader.read(pairs.get(index).image);
        Path file = pairs.get(index).mask;
        MaskFile found = MaskFile.read(file);
        if (found.width() != image.width() || found.height() != image.height()) {
            throw new IOException(file + ": a mask of " + found.width() + "x" + found.height()
                    + " pixels for an image of " + image.width() + "x" + image.height());
        }
        Image fitted = scaled(image, shorter);
        return new Example(fitted, legend.classesOf(found, file.toString()).scaled(fitted.width(), fitted.height()));
    }

    /**
     * A picture with a shorter side of so many pixels: averaged where it shrinks, cubic where it grows.
     *
     * @param shorterSide 0 for the picture as it is
     */
    public static Image scaled(Image image, int shorterSide) {
        int[] size = scaled(image.width(), image.height(), shorterSide);
        return size[0] == image.width() && size[1] == image.height() ? image : Resize.scale(image, size[0], size[1]);
    }

    private static int[] scaled(int width, int height, int shorterSide) {
        double factor = shorterSide == 0 ? 1 : (double) shorterSide / Math.min(width, height);
        return new int[]{(int) Math.round(width * factor), (int) Math.round(height * factor)};
    }

    /** How many pixels of each class there are; masks that cannot be read are left out. */
    public long[] pixels() {
        LongAdder[] counts = new LongAdder[legend.classes().size()];
        Arrays.setAll(counts, _ -> new LongAdder());
        pairs.parallelStream().forEach(pair -> {
            try {
                for (byte found : legend.classesOf(MaskFile.read(pair.mask), pair.mask.toString()).classes()) {
                    if (found != Mask.IGNORED) {
                        counts[found & 0xff].increment();
                    }
                }
            } catch (IOException _) {
                // whoever loads it says why
            }
        });
        return Arrays.stream(counts).mapToLong(LongAdder::sum).toArray();
    }

    /**
     * The greatest height and the greatest width of all images, as their headers have it. Those that cannot be read are left
     * out.
     *
     * @throws IOException where none can be read
     */
    public int[] largest() throws IOException {
        int height = 0;
        int width = 0;
        IOException unread = null;
        for (Pair pair : pairs) {
            try {
                int[] own = MaskFile.size(pair.image);
                int[] size = scaled(own[0], own[1], shorter);
                width = Math.max(width, size[0]);
                height = Math.max(height, size[1]);
            } catch (IOException e) {
                unread = e;
            }
        }
        if (height == 0) {
            throw unread;
        }
        return new int[]{height, width};
    }
}
