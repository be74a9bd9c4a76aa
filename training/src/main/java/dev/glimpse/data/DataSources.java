package dev.glimpse.data;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;

/**
 * Finds out what somebody means by a data set.
 *
 * <pre>
 * DIR                           train/ and test/ (val/, valid/) with a folder of images a class
 *                               the binary files of CIFAR-10, CIFAR-100 or STL-10, MNIST's IDX files
 *                               train.csv and test.csv (val.csv, valid.csv)
 *                               train*.tar and test*.tar (val*.tar, valid*.tar)
 * table.csv                     with a column split
 * train=WHAT,test=WHAT          each a folder of a folder a class, a table, or archives: a-{000..146}.tar, a-*.tar
 * </pre>
 */
public final class DataSources {
    private static final List<String> TESTS = List.of("test", "val", "valid");
    private static final Pattern PAIR = Pattern.compile("train=(.+),(?:test|val|valid)=(.+)");
    private static final Pattern RANGE = Pattern.compile("\\{(\\d{1,9})\\.\\.(\\d{1,9})}");
    private static final int MOST_SHARDS = 100_000;
    private static final String KNOWN = "train and test (or val) with a folder of images a class, CIFAR's, STL-10's or "
            + "MNIST's files, train.csv and test.csv, train*.tar and test*.tar";

    /** What to train with, and what to test with; both of the same classes. */
    public record Splits(Dataset train, Dataset test) {
        public Splits {
            if (!train.classes().equals(test.classes()) || train.multiLabel() != test.multiLabel()) {
                throw new IllegalArgumentException("the test images are of other classes, or labelled in another way: "
                        + train.classes() + " and " + test.classes());
            }
        }

        /** The classes' names by label. */
        public List<String> classes() {
            return train.classes();
        }
    }

    private DataSources() {}

    /**
     * Opens both halves of a data set.
     *
     * @throws IllegalArgumentException of one line where it is none
     */
    public static Splits open(String data) throws IOException {
        Matcher pair = PAIR.matcher(data);
        if (pair.matches()) {
            Dataset train = part(pair.group(1), null);
            return new Splits(train, part(pair.group(2), train.classes()));
        }
        Path path = path(data);
        if (Files.isDirectory(path)) {
            return folder(path);
        }
        if (extension(path, ".csv")) {
            List<CsvImages> splits = CsvImages.openSplits(path, null);
            if (splits != null) {
                return new Splits(splits.get(0), splits.get(1));
            }
            throw new IllegalArgumentException(
                    path + ": no column split in it; give train=" + path + ",test=OTHER.csv");
        }
        if (extension(path, ".tar")) {
            throw new IllegalArgumentException(
                    data + ": archives of one split; give train=" + data + ",test=OTHER.tar");
        }
        throw new IllegalArgumentException(data + (Files.exists(path) ? ": a file" : ": no such folder") + "; expected "
                + KNOWN);
    }

    /**
     * Opens images to test a network with: those of a data set's test split, or all of a folder of a folder a class, a
     * table or archives.
     *
     * @param classes what the network knows
     */
    public static Dataset openTest(String data, List<String> classes) throws IOException {
        if (PAIR.matcher(data).matches()) {
            return checked(open(data).test(), classes, data);
        }
        Path path = path(data);
        if (!Files.isDirectory(path)) {
            if (extension(path, ".csv")) {
                List<CsvImages> splits = CsvImages.openSplits(path, classes);
                return splits != null ? splits.get(1) : CsvImages.open(path, classes);
            }
            return checked(part(data, classes), classes, data);
        }
        for (String name : TESTS) {
            if (Files.isDirectory(path.resolve(name))) {
                return ImageFolder.open(path.resolve(name), classes);
            }
        }
        Dataset known = known(path, false, classes);
        return checked(known != null ? known : ImageFolder.open(path, classes), classes, data);
    }

    /** The same data set, named such that it is found from any folder. */
    public static String absolute(String data) {
        Matcher pair = PAIR.matcher(data);
        return pair.matches()
                ? "train=" + path(pair.group(1)).toAbsolutePath().normalize() + ",test="
                        + path(pair.group(2)).toAbsolutePath().normalize()
                : path(data).toAbsolutePath().normalize().toString();
    }

    private static Dataset checked(Dataset data, List<String> classes, String what) {
        if (!data.classes().equals(classes)) {
            throw new IllegalArgumentException(what + ": its classes are " + String.join(", ", data.classes())
                    + "; expected " + String.join(", ", classes));
        }
        return data;
    }

    private static Splits folder(Path folder) throws IOException {
        if (Files.isDirectory(folder.resolve("train"))) {
            ImageFolder.Splits splits = ImageFolder.splits(folder);
            ImageFolder train = ImageFolder.open(splits.train());
            return new Splits(train, ImageFolder.open(splits.test(), train.classes()));
        }
        Dataset train = known(folder, true, null);
        if (train == null) {
            throw new IllegalArgumentException(folder + ": expected in it " + KNOWN);
        }
        Dataset test = known(folder, false, train.classes());
        if (test == null) {
            throw new IllegalArgumentException(folder + ": training images alone; expected test (or val) ones too");
        }
        return new Splits(train, test);
    }

    /** One half of what files in a folder make a data set; null where none do. */
    private static Dataset known(Path folder, boolean train, List<String> classes) throws IOException {
        if (Cifar.recognises(folder)) {
            return Cifar.open(folder, train);
        }
        if (Stl10.recognises(folder)) {
            return Stl10.open(folder, train ? "train" : "test");
        }
        if (Idx.recognises(folder)) {
            return Idx.openSplit(folder, train, classes);
        }
        for (String name : train ? List.of("train") : TESTS) {
            if (Files.isRegularFile(folder.resolve(name + ".csv"))) {
                return CsvImages.open(folder.resolve(name + ".csv"), classes);
            }
            List<Path> shards = glob(folder, name + "*.tar");
            if (!shards.isEmpty()) {
                return TarShards.open(shards, classes);
            }
        }
        return null;
    }

    /** All of a folder of a folder a class, a table, or archives. */
    private static Dataset part(String what, List<String> classes) throws IOException {
        if (what.toLowerCase(Locale.ROOT).endsWith(".tar")) {
            return TarShards.open(shards(what), classes);
        }
        Path path = path(what);
        return extension(path, ".csv") ? CsvImages.open(path, classes) : ImageFolder.open(path, classes);
    }

    /** The files that a name with ranges such as {000..146} or with * stands for. */
    static List<Path> shards(String pattern) throws IOException {
        List<String> names = new ArrayList<>(List.of(pattern));
        for (Matcher range = RANGE.matcher(pattern); range.find(); range = RANGE.matcher(names.getFirst())) {
            List<String> expanded = new ArrayList<>();
            int from = Integer.parseInt(range.group(1));
            int to = Integer.parseInt(range.group(2));
            if (from > to || (to - from + 1L) * names.size() > MOST_SHARDS) {
                throw new IllegalArgumentException(pattern + ": the range " + range.group() + " goes backwards, or has "
                        + "more than " + MOST_SHARDS + " archives");
            }
            String digits = "%0" + range.group(1).length() + "d";
            for (String name : names) {
                for (int i = from; i <= to; i++) {
                    expanded.add(RANGE.matcher(name).replaceFirst(String.format(Locale.ROOT, digits, i)));
                }
            }
            names = expanded;
        }
        if (!pattern.matches(".*[*?\\[].*")) {
            return names.stream().map(DataSources::path).toList();
        }
        List<Path> found = new ArrayList<>();
        for (String name : names) {
            int slash = name.lastIndexOf('/');
            found.addAll(
                    glob(slash < 0 ? Path.of(".") : path(name.substring(0, slash + 1)), name.substring(slash + 1)));
        }
        if (found.isEmpty()) {
            throw new IllegalArgumentException(pattern + ": no such archives");
        }
        return found;
    }

    private static List<Path> glob(Path folder, String name) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException(folder + ": no such folder");
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, name)) {
            List<Path> found = new ArrayList<>();
            files.forEach(found::add);
            return Stream.of(found.toArray(Path[]::new)).filter(Files::isRegularFile).sorted().toList();
        } catch (PatternSyntaxException _) {
            throw new IllegalArgumentException(name + ": not a pattern of files' names");
        }
    }

    private static boolean extension(Path file, String extension) {
        return file.toString().toLowerCase(Locale.ROOT).endsWith(extension);
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException _) {
            throw new IllegalArgumentException(text.replaceAll("\\p{Cntrl}", "?") + ": not a file's name");
        }
    }
}
