package dev.glimpse.system.racnn;

import dev.glimpse.data.Dataset;
import dev.glimpse.data.Image;
import dev.glimpse.data.ImageReader;
import dev.glimpse.io.Utf8;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The files of CUB-200-2011, and of whatever is laid out like it.
 *
 * <pre>
 * images/...                     the pictures
 * images.txt                     number, path within images/
 * image_class_labels.txt         number, class from 1
 * train_test_split.txt           number, 1 to learn from and 0 to be tested on
 * classes.txt                    class, name; may be missing
 * bounding_boxes.txt             number, left, top, width, height in pixels; only where birds are cut out by it
 * </pre>
 *
 * Wah, Branson, Welinder, Perona, Belongie: The Caltech-UCSD Birds-200-2011 Dataset. CNS-TR-2011-001, 2011,
 * <a href="https://www.vision.caltech.edu/datasets/cub_200_2011/">vision.caltech.edu</a>
 */
final class Cub implements Dataset {
    private static final String IMAGES = "images.txt";

    private final List<String> classes;
    private final List<Path> files = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();
    /** Left, top, width, height; empty where pictures are taken whole. */
    private final List<double[]> boxes = new ArrayList<>();

    private Cub(List<String> classes) {
        this.classes = List.copyOf(classes);
    }

    /** Whether a folder is laid out so. */
    static boolean recognises(String data) {
        try {
            return Files.isRegularFile(Path.of(data).resolve(IMAGES));
        } catch (InvalidPathException _) {
            return false;
        }
    }

    /**
     * Reads the lists of a folder.
     *
     * @param train whether those to learn from are wanted, or those to be tested on
     * @param cropped whether birds are cut out by their bounding boxes
     * @throws IllegalArgumentException of one line where a list is missing or wrong
     */
    static Cub open(Path folder, boolean train, boolean cropped) throws IOException {
        Map<Integer, String> paths = table(folder.resolve(IMAGES));
        Map<Integer, String> numbers = matching(folder, "image_class_labels.txt", paths);
        Map<Integer, String> split = matching(folder, "train_test_split.txt", paths);
        Map<Integer, String> places = cropped ? matching(folder, "bounding_boxes.txt", paths) : Map.of();
        Cub cub = new Cub(classes(folder, numbers));
        for (Map.Entry<Integer, String> image : paths.entrySet()) {
            int number = image.getKey();
            String half = split.get(number);
            if (!half.equals("0") && !half.equals("1")) {
                throw wrong(folder.resolve("train_test_split.txt"), number, half, "0 or 1");
            }
            if (half.equals("1") == train) {
                cub.files.add(folder.resolve("images").resolve(image.getValue()));
                cub.labels.add(label(folder, number, numbers.get(number), cub.classes.size()));
                if (cropped) {
                    cub.boxes.add(box(folder, number, places.get(number)));
                }
            }
        }
        if (cub.files.isEmpty()) {
            throw new IllegalArgumentException(folder.resolve("train_test_split.txt") + ": no image to "
                    + (train ? "learn from" : "be tested on"));
        }
        return cub;
    }

    private static List<String> classes(Path folder, Map<Integer, String> numbers) throws IOException {
        Path file = folder.resolve("classes.txt");
        if (Files.isRegularFile(file)) {
            Map<Integer, String> names = table(file);
            for (int i = 1; i <= names.size(); i++) {
                if (!names.containsKey(i)) {
                    throw new IllegalArgumentException(file + ": class " + i + " is missing");
                }
            }
            return List.copyOf(names.values());
        }
        int most = 1;
        for (String number : numbers.values()) {
            most = number.matches("\\d{1,6}") ? Math.max(most, Integer.parseInt(number)) : most;
        }
        List<String> names = new ArrayList<>();
        for (int i = 1; i <= most; i++) {
            names.add(Integer.toString(i));
        }
        return names;
    }

    private static int label(Path folder, int number, String text, int classes) {
        int label = text.matches("\\d{1,6}") ? Integer.parseInt(text) : 0;
        if (label < 1 || label > classes) {
            throw wrong(folder.resolve("image_class_labels.txt"), number, text, "a class of 1 to " + classes);
        }
        return label - 1;
    }

    private static double[] box(Path folder, int number, String text) {
        String[] words = text.split("\\s+");
        double[] box = new double[4];
        boolean right = words.length == box.length;
        for (int i = 0; right && i < box.length; i++) {
            right = words[i].matches("\\d{1,6}(\\.\\d{1,9})?");
            box[i] = right ? Double.parseDouble(words[i]) : 0;
        }
        if (!right || box[2] < 1 || box[3] < 1) {
            throw wrong(folder.resolve("bounding_boxes.txt"), number, text, "left, top, width and height");
        }
        return box;
    }

    private static IllegalArgumentException wrong(Path file, int number, String found, String expected) {
        return new IllegalArgumentException(
                file + ": image " + number + " has '" + found + "'; expected " + expected);
    }

    /** A list that has a line for each image. */
    private static Map<Integer, String> matching(Path folder, String name, Map<Integer, String> images)
            throws IOException {
        Path file = folder.resolve(name);
        Map<Integer, String> table = table(file);
        for (int number : images.keySet()) {
            if (!table.containsKey(number)) {
                throw new IllegalArgumentException(file + ": image " + number + " of images.txt is missing");
            }
        }
        return table;
    }

    private static Map<Integer, String> table(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + ": no such file; CUB-200-2011's lists have it");
        }
        Map<Integer, String> table = new TreeMap<>();
        int line = 0;
        try {
            for (String text : Utf8.lines(file)) {
                line++;
                String[] words = text.strip().split("\\s+", 2);
                if (text.isBlank()) {
                    continue;
                }
                if (words.length < 2 || !words[0].matches("\\d{1,9}")
                        || table.put(Integer.valueOf(words[0]), words[1]) != null) {
                    throw new IllegalArgumentException(
                            file + ": line " + line + " is no number of its own with what belongs to it");
                }
            }
        } catch (CharacterCodingException _) {
            throw new IllegalArgumentException(file + ": no text in UTF-8");
        }
        if (table.isEmpty()) {
            throw new IllegalArgumentException(file + ": empty");
        }
        return new LinkedHashMap<>(table);
    }

    @Override
    public int size() {
        return files.size();
    }

    @Override
    public List<String> classes() {
        return classes;
    }

    @Override
    public int label(int index) {
        return labels.get(index);
    }

    @Override
    public Image image(int index) throws IOException {
        Image whole = ImageReader.read(files.get(index));
        if (boxes.isEmpty()) {
            return whole;
        }
        double[] box = boxes.get(index);
        int left = Math.min((int) box[0], whole.width() - 1);
        int top = Math.min((int) box[1], whole.height() - 1);
        return whole.part(left, top, Math.min((int) box[2], whole.width() - left),
                Math.min((int) box[3], whole.height() - top));
    }

    @Override
    public String name(int index) {
        return files.get(index).toString();
    }
}
