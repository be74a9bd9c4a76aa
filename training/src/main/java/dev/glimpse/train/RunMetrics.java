package dev.glimpse.train;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a run measured after each epoch, read from its {@code metrics.csv}.
 *
 * @param names of the columns, {@code epoch} first
 * @param rows an epoch each, the first one's first
 */
public record RunMetrics(List<String> names, List<double[]> rows) {
    public RunMetrics {
        names = List.copyOf(names);
        rows = List.copyOf(rows);
    }

    /** @throws IOException in one line, for a file that does not hold metrics */
    static RunMetrics read(Path file) throws IOException {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (MalformedInputException e) {
            throw new IOException(file + ": no metrics of a run, but bytes that are no text", e);
        }
        List<String> names = lines.isEmpty() ? List.of() : List.of(lines.getFirst().split(",", -1));
        if (names.isEmpty() || !names.getFirst().equals("epoch")) {
            throw new IOException(file + ": no metrics of a run: its first line does not begin with 'epoch'");
        }
        List<double[]> rows = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            int number = rows.size() + 2;
            double[] row = numbers(file + ": line " + number, line);
            if (row.length != names.size()) {
                throw new IOException(file + ": line " + number + " has " + row.length + " numbers for " + names.size()
                        + " columns");
            }
            if (row[0] != rows.size() + 1) {
                throw new IOException(file + ": line " + number + " is of epoch " + line.split(",")[0] + ", expected "
                        + (rows.size() + 1));
            }
            rows.add(row);
        }
        return new RunMetrics(names, rows);
    }

    private static double[] numbers(String place, String line) throws IOException {
        String[] words = line.split(",", -1);
        double[] row = new double[words.length];
        for (int i = 0; i < words.length; i++) {
            try {
                row[i] = Double.parseDouble(words[i]);
            } catch (NumberFormatException e) {
                throw new IOException(place + ": '" + words[i] + "' is no number", e);
            }
        }
        return row;
    }

    /** How many epochs are done. */
    public int epochs() {
        return rows.size();
    }

    /** A column's values, none where there is no such column. */
    public double[] column(String name) {
        int index = names.indexOf(name);
        return index < 0 ? new double[0] : rows.stream().mapToDouble(row -> row[index]).toArray();
    }

    /** What was measured on training and test images alike: {@code loss}, {@code accuracy}, ... */
    public List<String> measures() {
        return names.stream().filter(name -> name.startsWith("test_")).map(name -> name.substring("test_".length()))
                .toList();
    }

    /** The epoch whose test had the highest value, from 1; of several the first, and 0 where there is none. */
    public int bestEpoch(String measure) {
        double[] values = column("test_" + measure);
        int best = -1;
        for (int i = 0; i < values.length; i++) {
            if (!Double.isNaN(values[i]) && (best < 0 || values[i] > values[best])) {
                best = i;
            }
        }
        return best + 1;
    }

    /** The highest value of the test; NaN where there is none. */
    public double best(String measure) {
        int epoch = bestEpoch(measure);
        return epoch == 0 ? Double.NaN : column("test_" + measure)[epoch - 1];
    }

    /** A column's value after the last epoch; NaN where there is none. */
    public double last(String name) {
        double[] values = column(name);
        return values.length == 0 ? Double.NaN : values[values.length - 1];
    }

    /** The middle of a column's values: what is typical where an epoch was disturbed. */
    public double median(String name) {
        double[] sorted = Arrays.stream(column(name)).filter(value -> !Double.isNaN(value)).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length == 0 ? Double.NaN
                : sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
