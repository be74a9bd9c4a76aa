package dev.glimpse.data;

import dev.glimpse.io.AtomicFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A folder with a folder of images for each class: {@code cat/1.jpg}, {@code cat/more/2.png}, {@code dog/1.jpg}.
 *
 * <p>
 * Labels follow the sorted names of the classes. Hidden files and folders are passed over in silence, files that are no
 * images by their names are counted.
 */
public final class ImageFolder implements Dataset {
    private final List<String> classes;
    private final List<Path> files = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();
    private int ignored;

    /** The two halves of a data set. */
    public record Splits(Path train, Path test) {}

    private ImageFolder(List<String> classes) {
        this.classes = List.copyOf(classes);
    }

    /**
     * Finds the classes and files of a folder.
     *
     * @throws IllegalArgumentException of one line where it does not hold at least two classes of images
     */
    public static ImageFolder open(Path folder) throws IOException {
        return open(folder, null);
    }

    /**
     * Finds the files of a folder whose classes are given, as those of a test split are by the training split.
     *
     * @param classes the classes by label, of which some may be missing in this folder; null to take the folder's own
     */
    public static ImageFolder open(Path folder, List<String> classes) throws IOException {
        checkFolder(folder);
        TreeMap<String, Path> found = new TreeMap<>();
        for (Path entry : list(folder)) {
            if (Files.isDirectory(entry)) {
                found.put(entry.getFileName().toString(), entry);
            }
        }
        if (found.isEmpty()) {
            throw new IllegalArgumentException(
                    folder + ": no folders in it; expected a folder of images for each class");
        }
        if (classes == null && found.size() == 1) {
            throw new IllegalArgumentException(folder + ": only one class, " + found.firstKey()
                    + "; expected a folder of images for each of at least two classes");
        }
        ImageFolder images = new ImageFolder(classes == null ? List.copyOf(found.keySet()) : classes);
        List<String> empty = new ArrayList<>();
        for (String name : found.keySet()) {
            int label = images.classes.indexOf(name);
            if (label < 0) {
                throw new IllegalArgumentException(folder + ": the class " + name
                        + " is not one of the classes trained on: " + String.join(", ", images.classes));
            }
            if (!images.add(found.get(name), label)) {
                empty.add(name);
            }
        }
        if (images.files.isEmpty()) {
            throw new IllegalArgumentException(folder + ": no images in the folders of its " + found.size()
                    + " classes; expected files that end in " + String.join(", ", ImageReader.EXTENSIONS));
        }
        if (!empty.isEmpty()) {
            throw new IllegalArgumentException(folder + ": no images in " + String.join(", ", empty)
                    + "; expected files that end in " + String.join(", ", ImageReader.EXTENSIONS));
        }
        return images;
    }

    /**
     * The {@code train} folder of a data set and its {@code test} folder, which may be named {@code val} or
     * {@code valid} too.
     */
    public static Splits splits(Path data) {
        checkFolder(data);
        Path train = data.resolve("train");
        if (!Files.isDirectory(train)) {
            throw new IllegalArgumentException(data + ": no folder train in it; expected train and test");
        }
        return Stream.of("test", "val", "valid").map(data::resolve).filter(Files::isDirectory).findFirst()
                .map(test -> new Splits(train, test)).orElseThrow(() -> new IllegalArgumentException(
                        data + ": no folder test, val or valid in it beside train"));
    }

    /** The images of a folder at any depth, sorted by path. */
    static List<Path> imagesIn(Path folder) throws IOException {
        checkFolder(folder);
        return walk(folder).stream().filter(ImageReader::recognises).toList();
    }

    static void checkFolder(Path folder) {
        if (!Files.exists(folder)) {
            throw new IllegalArgumentException(folder + ": no such folder");
        }
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException(folder + ": a file; expected a folder");
        }
    }

    private boolean add(Path folder, int label) throws IOException {
        int before = files.size();
        for (Path file : walk(folder)) {
            if (ImageReader.recognises(file)) {
                files.add(file);
                labels.add(label);
            } else {
                ignored++;
            }
        }
        return files.size() > before;
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry -> !isHidden(entry)).sorted().toList();
        } catch (UncheckedIOException e) {
            throw unlisted(folder, e.getCause());
        }
    }

    /** By the name of the folder in it that is at fault, where that is known. */
    private static IOException unlisted(Path folder, IOException e) {
        String at = e instanceof FileSystemException fault && fault.getFile() != null ? fault.getFile()
                : folder.toString();
        return new IOException(at + ": cannot be listed: " + AtomicFiles.reason(e), e);
    }

    private static List<Path> walk(Path folder) throws IOException {
        try (Stream<Path> entries = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            return entries.filter(Files::isRegularFile).filter(file -> visible(folder, file)).sorted().toList();
        } catch (UncheckedIOException e) {
            throw unlisted(folder, e.getCause());
        }
    }

    private static boolean visible(Path folder, Path file) {
        for (Path part : folder.relativize(file)) {
            if (isHidden(part)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isHidden(Path path) {
        return path.getFileName().toString().startsWith(".");
    }

    @Override
    public int ignored() {
        return ignored;
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
        return ImageReader.read(files.get(index));
    }

    @Override
    public void load(int index, Picture picture) throws IOException {
        picture.read(files.get(index));
    }

    @Override
    public String name(int index) {
        return files.get(index).toString();
    }
}
