package dev.glimpse.data;

import dev.glimpse.io.Utf8;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.commons.csv.CSVException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/**
 * A table of images (RFC 4180, in UTF-8): a file's path, from the table's folder on, and what it shows.
 *
 * <pre>
 * file,label            file,labels           file,cat,dog,tree
 * a.jpg,cat             a.jpg,cat;tree        a.jpg,1,0,1
 * b.jpg,dog             b.jpg,                b.jpg,0,0,0
 * </pre>
 *
 * One label an image on the left; any number of them in the middle, as soon as one cell has a semicolon or is empty, and
 * on the right, a column of 0 and 1 for each class. The first row may be missing, unless it names classes. Where it has
 * a column {@code split}, that says for each image whether it is for {@code train} or for {@code test} ({@code val},
 * {@code valid}).
 */
public final class CsvImages implements Dataset {
    private static final int MOST_COLUMNS = 10_000;
    private static final int MOST_ROWS = 50_000_000;

    private final Path table;
    private final List<String> files;
    private final Labelling labelling;

    /** What is in a table, before it is known which classes there are. */
    private static final class Rows {
        private final List<String> files = new ArrayList<>();
        private final List<List<String>> names = new ArrayList<>();
        private final List<String> splits = new ArrayList<>();
        private boolean several;
        private List<String> columns;
        private int splitColumn = -1;
    }

    private CsvImages(Path table, List<String> files, Labelling labelling) {
        this.table = table;
        this.files = files;
        this.labelling = labelling;
    }

    /**
     * Opens all of a table.
     *
     * @param classes the classes by label; null to take those that occur
     * @throws IllegalArgumentException of one line where the table is not as it should be
     */
    public static CsvImages open(Path table, List<String> classes) throws IOException {
        Rows rows = read(table);
        return new CsvImages(table, rows.files, label(rows, classes, table));
    }

    /** The training and the test images of a table with a column {@code split}; null where it has none. */
    static List<CsvImages> openSplits(Path table, List<String> classes) throws IOException {
        Rows rows = read(table);
        if (rows.splitColumn < 0) {
            return null;
        }
        Labelling all = label(rows, classes, table);
        List<CsvImages> splits = new ArrayList<>();
        for (boolean train : new boolean[]{true, false}) {
            List<Integer> indices = new ArrayList<>();
            for (int i = 0; i < rows.files.size(); i++) {
                if (rows.splits.get(i).equals("train") == train) {
                    indices.add(i);
                }
            }
            if (indices.isEmpty()) {
                throw new IllegalArgumentException(table + ": no images of the split " + (train ? "train" : "test"));
            }
            splits.add(new CsvImages(table, indices.stream().map(rows.files::get).toList(), all.only(indices)));
        }
        return splits;
    }

    private static Labelling label(Rows rows, List<String> classes, Path table) {
        if (classes != null && rows.columns != null && !rows.columns.equals(classes)) {
            throw new IllegalArgumentException(table + ": its classes are " + String.join(", ", rows.columns)
                    + "; expected " + String.join(", ", classes));
        }
        return Labelling.of(rows.names, rows.several, classes != null ? classes : rows.columns, table.toString());
    }

    private static Rows read(Path table) throws IOException {
        if (!Files.isRegularFile(table)) {
            throw new IllegalArgumentException(table + ": no such file");
        }
        Rows rows = new Rows();
        CSVFormat format = CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true).setTrim(true).get();
        long line = 1;
        try (BufferedReader in = Files.newBufferedReader(table);
                CSVParser parser = CSVParser.parse(Utf8.unmarked(in), format)) {
            for (CSVRecord record : parser) {
                line = parser.getCurrentLineNumber();
                add(record, rows, table + ", line " + line);
            }
        } catch (CharacterCodingException _) {
            throw notText(table, line);
        } catch (CSVException | UncheckedIOException | IllegalStateException e) {
            if (e.getCause() instanceof CharacterCodingException) {
                throw notText(table, line);
            }
            throw new IllegalArgumentException(table + ", after line " + line + ": not a table of comma-separated "
                    + "values; a quotation mark may be missing");
        } catch (OutOfMemoryError _) {
            throw new IOException(table + ": too large for the Java heap");
        }
        if (rows.files.isEmpty()) {
            throw new IllegalArgumentException(table + ": no images in it");
        }
        return rows;
    }

    private static IllegalArgumentException notText(Path table, long line) {
        return new IllegalArgumentException(table + ", after line " + line + ": not text in UTF-8");
    }

    private static void add(CSVRecord record, Rows rows, String where) {
        List<String> cells = new ArrayList<>(Arrays.asList(record.values()));
        if (cells.size() > MOST_COLUMNS || rows.files.size() >= MOST_ROWS) {
            throw new IllegalArgumentException(
                    where + ": more than " + MOST_COLUMNS + " columns or " + MOST_ROWS + " rows");
        }
        if (record.getRecordNumber() == 1 && header(cells, rows, where)) {
            return;
        }
        if (rows.splitColumn >= cells.size()) {
            throw new IllegalArgumentException(where + ": no cell for the split");
        }
        if (rows.splitColumn >= 0) {
            String split = cells.remove(rows.splitColumn).toLowerCase(Locale.ROOT);
            if (!List.of("train", "test", "val", "valid").contains(split)) {
                throw new IllegalArgumentException(where + ": the split '" + split + "'; expected train or test");
            }
            rows.splits.add(split);
        }
        int expected = rows.columns == null ? 2 : rows.columns.size() + 1;
        if (cells.size() != expected) {
            throw new IllegalArgumentException(where + ": " + cells.size() + " cells beside the split; expected "
                    + expected);
        }
        if (cells.getFirst().isEmpty() || cells.getFirst().indexOf('\0') >= 0) {
            throw new IllegalArgumentException(where + ": no file's name");
        }
        rows.files.add(cells.getFirst());
        rows.names.add(rows.columns == null ? list(cells.get(1), rows) : ticked(cells, rows.columns, where));
    }

    /** Whether the first row is a header: then its first cell is not an image's name. */
    private static boolean header(List<String> cells, Rows rows, String where) {
        boolean header;
        try {
            Path file = Path.of(cells.getFirst());
            header = file.getFileName() == null || !ImageReader.recognises(file);
        } catch (InvalidPathException _) {
            header = true;
        }
        List<String> names = new ArrayList<>(cells);
        if (header) {
            rows.splitColumn = names.stream().map(name -> name.toLowerCase(Locale.ROOT)).toList().indexOf("split");
            if (rows.splitColumn >= 0) {
                names.remove(rows.splitColumn);
            }
        }
        if (rows.splitColumn == 0 || names.size() < 2) {
            throw new IllegalArgumentException(
                    where + ": expected a file's path and then a label, or a column a class");
        }
        if (names.size() > 2) {
            if (!header) {
                throw new IllegalArgumentException(
                        where + ": " + names.size() + " cells and no row above that names the "
                                + "classes; expected file,class,class,...");
            }
            List<String> classes = names.subList(1, names.size());
            if (classes.stream().distinct().count() < classes.size() || classes.contains("")) {
                throw new IllegalArgumentException(where + ": a class without a name, or one twice");
            }
            rows.columns = List.copyOf(classes);
            rows.several = true;
        }
        return header;
    }

    private static List<String> list(String cell, Rows rows) {
        if (cell.isEmpty() || cell.indexOf(';') >= 0) {
            rows.several = true;
        }
        return Arrays.stream(cell.split(";")).map(String::strip).filter(name -> !name.isEmpty()).toList();
    }

    private static List<String> ticked(List<String> cells, List<String> columns, String where) {
        List<String> ticked = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            switch (cells.get(i + 1)) {
                case "1", "1.0" -> ticked.add(columns.get(i));
                case "0", "0.0" -> {
                }
                default -> throw new IllegalArgumentException(where + ": '" + cells.get(i + 1) + "' for the class "
                        + columns.get(i) + "; expected 0 or 1");
            }
        }
        return ticked;
    }

    private Path file(int index) throws IOException {
        try {
            return table.resolveSibling(files.get(index));
        } catch (InvalidPathException _) {
            throw new IOException(name(index) + ": not a file's name");
        }
    }

    @Override
    public int size() {
        return files.size();
    }

    @Override
    public List<String> classes() {
        return labelling.classes();
    }

    @Override
    public boolean multiLabel() {
        return labelling.several();
    }

    @Override
    public int label(int index) {
        return labelling.label(index);
    }

    @Override
    public Target target(int index) {
        return labelling.target(index);
    }

    @Override
    public Image image(int index) throws IOException {
        return ImageReader.read(file(index));
    }

    @Override
    public void load(int index, Picture picture) throws IOException {
        picture.read(file(index));
    }

    @Override
    public String name(int index) {
        return files.get(index).replaceAll("\\p{Cntrl}", "?");
    }
}
